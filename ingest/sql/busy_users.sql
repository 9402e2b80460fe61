-- The local users who, within one hour of the clock in some spans of time, sent to at least so many recipients on other
-- servers, or such messages as at least so many senders, or so many messages under other names than their own. What is
-- handed to other servers is only looked for where there is enough at all.
WITH busy AS (
    SELECT
        local_user, date_bin('1 hour', received_at, 'epoch') AS hour, array_agg(message_id) AS message_ids,
        count(*) FILTER (
            WHERE envelope_sender LIKE '%%@%%' AND split_part(lower(envelope_sender), '@', 1) <> lower(local_user)
        ) AS foreign_senders
    FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_at, last_at)
    JOIN ingest_message AS message ON message.first_at BETWEEN span.first_at AND span.last_at
    WHERE log_host_id = %(log_host_id)s AND sender_host_address IS NULL AND local_user <> ''
    GROUP BY 1, 2
    HAVING
        sum(greatest(delivered + deferred + bounced, cardinality(listed_recipients))) >= %(recipients)s
        OR count(DISTINCT lower(envelope_sender)) >= %(senders)s
        OR count(*) >= %(messages)s
), handed_on AS (
    SELECT
        busy.local_user, busy.hour, message.message_id, lower(message.envelope_sender) AS sender,
        coalesce(told.remote, cardinality(message.listed_recipients)) AS recipients
    FROM busy
    CROSS JOIN LATERAL unnest(busy.message_ids) AS one (message_id)
    JOIN ingest_message AS message
        ON message.log_host_id = %(log_host_id)s AND message.message_id = one.message_id
    LEFT JOIN LATERAL (
        SELECT count(*) FILTER (WHERE remote_host_address IS NOT NULL) AS remote
        FROM ingest_delivery AS delivery
        WHERE delivery.message_id = one.message_id AND delivery.log_host_id = %(log_host_id)s
        HAVING count(*) > 0
    ) AS told ON true
)
SELECT local_user FROM busy WHERE foreign_senders >= %(messages)s
UNION
SELECT local_user FROM handed_on WHERE recipients > 0
GROUP BY local_user, hour
HAVING sum(recipients) >= %(recipients)s OR count(DISTINCT sender) >= %(senders)s
