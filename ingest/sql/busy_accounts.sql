-- The accounts that, in some spans of time and within two hours of the clock in a row, sent to at least so many
-- recipients or as at least so many senders.
WITH hourly AS (
    SELECT
        message.authenticated_id AS account,
        extract(epoch FROM message.received_at)::bigint / 3600 AS hour,
        sum(greatest(message.delivered + message.deferred + message.bounced, cardinality(message.listed_recipients)))
            AS recipients,
        count(DISTINCT lower(message.envelope_sender)) AS senders
    FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_at, last_at)
    JOIN ingest_message AS message ON message.first_at BETWEEN span.first_at AND span.last_at
    WHERE
        message.log_host_id = %(log_host_id)s AND message.authenticated_id <> '' AND message.received_at IS NOT NULL
    GROUP BY account, hour
)
SELECT DISTINCT this.account
FROM hourly AS this
LEFT JOIN hourly AS before ON before.account = this.account AND before.hour = this.hour - 1
WHERE
    this.recipients + coalesce(before.recipients, 0) >= %(recipients)s
    OR this.senders + coalesce(before.senders, 0) >= %(senders)s
