-- The refusals of some subjects that rules read (ingest.rules.definition.Refusals), each from a time on, subject by
-- subject and in order; {column} says whose they are. Each by the index of the subject,
-- whatever is known of the tables: hence OFFSET and + 0.
SELECT
    subject.place, refusal.logged_at, refusal.stage, host(refusal.sender_host_address), refusal.helo_name,
    refusal.envelope_sender, refusal.recipient, refusal.authenticator, refusal.account, refusal.text, refusal.line_ref
FROM unnest(%(values)s::{type}[], %(since)s::timestamptz[]) WITH ORDINALITY AS subject (value, since, place)
CROSS JOIN LATERAL (
    SELECT * FROM ingest_rejection
    WHERE
        {column} = subject.value AND logged_at > subject.since
        AND log_host_id + 0 = %(log_host_id)s AND reason <> %(discarded)s
    OFFSET 0
) AS refusal
WHERE
    %(logins)s AND refusal.stage = 'auth'
    OR %(relaying)s AND refusal.stage = 'rcpt' AND refusal.reason = %(relay)s
    OR %(after_login)s AND refusal.stage <> 'auth'
    AND (refusal.authenticator IS NOT NULL OR refusal.account <> '')
ORDER BY subject.place, refusal.logged_at, refusal.digest, refusal.copy
