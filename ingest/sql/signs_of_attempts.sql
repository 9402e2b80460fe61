-- Which providers put the messages of some hours off because too much came, and what was given up. A message that was
-- put off once took longer than a minute, or still waits.
WITH attempt AS (
    SELECT
        date_bin('1 hour', message.received_at, 'epoch') AS hour, delivery.*
    FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_hour, end_hour)
    JOIN ingest_message AS message
        ON message.first_at >= span.first_hour - interval '1 hour' AND message.first_at < span.end_hour
    JOIN ingest_delivery AS delivery ON delivery.message_id = message.message_id
    WHERE
        message.log_host_id = %(log_host_id)s AND received_at >= span.first_hour AND received_at < span.end_hour
        AND (message.deferred > 0 OR message.bounced > 0 OR message.last_at > message.received_at + interval '1 minute')
        AND delivery.log_host_id = %(log_host_id)s AND delivery.outcome <> 'delivered' AND delivery.is_attempt
), told AS (
    SELECT
        *,
        CASE
            WHEN outcome = 'bounced' AND text ILIKE 'retry timeout exceeded%%' THEN 'retry timeouts'
            WHEN outcome = 'deferred' AND text ~* %(throttled)s THEN 'throttled'
        END AS sign,
        lower(coalesce(
            substring(remote_host_name from '[^.]+\.[^.]+$'), substring(recipient from '@([^@]+)$'), recipient
        )) AS provider
    FROM attempt
)
SELECT
    hour, sign, provider, count(*), 0, NULL::text[], min(logged_at), max(logged_at), min(message_id),
    (array_agg(line_ref ORDER BY logged_at, digest, copy))[1]
FROM told WHERE sign IS NOT NULL
GROUP BY hour, sign, provider
