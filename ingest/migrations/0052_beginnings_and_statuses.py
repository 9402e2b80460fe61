"""``alice@`` and ``ali*`` are found by an index of how addresses begin, and what was not delivered by its status.

Eight characters are enough to leave few others, and most rows share theirs, so that an entry takes six bytes: all five
indexes come to a fifteenth of the log, where whole addresses would come to a tenth. They have no WHERE, as the other
indexes on expressions (ingest/sql/narrow_indexes.sql).
"""

from django.db import migrations

_BEGINNINGS = {
    "ingest_message_sender_beginning": ("ingest_message", "envelope_sender"),
    "ingest_delivery_recipient_beginning": ("ingest_delivery", "recipient"),
    "ingest_delivery_original_beginning": ("ingest_delivery", "original_recipient"),
    "ingest_rejection_sender_beginning": ("ingest_rejection", "envelope_sender"),
    "ingest_rejection_recipient_beginning": ("ingest_rejection", "recipient"),
}


class Migration(migrations.Migration):
    dependencies = [("ingest", "0050_where_mail_went")]

    operations = [
        *(
            migrations.RunSQL(
                f'CREATE INDEX {name} ON {table} (left(lower({column}), 8) COLLATE "C")', f"DROP INDEX {name}"
            )
            for name, (table, column) in _BEGINNINGS.items()
        ),
        migrations.RunSQL(
            "CREATE INDEX ingest_message_status ON ingest_message (status, first_at)"
            " WHERE status <> 'delivered'",
            "DROP INDEX ingest_message_status",
        ),
    ]
