-- Where the recipients of some messages are: domain, recipients by outcome, and how many domains there are. A recipient
-- is told by its address before aliasing; it counts as delivered if it ever was, and else as bounced if it ever was.
WITH recipient AS (
    SELECT
        lower(split_part(coalesce(delivery.original_recipient, delivery.recipient), '@', -1)) AS domain,
        bool_or(delivery.outcome = 'delivered') AS is_delivered,
        bool_or(delivery.outcome = 'bounced') AS is_bounced
    FROM ingest_delivery AS delivery
    WHERE
        delivery.log_host_id = %s
        AND delivery.message_id = ANY(ARRAY({messages}))
    GROUP BY delivery.message_id, coalesce(delivery.original_recipient, delivery.recipient)
)
SELECT
    domain, count(*),
    count(*) FILTER (WHERE is_delivered),
    count(*) FILTER (WHERE NOT is_delivered AND NOT is_bounced),
    count(*) FILTER (WHERE is_bounced AND NOT is_delivered),
    count(*) OVER ()
FROM recipient
GROUP BY domain
ORDER BY 2 DESC, 1
LIMIT %s
