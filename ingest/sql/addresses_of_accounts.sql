-- The addresses that some accounts ever logged in from.
SELECT login.authenticated_id, array_agg(host(login.sender_host_address))
FROM ingest_addresslogin AS login
WHERE login.log_host_id = %(log_host_id)s AND login.authenticated_id = ANY(%(accounts)s)
GROUP BY login.authenticated_id
