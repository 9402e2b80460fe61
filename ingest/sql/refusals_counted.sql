-- The refusals of some subjects, each from a time on, counted by HELO name in the order in which the names were first
-- seen; {column} says whose they are. Each by the index of the subject,
-- whatever is known of the tables: hence OFFSET and + 0. A login that was put off (435) has not failed.
SELECT
    subject.place, refusal.helo_name,
    count(*) FILTER (WHERE refusal.stage <> 'auth' OR ltrim(refusal.text, E' \t\r\n') LIKE '435%%'),
    count(*) FILTER (WHERE refusal.stage = 'auth' AND ltrim(refusal.text, E' \t\r\n') NOT LIKE '435%%'),
    min(refusal.logged_at), max(refusal.logged_at)
FROM unnest(%(values)s::{type}[], %(since)s::timestamptz[]) WITH ORDINALITY AS subject (value, since, place)
CROSS JOIN LATERAL (
    SELECT * FROM ingest_rejection
    WHERE
        {column} = subject.value AND logged_at > subject.since
        AND log_host_id + 0 = %(log_host_id)s AND reason <> %(discarded)s
    OFFSET 0
) AS refusal
GROUP BY subject.place, refusal.helo_name
ORDER BY subject.place, min(refusal.logged_at), refusal.helo_name
