-- How much went out of an attack: its messages, their recipients (those of the "for" list, or those that were tried,
-- whichever are more), the different recipients at foreign domains by their addresses before aliasing, recipients by the
-- outcome of the last attempt, and the messages that wait.
WITH message AS MATERIALIZED ({messages}),
every AS (
    SELECT lower(coalesce(delivery.original_recipient, delivery.recipient)) AS address
    FROM ingest_delivery AS delivery
    JOIN message USING (message_id)
    WHERE delivery.log_host_id = %s AND delivery.message_id >= %s AND delivery.message_id < %s
    UNION
    SELECT lower(unnest(listed_recipients)) FROM message
)
SELECT
    count(*),
    coalesce(sum(greatest(coalesce(cardinality(listed_recipients), 0), delivered + deferred + bounced)), 0)::bigint,
    (
        SELECT count(*) FROM every
        WHERE
            rtrim(split_part(address, '@', -1), '.') <> '' AND address LIKE '%%@%%'
            AND rtrim(split_part(address, '@', -1), '.') NOT IN (SELECT unnest(%s::text[]))
    ),
    coalesce(sum(delivered), 0)::bigint,
    coalesce(sum(deferred), 0)::bigint,
    coalesce(sum(bounced), 0)::bigint,
    count(*) FILTER (WHERE is_waiting)
FROM message
