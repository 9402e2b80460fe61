-- What the logins of some hours show: by hour and authenticator (ingest.rules.signs). An id looks like a password if it
-- has no @, is not the sender's name, and mixes letters and digits or holds other signs than names do.
WITH login AS MATERIALIZED (
    SELECT
        date_bin('1 hour', received_at, 'epoch') AS hour, authenticator, authenticated_id AS id,
        CASE WHEN NOT sender_host_address <<= ANY(%(private)s::inet[]) THEN sender_host_address END AS address,
        count(*) AS logins, min(received_at) AS first_at, max(received_at) AS last_at, min(message_id) AS message_id,
        count(*) FILTER (WHERE protocol IN ('esmtpa', 'asmtp')) AS cleartext,
        bool_or(
            authenticated_id NOT LIKE '%%@%%'
            AND split_part(lower(envelope_sender), '@', 1) = lower(authenticated_id)
        ) AS is_name
    FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_hour, end_hour)
    JOIN ingest_message AS message
        ON message.first_at >= span.first_hour - interval '1 hour' AND message.first_at < span.end_hour
    WHERE
        log_host_id = %(log_host_id)s AND received_at >= span.first_hour AND received_at < span.end_hour
        AND authenticator IS NOT NULL
    GROUP BY 1, 2, 3, 4
), told AS (
    SELECT
        hour, 'logins' AS sign, authenticator, sum(logins) AS number,
        (array_agg(DISTINCT address) FILTER (WHERE address IS NOT NULL))[:%(kept)s] AS addresses, NULL::text[] AS ids,
        min(first_at) AS first_at, max(last_at) AS last_at, min(message_id) AS message_id
    FROM login GROUP BY hour, authenticator
    UNION ALL
    SELECT
        hour, 'cleartext logins', authenticator, sum(cleartext), (array_agg(DISTINCT address))[:%(kept)s], NULL,
        min(first_at), max(last_at), min(message_id)
    FROM login WHERE cleartext > 0 AND address IS NOT NULL GROUP BY hour, authenticator
    UNION ALL
    SELECT
        hour, 'unrecorded logins', authenticator, sum(logins), NULL, NULL, min(first_at), max(last_at), min(message_id)
    FROM login WHERE id IS NULL GROUP BY hour, authenticator
    UNION ALL
    SELECT
        hour, 'odd ids', authenticator, sum(logins), NULL, (array_agg(DISTINCT hashtext(id)::text))[:%(kept)s],
        min(first_at), max(last_at), min(message_id)
    FROM login
    WHERE
        id <> '' AND id NOT LIKE '%%@%%' AND NOT coalesce(is_name, false) AND id !~ '^[^\\]+\\[A-Za-z0-9._-]+$'
        AND (id ~ '[^A-Za-z0-9._+-]' OR (id ~ '[0-9]' AND id ~ '[a-z]' AND id ~ '[A-Z]'))
    GROUP BY hour, authenticator
)
SELECT
    hour, sign, authenticator, number, 0,
    coalesce(ids, ARRAY(SELECT host(address) FROM unnest(addresses) AS address)), first_at, last_at, message_id,
    NULL::bigint
FROM told
