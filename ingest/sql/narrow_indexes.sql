-- An index holds each text once: equal entries are kept together, six bytes a row, which a time behind the text would
-- prevent. Those on expressions have no WHERE: the planner does not look at the statistics of a partial index, takes an
-- address for frequent, and walks through months. Deliveries and refusals need no unique index: a line is stored once
-- because each file claims what it has.

CREATE INDEX ingest_message_time ON ingest_message (first_at);
CREATE INDEX ingest_message_sender ON ingest_message (reverse(lower(envelope_sender)) COLLATE "C");
CREATE INDEX ingest_message_host ON ingest_message (sender_host_address);
CREATE INDEX ingest_message_account ON ingest_message (authenticated_id) WHERE authenticated_id IS NOT NULL;
CREATE INDEX ingest_message_user ON ingest_message (local_user)
    WHERE local_user IS NOT NULL AND sender_host_address IS NULL;
CREATE INDEX ingest_message_header_id ON ingest_message (hashtext(header_message_id));
CREATE INDEX ingest_message_parent ON ingest_message (parent_message_id) WHERE parent_message_id IS NOT NULL;
CREATE INDEX ingest_message_bounced ON ingest_message (log_host_id, received_at) WHERE bounced > 0;

CREATE INDEX ingest_delivery_message ON ingest_delivery (message_id);
CREATE INDEX ingest_delivery_recipient ON ingest_delivery (reverse(lower(recipient)) COLLATE "C");
CREATE INDEX ingest_delivery_original ON ingest_delivery (reverse(lower(original_recipient)) COLLATE "C");

CREATE INDEX ingest_rejection_time ON ingest_rejection (logged_at);
CREATE INDEX ingest_rejection_host ON ingest_rejection (sender_host_address);
CREATE INDEX ingest_rejection_sender ON ingest_rejection (reverse(lower(envelope_sender)) COLLATE "C");
CREATE INDEX ingest_rejection_recipient ON ingest_rejection (reverse(lower(recipient)) COLLATE "C");
CREATE INDEX ingest_rejection_account ON ingest_rejection (account) WHERE account IS NOT NULL;
CREATE INDEX ingest_rejection_message ON ingest_rejection (message_id) WHERE message_id IS NOT NULL;
