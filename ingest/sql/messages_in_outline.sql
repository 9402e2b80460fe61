-- Of all messages of a log host what tells whether a rule may find something on them: whether all recipients got it and
-- nothing else is known of it; whether it was handed on to another server, or under an address that sends on; whether a
-- rule has found something on it before.
SELECT
    message.message_id, message.helo_name, message.envelope_sender, message.sender_host_address IS NOT NULL,
    message.authenticator IS NOT NULL, message.authenticated_id,
    message.status = 'delivered' AND message.deferred = 0 AND message.bounced = 0
    AND message.connection_limit IS NULL AND message.listed_recipients IS NULL,
    handed_on.message_id IS NOT NULL, found.message_id IS NOT NULL
FROM ingest_message AS message
LEFT JOIN (
    SELECT DISTINCT message_id FROM ingest_delivery
    WHERE
        log_host_id = %(log_host_id)s
        AND (remote_host_address IS NOT NULL OR coalesce(original_recipient, recipient) ~ %(routed)s)
) AS handed_on ON handed_on.message_id = message.message_id AND message.authenticator IS NULL
LEFT JOIN (
    SELECT DISTINCT message_id FROM ingest_message_finding WHERE log_host_id = %(log_host_id)s
) AS found ON found.message_id = message.message_id
WHERE message.log_host_id = %(log_host_id)s
