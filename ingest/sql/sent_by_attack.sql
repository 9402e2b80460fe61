-- How much went out of an attack: its messages, their recipients by the outcome of the last attempt, what waits of them,
-- and the different recipients at foreign domains, by their addresses before aliasing. Recipients are those of the "for"
-- list, or those that were tried, whichever are more.
WITH message AS MATERIALIZED ({messages}),
tried AS MATERIALIZED (
    SELECT message_id, lower(coalesce(delivery.original_recipient, delivery.recipient)) AS address
    FROM ingest_delivery AS delivery
    JOIN message USING (message_id)
    WHERE delivery.log_host_id = %s AND delivery.message_id >= %s AND delivery.message_id < %s
),
every AS (
    SELECT address FROM tried
    UNION
    SELECT lower(unnest(listed_recipients)) FROM message
)
SELECT
    count(*),
    coalesce(sum(greatest(coalesce(cardinality(listed_recipients), 0), coalesce(number, 0))), 0)::bigint,
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
LEFT JOIN (
    SELECT message_id, count(DISTINCT address) AS number FROM tried GROUP BY 1
) AS counted USING (message_id)
