-- The addresses of the refusals in some spans of time, and the accounts of those that came after a login: the time of
-- the first, and whether one of each kind of refusal is among them (ingest.rules.definition.Refusals).
SELECT
    'sender_host_address', host(refusal.sender_host_address), min(refusal.logged_at),
    bool_or(refusal.stage = 'auth'),
    bool_or(refusal.stage = 'rcpt' AND refusal.reason = %(relaying)s),
    bool_or(refusal.stage <> 'auth' AND (refusal.authenticator IS NOT NULL OR refusal.account <> ''))
FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_at, last_at)
JOIN ingest_rejection AS refusal ON refusal.logged_at BETWEEN span.first_at AND span.last_at
WHERE
    refusal.log_host_id = %(log_host_id)s AND refusal.reason <> %(discarded)s
    AND refusal.sender_host_address IS NOT NULL
GROUP BY refusal.sender_host_address
UNION ALL
SELECT
    'authenticated_id', refusal.account, min(refusal.logged_at),
    false, bool_or(refusal.stage = 'rcpt' AND refusal.reason = %(relaying)s), true
FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_at, last_at)
JOIN ingest_rejection AS refusal ON refusal.logged_at BETWEEN span.first_at AND span.last_at
WHERE
    refusal.log_host_id = %(log_host_id)s AND refusal.reason <> %(discarded)s
    AND refusal.stage <> 'auth' AND refusal.account <> ''
GROUP BY refusal.account
