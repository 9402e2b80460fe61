-- Why recipients of some messages were deferred or bounced: the newest texts.
SELECT delivery.outcome, delivery.text
FROM ingest_delivery AS delivery
WHERE
    delivery.log_host_id = %s
    AND delivery.message_id = ANY(ARRAY({messages}))
    AND delivery.is_attempt AND delivery.text IS NOT NULL
ORDER BY delivery.logged_at DESC
LIMIT %s
