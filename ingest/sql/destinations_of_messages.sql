-- Where the recipients of some messages are: domain, recipients by outcome, and how many domains there are. A recipient
-- is told by its address before aliasing; it counts as delivered if it ever was, and else as bounced if it ever was.
-- And why recipients were deferred or bounced: the newest texts.
WITH line AS MATERIALIZED (
    SELECT
        delivery.message_id, coalesce(delivery.original_recipient, delivery.recipient) AS recipient, delivery.outcome,
        CASE WHEN delivery.is_attempt THEN delivery.text END AS text, delivery.logged_at
    FROM ingest_delivery AS delivery
    WHERE delivery.log_host_id = %s AND delivery.message_id = ANY(ARRAY({messages}))
),
recipient AS (
    SELECT
        lower(split_part(recipient, '@', -1)) AS domain,
        bool_or(outcome = 'delivered') AS is_delivered,
        bool_or(outcome = 'bounced') AS is_bounced
    FROM line
    GROUP BY message_id, recipient
),
domain AS (
    SELECT
        domain, count(*) AS recipients,
        count(*) FILTER (WHERE is_delivered) AS delivered,
        count(*) FILTER (WHERE NOT is_delivered AND NOT is_bounced) AS waiting,
        count(*) FILTER (WHERE is_bounced AND NOT is_delivered) AS bounced,
        count(*) OVER () AS total
    FROM recipient
    GROUP BY domain
    ORDER BY 2 DESC, 1
    LIMIT %s
),
reply AS (
    SELECT text, outcome FROM line WHERE text IS NOT NULL ORDER BY logged_at DESC LIMIT %s
)
SELECT 'domain', domain, NULL, recipients, delivered, waiting, bounced, total FROM domain
UNION ALL
SELECT 'reply', text, outcome, 0, 0, 0, 0, 0 FROM reply
