-- The addresses and the accounts of the logins in some spans of time that at least so many failed logins came before;
-- and the accounts of the failed logins in other spans that a login may have followed.
WITH login AS (
    SELECT DISTINCT message.sender_host_address AS address, message.authenticated_id AS account
    FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_at, last_at)
    JOIN ingest_message AS message ON message.first_at BETWEEN span.first_at AND span.last_at
    WHERE
        message.log_host_id = %(log_host_id)s AND message.authenticated_id <> ''
        AND message.sender_host_address IS NOT NULL
),
tried AS (
    SELECT DISTINCT refusal.account
    FROM unnest(%(refused_first_at)s::timestamptz[], %(refused_last_at)s::timestamptz[]) AS span (first_at, last_at)
    JOIN ingest_rejection AS refusal ON refusal.logged_at BETWEEN span.first_at AND span.last_at
    WHERE refusal.log_host_id = %(log_host_id)s AND refusal.stage = 'auth' AND refusal.account <> ''
),
account AS (
    SELECT account FROM login
    UNION
    SELECT account FROM tried
    WHERE EXISTS (
        SELECT FROM ingest_message
        WHERE authenticated_id = tried.account AND log_host_id + 0 = %(log_host_id)s AND first_at <= %(until)s
    )
)
SELECT 'sender_host_address', host(address) FROM (SELECT DISTINCT address FROM login) AS of_address
WHERE (
    SELECT count(*) >= %(least)s FROM (
        SELECT FROM ingest_rejection
        WHERE
            sender_host_address = of_address.address AND log_host_id + 0 = %(log_host_id)s AND stage = 'auth'
            AND logged_at BETWEEN %(since)s AND %(until)s
        LIMIT %(least)s
    ) AS failure
)
UNION ALL
SELECT 'authenticated_id', account FROM account
WHERE (
    SELECT count(*) >= %(least)s FROM (
        SELECT FROM ingest_rejection
        WHERE
            ingest_rejection.account = account.account AND log_host_id + 0 = %(log_host_id)s AND stage = 'auth'
            AND logged_at BETWEEN %(since)s AND %(until)s
        LIMIT %(least)s
    ) AS failure
)
