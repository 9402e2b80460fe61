-- The accounts with a message, in some spans of time, whose sender is of another domain, neither local nor above or below
-- the account's, and with at least so many and such a share of them ever. Accounts without a domain only where the
-- local domains were given.
WITH login AS NOT MATERIALIZED (
    SELECT
        message.first_at, message.authenticated_id AS account, lower(split_part(message.envelope_sender, '@', -1)) AS domain,
        CASE WHEN message.authenticated_id LIKE '%%@%%' THEN lower(split_part(message.authenticated_id, '@', -1)) END AS own
    FROM ingest_message AS message
    WHERE
        message.log_host_id = %(log_host_id)s AND message.authenticated_id <> '' AND message.envelope_sender LIKE '%%@%%'
),
compared AS NOT MATERIALIZED (
    SELECT
        first_at, account,
        domain <> ALL(%(local_domains)s)
        AND CASE
            WHEN own IS NULL THEN %(are_given)s
            ELSE right('.' || domain, length(own) + 1) <> '.' || own AND right('.' || own, length(domain) + 1) <> '.' || domain
        END AS is_anothers
    FROM login
),
touched AS (
    SELECT DISTINCT account
    FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_at, last_at)
    JOIN compared ON compared.first_at BETWEEN span.first_at AND span.last_at
    WHERE is_anothers
)
SELECT touched.account
FROM touched
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE is_anothers) AS anothers, count(*) AS every
    FROM compared WHERE compared.account = touched.account
    OFFSET 0
) AS of_account
WHERE anothers >= %(least)s AND anothers >= %(share)s * every
