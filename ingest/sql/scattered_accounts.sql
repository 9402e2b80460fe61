-- The accounts that, in some spans of time and within two parts of {seconds} seconds in a row, logged in at least so many
-- times, from at least so many addresses: with the number of the part, and all addresses of both.
WITH part AS (
    SELECT
        message.authenticated_id AS account,
        extract(epoch FROM message.received_at)::bigint / {seconds} AS number,
        count(*) AS logins,
        array_agg(DISTINCT host(message.sender_host_address)) AS addresses
    FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_at, last_at)
    JOIN ingest_message AS message ON message.first_at BETWEEN span.first_at AND span.last_at
    WHERE
        message.log_host_id = %(log_host_id)s AND message.authenticated_id <> '' AND message.received_at IS NOT NULL
        AND message.sender_host_address IS NOT NULL
    GROUP BY account, number
)
SELECT this.account, this.addresses || coalesce(before.addresses, '{{}}')
FROM part AS this
LEFT JOIN part AS before ON before.account = this.account AND before.number = this.number - 1
WHERE
    this.logins + coalesce(before.logins, 0) >= %(logins)s
    AND cardinality(this.addresses) + coalesce(cardinality(before.addresses), 0) >= %(addresses)s
