-- Note which address logged in as which user, and return the addresses with at least so many users.
WITH added AS (
    INSERT INTO ingest_addresslogin (log_host_id, sender_host_address, authenticated_id)
    SELECT %(log_host_id)s, * FROM unnest(%(addresses)s::inet[], %(accounts)s::text[]) AS pair (address, account)
    ORDER BY address, account
    ON CONFLICT DO NOTHING
    RETURNING sender_host_address, authenticated_id
)
SELECT host(address) FROM (
    SELECT sender_host_address AS address FROM added
    UNION ALL
    SELECT sender_host_address FROM ingest_addresslogin
    WHERE log_host_id = %(log_host_id)s AND sender_host_address = ANY(%(addresses)s::inet[])
) AS login
GROUP BY address HAVING count(*) >= %(least)s
