-- The local users who, within one hour of the clock in some spans of time, sent to at least so many recipients, as at
-- least so many senders, or so many messages under other names than their own.
SELECT DISTINCT message.local_user
FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_at, last_at)
JOIN ingest_message AS message ON message.first_at BETWEEN span.first_at AND span.last_at
WHERE
    message.log_host_id = %(log_host_id)s AND message.sender_host_address IS NULL AND message.local_user <> ''
GROUP BY message.local_user, date_bin('1 hour', message.received_at, 'epoch')
HAVING
    sum(greatest(message.delivered + message.deferred + message.bounced, cardinality(message.listed_recipients)))
        >= %(recipients)s
    OR count(DISTINCT lower(message.envelope_sender)) >= %(senders)s
    OR count(*) >= %(messages)s
