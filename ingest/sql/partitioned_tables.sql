-- The tables that grow with the log. Their keys begin with the log host; they refer to nothing by foreign key.
-- Bounds of the edge partitions: 2000-01-01 and 2050-01-01, as page number (month since 1970 << 31), as the first
-- six characters of a message id (seconds since 1970, base 62), and as a time.

CREATE SEQUENCE ingest_page_number AS integer CYCLE;

CREATE TABLE ingest_page (
    log_host_id bigint NOT NULL,
    page_id bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    lines integer NOT NULL,
    size integer NOT NULL,
    checksum bigint NOT NULL,
    body bytea STORAGE EXTERNAL NOT NULL,  -- compressed already
    PRIMARY KEY (log_host_id, page_id)
) PARTITION BY RANGE (page_id);
-- a batch asks which pages hold lines of its own span
CREATE INDEX ingest_page_span ON ingest_page (log_host_id, last_at, first_at);
CREATE TABLE ingest_page_before PARTITION OF ingest_page FOR VALUES FROM (MINVALUE) TO (773094113280);
CREATE TABLE ingest_page_after PARTITION OF ingest_page FOR VALUES FROM (2061584302080) TO (MAXVALUE);

CREATE TABLE ingest_message (
    log_host_id bigint NOT NULL,
    message_id varchar(23) COLLATE "C" NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    status varchar(16) NOT NULL,
    received_at timestamptz,
    arrival_digest bigint,
    envelope_sender text,
    sender_host_address inet,
    sender_host_port integer,
    sender_host_name text,
    helo_name text,
    interface_address inet,
    local_user text,
    parent_message_id varchar(23) COLLATE "C",
    protocol text,
    tls text,
    authenticator text,
    authenticated_id text,
    size bigint,
    header_message_id text,
    subject text,
    listed_recipients text[],
    completed_at timestamptz,
    frozen_at timestamptz,
    thawed_at timestamptz,
    removed_at timestamptz,
    rejected_at timestamptz,
    connection_limit integer,
    delivered integer NOT NULL,
    deferred integer NOT NULL,
    bounced integer NOT NULL,
    line_refs bigint[] NOT NULL,
    PRIMARY KEY (log_host_id, message_id)
) PARTITION BY RANGE (message_id);
CREATE INDEX ingest_message_time ON ingest_message (first_at, message_id);
CREATE INDEX ingest_message_sender ON ingest_message (reverse(lower(envelope_sender)) COLLATE "C", first_at);
CREATE INDEX ingest_message_host ON ingest_message (sender_host_address, first_at);
CREATE INDEX ingest_message_account ON ingest_message (authenticated_id, first_at)
    WHERE authenticated_id IS NOT NULL;
CREATE INDEX ingest_message_user ON ingest_message (local_user, first_at)
    WHERE local_user IS NOT NULL AND sender_host_address IS NULL;
CREATE INDEX ingest_message_header_id ON ingest_message USING hash (header_message_id)
    WHERE header_message_id IS NOT NULL;
CREATE INDEX ingest_message_parent ON ingest_message (parent_message_id) WHERE parent_message_id IS NOT NULL;
CREATE TABLE ingest_message_before PARTITION OF ingest_message FOR VALUES FROM (MINVALUE) TO ('124Bxg');
CREATE TABLE ingest_message_after PARTITION OF ingest_message FOR VALUES FROM ('2kqzrs') TO (MAXVALUE);

CREATE TABLE ingest_delivery (
    log_host_id bigint NOT NULL,
    message_id varchar(23) COLLATE "C" NOT NULL,
    logged_at timestamptz NOT NULL,
    digest bigint NOT NULL,
    copy smallint NOT NULL,
    outcome varchar(9) NOT NULL,
    is_attempt boolean NOT NULL,
    recipient text NOT NULL,
    original_recipient text,
    router text,
    transport text,
    remote_host_name text,
    remote_host_address inet,
    text text,
    line_ref bigint NOT NULL,
    PRIMARY KEY (log_host_id, message_id, logged_at, digest, copy)
) PARTITION BY RANGE (message_id);
CREATE INDEX ingest_delivery_recipient ON ingest_delivery (reverse(lower(recipient)) COLLATE "C", message_id);
CREATE INDEX ingest_delivery_original
    ON ingest_delivery (reverse(lower(original_recipient)) COLLATE "C", message_id)
    WHERE original_recipient IS NOT NULL;
CREATE TABLE ingest_delivery_before PARTITION OF ingest_delivery FOR VALUES FROM (MINVALUE) TO ('124Bxg');
CREATE TABLE ingest_delivery_after PARTITION OF ingest_delivery FOR VALUES FROM ('2kqzrs') TO (MAXVALUE);

CREATE TABLE ingest_message_finding (
    log_host_id bigint NOT NULL,
    message_id varchar(23) COLLATE "C" NOT NULL,
    rule varchar(4) NOT NULL,
    version integer NOT NULL,
    severity varchar(8) NOT NULL,
    evidence text NOT NULL,
    PRIMARY KEY (log_host_id, message_id, rule)
) PARTITION BY RANGE (message_id);
CREATE INDEX ingest_message_finding_rule ON ingest_message_finding (rule, message_id);
CREATE TABLE ingest_message_finding_before
    PARTITION OF ingest_message_finding FOR VALUES FROM (MINVALUE) TO ('124Bxg');
CREATE TABLE ingest_message_finding_after
    PARTITION OF ingest_message_finding FOR VALUES FROM ('2kqzrs') TO (MAXVALUE);

CREATE TABLE ingest_rejection (
    log_host_id bigint NOT NULL,
    logged_at timestamptz NOT NULL,
    digest bigint NOT NULL,
    copy smallint NOT NULL,
    is_login boolean NOT NULL,
    stage varchar(7) NOT NULL,
    is_temporary boolean NOT NULL,
    reason varchar(20) NOT NULL,
    message_id varchar(23) COLLATE "C",
    sender_host_address inet,
    sender_host_name text,
    helo_name text,
    envelope_sender text,
    recipient text,
    authenticator text,
    account text,
    text text NOT NULL,
    line_ref bigint NOT NULL,
    PRIMARY KEY (log_host_id, logged_at, digest, copy)
) PARTITION BY RANGE (logged_at);
CREATE INDEX ingest_rejection_time ON ingest_rejection (logged_at);
CREATE INDEX ingest_rejection_host ON ingest_rejection (sender_host_address, logged_at);
CREATE INDEX ingest_rejection_sender
    ON ingest_rejection (reverse(lower(envelope_sender)) COLLATE "C", logged_at)
    WHERE envelope_sender IS NOT NULL;
CREATE INDEX ingest_rejection_recipient ON ingest_rejection (reverse(lower(recipient)) COLLATE "C", logged_at)
    WHERE recipient IS NOT NULL;
CREATE INDEX ingest_rejection_account ON ingest_rejection (account, logged_at) WHERE account IS NOT NULL;
CREATE INDEX ingest_rejection_message ON ingest_rejection (message_id) WHERE message_id IS NOT NULL;
CREATE TABLE ingest_rejection_before
    PARTITION OF ingest_rejection FOR VALUES FROM (MINVALUE) TO ('2000-01-01 00:00:00+00');
CREATE TABLE ingest_rejection_after
    PARTITION OF ingest_rejection FOR VALUES FROM ('2050-01-01 00:00:00+00') TO (MAXVALUE);
