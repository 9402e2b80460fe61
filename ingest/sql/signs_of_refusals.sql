-- What the refusals of some hours show: by address, or by authenticator (ingest.rules.signs).
WITH refusal AS MATERIALIZED (
    SELECT
        date_bin('1 hour', logged_at, 'epoch') AS hour, reason, stage, sender_host_address AS address, authenticator,
        count(*) AS number, count(DISTINCT lower(recipient)) AS recipients, min(logged_at) AS first_at,
        max(logged_at) AS last_at,
        count(*) FILTER (WHERE envelope_sender = '') AS bounces,
        count(*) FILTER (WHERE text ILIKE '%%when not advertised%%') AS not_advertised
    FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_hour, end_hour)
    JOIN ingest_rejection ON logged_at >= span.first_hour AND logged_at < span.end_hour
    WHERE log_host_id = %(log_host_id)s AND reason = ANY(%(reasons)s)
    GROUP BY 1, 2, 3, 4, 5
), sign AS (
    SELECT
        hour, sign.name, sign.value, sum(sign.number) AS number, min(first_at) AS first_at, max(last_at) AS last_at,
        sign.least
    FROM refusal
    CROSS JOIN LATERAL (VALUES
        ('failed logins', authenticator, number, 1, stage = 'auth' AND authenticator IS NOT NULL),
        ('unknown recipients', host(address), recipients, %(guessed_recipients)s, reason = %(unknown)s),
        ('senders refused', host(address), number, %(refusals)s, reason = %(sender)s),
        ('listed', host(address), number, %(refusals)s, reason = %(listed)s),
        ('protocol errors', host(address), number, %(refusals)s, reason = %(protocol)s),
        ('login not advertised', host(address), not_advertised, 1, not_advertised > 0),
        ('bounces refused', '', bounces, %(bounces_received)s, bounces > 0 AND reason = %(unknown)s)
    ) AS sign (name, value, number, least, holds)
    WHERE sign.holds AND sign.value IS NOT NULL
    GROUP BY hour, sign.name, sign.value, sign.least
)
SELECT
    hour, sign.name, sign.value, number, 0, NULL::text[], sign.first_at, sign.last_at, NULL::text, NULL::bigint
FROM sign WHERE number >= least
