-- The addresses and the accounts with at least so many failed logins, in some spans of time, within two parts of {seconds}
-- seconds in a row.
WITH failure AS (
    SELECT
        refusal.sender_host_address AS address, refusal.account,
        extract(epoch FROM refusal.logged_at)::bigint / {seconds} AS part, count(*) AS failures
    FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_at, last_at)
    JOIN ingest_rejection AS refusal ON refusal.logged_at BETWEEN span.first_at AND span.last_at
    WHERE refusal.log_host_id = %(log_host_id)s AND refusal.stage = 'auth'
    GROUP BY address, refusal.account, part
),
subject AS (
    SELECT 'sender_host_address' AS kind, host(address) AS value, part, sum(failures) AS failures
    FROM failure WHERE address IS NOT NULL GROUP BY address, part
    UNION ALL
    SELECT 'authenticated_id', account, part, sum(failures) FROM failure WHERE account <> '' GROUP BY account, part
),
in_a_row AS (
    SELECT
        kind, value, failures, part, lag(part) OVER subjects AS part_before, lag(failures) OVER subjects AS failures_before
    FROM subject
    WINDOW subjects AS (PARTITION BY kind, value ORDER BY part)
)
SELECT DISTINCT kind, value FROM in_a_row
WHERE failures + CASE WHEN part_before = part - 1 THEN failures_before ELSE 0 END >= %(least)s
