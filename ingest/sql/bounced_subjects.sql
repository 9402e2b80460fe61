-- The subjects with at least so many recipients, in some spans of time, that bounced or were refused after a login.
WITH bounced AS (
    SELECT message.sender_host_address, message.authenticated_id, message.local_user, message.bounced
    FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_at, last_at)
    JOIN ingest_message AS message ON message.received_at BETWEEN span.first_at AND span.last_at
    WHERE message.log_host_id = %(log_host_id)s AND message.bounced > 0
    UNION ALL
    SELECT refusal.sender_host_address, refusal.account, NULL, 1
    FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_at, last_at)
    JOIN ingest_rejection AS refusal ON refusal.logged_at BETWEEN span.first_at AND span.last_at
    WHERE refusal.log_host_id = %(log_host_id)s AND refusal.stage <> 'auth' AND refusal.account <> ''
)
SELECT 'sender_host_address', host(sender_host_address) FROM bounced
WHERE sender_host_address IS NOT NULL GROUP BY sender_host_address HAVING sum(bounced) >= %(least)s
UNION ALL
SELECT 'authenticated_id', authenticated_id FROM bounced
WHERE authenticated_id <> '' GROUP BY authenticated_id HAVING sum(bounced) >= %(least)s
UNION ALL
SELECT 'local_user', local_user FROM bounced
WHERE local_user <> '' AND sender_host_address IS NULL GROUP BY local_user HAVING sum(bounced) >= %(least)s
