-- Deliveries by local transports whose lines go with a month: of its messages, and of other messages by their ids.
SELECT recipient, original_recipient, count(*)
FROM (
    SELECT * FROM going_delivery WHERE log_host_id = %(log_host_id)s
    UNION ALL
    SELECT * FROM ingest_delivery WHERE log_host_id = %(log_host_id)s AND message_id = ANY(%(message_ids)s)
) AS delivery
WHERE outcome = 'delivered' AND remote_host_address IS NULL AND transport IS NOT NULL
    AND EXISTS (
        SELECT FROM going_page
        WHERE going_page.log_host_id = delivery.log_host_id AND going_page.page_id = delivery.line_ref >> 20
    )
GROUP BY recipient, original_recipient
