-- Authenticated arrivals that go with a month: of its messages, and of other messages by their ids.
SELECT left(authenticator, 255), count(*) FILTER (WHERE authenticated_id <> ''),
    count(*) FILTER (WHERE authenticated_id = ''), count(*) FILTER (WHERE authenticated_id IS NULL)
FROM (
    SELECT log_host_id, message_id, received_at, authenticator, authenticated_id FROM going_message
    WHERE log_host_id = %(log_host_id)s
    UNION ALL
    SELECT log_host_id, message_id, received_at, authenticator, authenticated_id FROM ingest_message
    WHERE log_host_id = %(log_host_id)s AND message_id = ANY(%(message_ids)s)
) AS message
WHERE authenticator IS NOT NULL AND received_at >= %(start)s AND received_at < %(end)s
GROUP BY 1
