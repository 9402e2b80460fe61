-- Which address logged in as which user, in some spans of time.
SELECT DISTINCT host(message.sender_host_address), message.authenticated_id
FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_at, last_at)
JOIN ingest_message AS message ON message.first_at BETWEEN span.first_at AND span.last_at
WHERE
    message.log_host_id = %(log_host_id)s AND message.authenticated_id <> ''
    AND message.sender_host_address IS NOT NULL
