-- The big tables made anew: columns of fixed width first, since each 8-byte number behind a text is padded to an
-- even place; pointers to lines packed (8 bytes each, no array around them). NAME_wide are the tables as they were.

CREATE FUNCTION line_refs_of(packed bytea) RETURNS bigint[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    SELECT coalesce(array_agg(('x' || encode(substr(packed, 1 + 8 * n, 8), 'hex'))::bit(64)::bigint ORDER BY n), '{}')
    FROM generate_series(0, length(packed) / 8 - 1) AS n
);

CREATE TABLE ingest_message (
    log_host_id bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    received_at timestamptz,
    completed_at timestamptz,
    arrival_digest bigint,
    size bigint,
    frozen_at timestamptz,
    thawed_at timestamptz,
    removed_at timestamptz,
    rejected_at timestamptz,
    sender_host_port integer,
    connection_limit integer,
    delivered integer NOT NULL,
    deferred integer NOT NULL,
    bounced integer NOT NULL,
    message_id varchar(23) COLLATE "C" NOT NULL,
    status varchar(16) NOT NULL,
    envelope_sender text,
    sender_host_address inet,
    sender_host_name text,
    helo_name text,
    interface_address inet,
    local_user text,
    parent_message_id varchar(23) COLLATE "C",
    protocol text,
    authenticator text,
    authenticated_id text,
    header_message_id text,
    subject text,
    listed_recipients text[],
    line_refs bytea NOT NULL,
    PRIMARY KEY (log_host_id, message_id)
) PARTITION BY RANGE (message_id);

CREATE TABLE ingest_delivery (
    log_host_id bigint NOT NULL,
    logged_at timestamptz NOT NULL,
    digest bigint NOT NULL,
    line_ref bigint NOT NULL,
    copy smallint NOT NULL,
    is_attempt boolean NOT NULL,
    outcome varchar(9) NOT NULL,
    message_id varchar(23) COLLATE "C" NOT NULL,
    recipient text NOT NULL,
    original_recipient text,
    transport text,
    remote_host_name text,
    remote_host_address inet,
    text text
) PARTITION BY RANGE (message_id);

CREATE TABLE ingest_rejection (
    log_host_id bigint NOT NULL,
    logged_at timestamptz NOT NULL,
    digest bigint NOT NULL,
    line_ref bigint NOT NULL,
    headers_ref bigint,
    header_lines integer,
    copy smallint NOT NULL,
    is_login boolean NOT NULL,
    is_temporary boolean NOT NULL,
    stage varchar(7) NOT NULL,
    reason varchar(20) NOT NULL,
    message_id varchar(23) COLLATE "C",
    sender_host_address inet,
    sender_host_name text,
    helo_name text,
    envelope_sender text,
    recipient text,
    authenticator text,
    account text,
    text text NOT NULL
) PARTITION BY RANGE (logged_at);
