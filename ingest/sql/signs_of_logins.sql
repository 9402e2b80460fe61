-- What the logins of some hours show: by hour and authenticator (ingest.rules.signs). An id looks like a password if it
-- has no @, is not the sender's name, and mixes letters and digits or holds other signs than names do.
WITH login AS (
    SELECT
        date_bin('1 hour', received_at, 'epoch') AS hour, authenticator, sender_host_address AS address,
        authenticated_id AS id, count(*) AS logins, min(received_at) AS first_at, max(received_at) AS last_at,
        min(message_id) AS message_id,
        count(*) FILTER (WHERE protocol IN ('esmtpa', 'asmtp')) AS cleartext,
        bool_or(split_part(lower(envelope_sender), '@', 1) = lower(authenticated_id)) AS is_name
    FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_hour, end_hour)
    JOIN ingest_message AS message
        ON message.first_at >= span.first_hour - interval '1 hour' AND message.first_at < span.end_hour
    WHERE
        log_host_id = %(log_host_id)s AND received_at >= span.first_hour AND received_at < span.end_hour
        AND authenticator IS NOT NULL
    GROUP BY 1, 2, 3, 4
), judged AS (
    SELECT
        *,
        address IS NOT NULL AND NOT address <<= ANY(%(private)s::inet[]) AS is_foreign,
        id <> '' AND id NOT LIKE '%%@%%' AND NOT coalesce(is_name, false) AND id !~ '^[^\\]+\\[A-Za-z0-9._-]+$'
        AND (id ~ '[^A-Za-z0-9._+-]' OR (id ~ '[0-9]' AND id ~ '[a-z]' AND id ~ '[A-Z]')) AS is_odd
    FROM login
)
SELECT
    hour, sign.name, authenticator, sum(sign.number), 0,
    CASE sign.name
        WHEN 'odd ids' THEN (array_agg(DISTINCT hashtext(id)::text))[:%(kept)s]
        ELSE (array_agg(DISTINCT host(address)) FILTER (WHERE is_foreign))[:%(kept)s]
    END,
    min(first_at), max(last_at), min(message_id), NULL::bigint
FROM judged
CROSS JOIN LATERAL (VALUES
    ('logins', logins, true),
    ('unrecorded logins', logins, id IS NULL),
    ('cleartext logins', cleartext, is_foreign AND cleartext > 0),
    ('odd ids', logins, is_odd)
) AS sign (name, number, holds)
WHERE sign.holds
GROUP BY hour, sign.name, authenticator
