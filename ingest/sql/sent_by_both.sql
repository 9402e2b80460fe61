-- What addresses and accounts sent together, by address and account: messages, their recipients (those of the "for" list,
-- or those that were tried, whichever are more), the recipients of each at foreign domains by their addresses before
-- aliasing, and recipients by the outcome of the last attempt.
WITH message AS MATERIALIZED ({messages}),
stranger AS (
    SELECT message_id, lower(coalesce(delivery.original_recipient, delivery.recipient)) AS address
    FROM ingest_delivery AS delivery
    WHERE delivery.log_host_id = %s AND delivery.message_id = ANY(ARRAY(SELECT message_id FROM message))
    UNION
    SELECT message_id, lower(unnest(listed_recipients)) FROM message
),
outside AS (
    SELECT message_id, count(*) AS number
    FROM stranger
    WHERE
        rtrim(split_part(address, '@', -1), '.') <> '' AND address LIKE '%%@%%'
        AND rtrim(split_part(address, '@', -1), '.') <> ALL(%s::text[])
    GROUP BY message_id
)
SELECT
    host(sender_host_address), authenticated_id, count(*),
    sum(greatest(coalesce(cardinality(listed_recipients), 0), delivered + deferred + bounced))::bigint,
    coalesce(sum(outside.number), 0)::bigint,
    sum(delivered)::bigint,
    sum(deferred)::bigint,
    sum(bounced)::bigint
FROM message LEFT JOIN outside USING (message_id)
GROUP BY sender_host_address, authenticated_id
