-- Of some ids those that were used in a time and not in the days before it, with what came in under them.
WITH asked AS (
    SELECT id FROM unnest(%(ids)s::text[]) AS id
    WHERE NOT coalesce((
        SELECT true FROM ingest_message
        WHERE
            authenticated_id = id AND log_host_id = %(log_host_id)s
            AND received_at >= %(before)s AND received_at < %(since)s
            AND message_id >= %(before_id)s AND message_id < %(since_id)s
        LIMIT 1
    ), false)
)
SELECT
    authenticated_id, count(*), min(received_at), max(received_at), min(message_id), array_agg(DISTINCT authenticator)
FROM ingest_message
WHERE
    authenticated_id IN (SELECT id FROM asked) AND log_host_id = %(log_host_id)s AND authenticator IS NOT NULL
    AND received_at >= %(since)s AND received_at <= %(last_at)s
    AND message_id >= %(first_id)s AND message_id < %(last_id)s
GROUP BY authenticated_id
ORDER BY authenticated_id
