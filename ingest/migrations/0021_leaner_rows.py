"""Rows and indexes that weigh less: what the line says itself is not kept twice, and an index holds each text once.

PostgreSQL keeps equal entries of an index together, so that an address that appears a thousand times takes six bytes
a row; with a time behind each address no two entries are equal. Rare addresses are found through their index and
sorted, frequent ones by walking back in time, which the planner chooses by its statistics. Deliveries and refusals
need no unique index: a line is stored once because each file claims what it has (docs/decisions/0013).
"""

from django.db import migrations

SQL = """
ALTER TABLE ingest_message DROP COLUMN tls;
ALTER TABLE ingest_message_finding DROP COLUMN evidence;

ALTER TABLE ingest_delivery DROP CONSTRAINT ingest_delivery_pkey;
CREATE INDEX ingest_delivery_message ON ingest_delivery (message_id);
ALTER TABLE ingest_rejection DROP CONSTRAINT ingest_rejection_pkey;

DROP INDEX ingest_message_time, ingest_message_sender, ingest_message_host, ingest_message_account,
    ingest_message_user, ingest_message_header_id;
CREATE INDEX ingest_message_time ON ingest_message (first_at);
CREATE INDEX ingest_message_sender ON ingest_message (reverse(lower(envelope_sender)) COLLATE "C");
CREATE INDEX ingest_message_host ON ingest_message (sender_host_address);
CREATE INDEX ingest_message_account ON ingest_message (authenticated_id) WHERE authenticated_id IS NOT NULL;
CREATE INDEX ingest_message_user ON ingest_message (local_user)
    WHERE local_user IS NOT NULL AND sender_host_address IS NULL;
CREATE INDEX ingest_message_header_id ON ingest_message (hashtext(header_message_id));

DROP INDEX ingest_delivery_recipient, ingest_delivery_original;
CREATE INDEX ingest_delivery_recipient ON ingest_delivery (reverse(lower(recipient)) COLLATE "C")
    WHERE recipient LIKE '%@%';
CREATE INDEX ingest_delivery_original ON ingest_delivery (reverse(lower(original_recipient)) COLLATE "C")
    WHERE original_recipient IS NOT NULL;

DROP INDEX ingest_rejection_host, ingest_rejection_sender, ingest_rejection_recipient, ingest_rejection_account;
CREATE INDEX ingest_rejection_host ON ingest_rejection (sender_host_address);
CREATE INDEX ingest_rejection_sender ON ingest_rejection (reverse(lower(envelope_sender)) COLLATE "C")
    WHERE envelope_sender IS NOT NULL;
CREATE INDEX ingest_rejection_recipient ON ingest_rejection (reverse(lower(recipient)) COLLATE "C")
    WHERE recipient IS NOT NULL;
CREATE INDEX ingest_rejection_account ON ingest_rejection (account) WHERE account IS NOT NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("ingest", "0020_sources")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(SQL)],
            state_operations=[
                migrations.RemoveField("message", "tls"),
                migrations.RemoveField("messagefinding", "evidence"),
            ],
        ),
    ]
