-- The addresses and accounts with at least so many messages, in some spans of time, by one address and port.
WITH connection AS (
    SELECT message.sender_host_address AS address, message.sender_host_port AS port
    FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_at, last_at)
    JOIN ingest_message AS message ON message.first_at BETWEEN span.first_at AND span.last_at
    WHERE
        message.log_host_id = %(log_host_id)s AND message.authenticator IS NOT NULL
        AND message.sender_host_port IS NOT NULL
    GROUP BY address, port HAVING count(*) >= %(least)s
)
SELECT DISTINCT host(connection.address), message.authenticated_id
FROM connection
JOIN ingest_message AS message
    ON message.sender_host_address = connection.address AND message.sender_host_port = connection.port
JOIN unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_at, last_at)
    ON message.first_at BETWEEN span.first_at AND span.last_at
WHERE message.log_host_id = %(log_host_id)s AND message.authenticator IS NOT NULL
