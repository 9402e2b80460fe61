-- What the messages of some hours show, but for logins and attempts (ingest.rules.signs).
WITH message AS MATERIALIZED (
    SELECT
        date_bin('1 hour', message.received_at, 'epoch') AS hour, message_id, received_at, envelope_sender,
        sender_host_address AS address, lower(helo_name) AS helo_name, parent_message_id, header_message_id,
        delivered + deferred + bounced AS recipients, frozen_at IS NOT NULL AS is_frozen,
        completed_at IS NULL AND removed_at IS NULL AND rejected_at IS NULL AS is_open,
        authenticator IS NULL
        AND (
            sender_host_address <<= ANY(%(loopback)s::inet[])
            OR coalesce(sender_host_address = interface_address, false)
        ) AS is_own,
        authenticator IS NULL AND sender_host_address <<= ANY(%(private)s::inet[])
        AND NOT sender_host_address <<= ANY(%(loopback)s::inet[])
        AND helo_name ~ '\.[A-Za-z]{2,}\.?$'
        AND helo_name !~* '\.(local|lan|internal|localdomain|home|arpa|corp|intranet)\.?$' AS is_gateway
    FROM unnest(%(first_at)s::timestamptz[], %(last_at)s::timestamptz[]) AS span (first_hour, end_hour)
    JOIN ingest_message AS message
        ON message.first_at >= span.first_hour - interval '1 hour' AND message.first_at < span.end_hour
    WHERE
        log_host_id = %(log_host_id)s AND received_at >= span.first_hour AND received_at < span.end_hour
        AND (
            envelope_sender = '' OR completed_at IS NULL OR frozen_at IS NOT NULL
            OR authenticator IS NULL AND sender_host_address <<= ANY(%(private)s::inet[])
            OR sender_host_address = interface_address
        )
), handed_on AS (
    -- those that were handed to another server, and not by a redirection; of the few that need it
    SELECT message.message_id, count(*) AS recipients
    FROM message
    JOIN ingest_delivery AS delivery USING (message_id)
    WHERE
        delivery.log_host_id = %(log_host_id)s AND delivery.remote_host_address IS NOT NULL
        AND NOT delivery.remote_host_address <<= ANY(%(loopback)s::inet[])
        AND delivery.original_recipient IS NULL AND delivery.outcome <> 'deferred'
        AND (message.is_own OR message.is_gateway OR message.envelope_sender = '')
    GROUP BY message.message_id
), own AS (
    SELECT message.*, handed_on.recipients AS foreign_recipients
    FROM message JOIN handed_on USING (message_id)
    WHERE
        message.is_own AND NOT EXISTS (
            SELECT FROM ingest_message AS before
            WHERE
                hashtext(before.header_message_id) = hashtext(message.header_message_id)
                AND before.header_message_id = message.header_message_id AND before.log_host_id = %(log_host_id)s
                AND before.message_id <> message.message_id
                AND NOT coalesce(before.sender_host_address <<= ANY(%(loopback)s::inet[]), false)
        )
)
SELECT hour, 'frozen', '', count(*), 0, NULL::text[], min(received_at), max(received_at), min(message_id), NULL::bigint
FROM message WHERE is_frozen GROUP BY hour
UNION ALL
SELECT hour, 'not completed', '', count(*), 0, NULL, min(received_at), max(received_at), min(message_id), NULL
FROM message WHERE is_open GROUP BY hour
UNION ALL
SELECT
    hour, 'gateway', host(address), count(*), count(handed_on.recipients),
    (array_agg(DISTINCT helo_name))[:%(kept)s], min(received_at), max(received_at), min(message_id), NULL
FROM message LEFT JOIN handed_on USING (message_id)
WHERE is_gateway GROUP BY hour, address
UNION ALL
SELECT
    hour, 'mail of the host', lower(envelope_sender), sum(foreign_recipients), count(*), NULL,
    min(received_at), max(received_at), min(message_id), NULL
FROM own GROUP BY hour, lower(envelope_sender) HAVING sum(foreign_recipients) >= %(own_mail)s
UNION ALL
SELECT
    message.hour, 'backscatter', '', count(*), 0, NULL, min(message.received_at), max(message.received_at),
    min(message.message_id), NULL
FROM message
JOIN handed_on USING (message_id)
JOIN ingest_message AS parent
    ON parent.log_host_id = %(log_host_id)s AND parent.message_id = message.parent_message_id
WHERE
    message.envelope_sender = '' AND message.address IS NULL AND parent.authenticator IS NULL
    AND NOT parent.sender_host_address <<= ANY(%(private)s::inet[])
GROUP BY message.hour HAVING count(*) >= %(backscatter)s
UNION ALL
SELECT
    message.hour, 'bounces received', lower(coalesce(delivery.original_recipient, delivery.recipient)),
    count(DISTINCT message.message_id), 0, NULL, min(message.received_at), max(message.received_at),
    min(message.message_id), NULL
FROM message
JOIN ingest_delivery AS delivery ON delivery.message_id = message.message_id
WHERE
    delivery.log_host_id = %(log_host_id)s AND message.envelope_sender = '' AND message.address IS NOT NULL
    AND NOT message.is_own
GROUP BY 1, 3 HAVING count(DISTINCT message.message_id) >= %(bounces_received)s
