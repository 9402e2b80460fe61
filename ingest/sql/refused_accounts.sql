-- The first refusal of each of some accounts in some spans of time, failed logins included.
SELECT refusal.account, min(refusal.logged_at)
FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_at, last_at)
JOIN ingest_rejection AS refusal ON refusal.logged_at BETWEEN span.first_at AND span.last_at
WHERE
    refusal.log_host_id = %(log_host_id)s AND refusal.reason <> %(discarded)s
    AND refusal.account = ANY(%(accounts)s)
GROUP BY refusal.account
