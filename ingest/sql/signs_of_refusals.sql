-- What the refusals of some hours show: by address, or by authenticator (ingest.rules.signs). Counted first, since
-- different recipients are only looked for where enough were refused.
WITH refusal AS MATERIALIZED (
    SELECT
        date_bin('1 hour', logged_at, 'epoch') AS hour, reason, sender_host_address AS address, authenticator,
        count(*) AS number, min(logged_at) AS first_at, max(logged_at) AS last_at
    FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_hour, end_hour)
    JOIN ingest_rejection ON logged_at >= span.first_hour AND logged_at < span.end_hour
    WHERE log_host_id = %(log_host_id)s AND reason = ANY(%(reasons)s)
    GROUP BY 1, 2, 3, 4
), by_address AS (
    SELECT
        hour, reason, address, sum(number) AS number, min(first_at) AS first_at, max(last_at) AS last_at
    FROM refusal
    WHERE reason <> %(login)s AND address IS NOT NULL
    GROUP BY hour, reason, address
), guessed AS (
    SELECT
        counted.hour, counted.address, count(DISTINCT lower(recipient)) AS number, first_at, last_at,
        (array_agg(line_ref ORDER BY logged_at, digest, copy))[1] AS line_ref
    FROM by_address AS counted
    JOIN ingest_rejection AS one
        ON one.sender_host_address = counted.address AND one.logged_at BETWEEN counted.first_at AND counted.last_at
    WHERE
        counted.reason = %(unknown)s AND counted.number >= %(guessed_recipients)s
        AND one.log_host_id = %(log_host_id)s AND one.reason = %(unknown)s
    GROUP BY counted.hour, counted.address, first_at, last_at
), not_advertised AS (
    SELECT date_bin('1 hour', logged_at, 'epoch') AS hour, sender_host_address AS address, logged_at, digest,
        copy, line_ref
    FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_hour, end_hour)
    JOIN ingest_rejection ON logged_at >= span.first_hour AND logged_at < span.end_hour
    WHERE log_host_id = %(log_host_id)s AND reason = %(protocol)s AND text ILIKE '%%AUTH command used when not advertised%%'
), bounce AS (
    SELECT date_bin('1 hour', logged_at, 'epoch') AS hour, logged_at, digest, copy, line_ref
    FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_hour, end_hour)
    JOIN ingest_rejection ON logged_at >= span.first_hour AND logged_at < span.end_hour
    WHERE log_host_id = %(log_host_id)s AND reason = %(unknown)s AND envelope_sender = ''
)
SELECT
    hour, 'failed logins', authenticator, sum(number), 0, NULL::text[], min(first_at), max(last_at), NULL::text,
    NULL::bigint
FROM refusal WHERE reason = %(login)s AND authenticator IS NOT NULL GROUP BY hour, authenticator
UNION ALL
SELECT hour, 'unknown recipients', host(address), number, 0, NULL, first_at, last_at, NULL, line_ref
FROM guessed WHERE number >= %(guessed_recipients)s
UNION ALL
SELECT
    hour,
    CASE reason
        WHEN %(sender)s THEN 'senders refused' WHEN %(listed)s THEN 'listed' ELSE 'protocol errors'
    END,
    host(address), number, 0, NULL, first_at, last_at, NULL,
    (
        SELECT line_ref FROM ingest_rejection AS one
        WHERE
            one.sender_host_address = counted.address AND one.logged_at = counted.first_at
            AND one.log_host_id = %(log_host_id)s AND one.reason = counted.reason
        ORDER BY digest, copy LIMIT 1
    )
FROM by_address AS counted WHERE reason IN (%(sender)s, %(listed)s, %(protocol)s) AND number >= %(refusals)s
UNION ALL
SELECT
    hour, 'login not advertised', '', count(*), 0, (array_agg(DISTINCT host(address)))[:%(kept)s],
    min(logged_at), max(logged_at), NULL, (array_agg(line_ref ORDER BY logged_at, digest, copy))[1]
FROM not_advertised GROUP BY hour
UNION ALL
SELECT
    hour, 'bounces refused', '', count(*), 0, NULL, min(logged_at), max(logged_at), NULL,
    (array_agg(line_ref ORDER BY logged_at, digest, copy))[1]
FROM bounce GROUP BY hour HAVING count(*) >= %(bounces_received)s
