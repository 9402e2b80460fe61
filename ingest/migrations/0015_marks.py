"""What a batch touched is marked by its times; what refusals have come to is kept from run to run."""

import django.db.models.deletion
from django.db import migrations, models

FORGET_BASES = "UPDATE ingest_loghost SET facts_digest = ''"
"""The next run decides the findings that depend on the log host again: marks of before are gone."""


class Migration(migrations.Migration):
    dependencies = [("ingest", "0011_pieces")]

    operations = [
        migrations.DeleteModel(name="DirtySubject"),
        migrations.CreateModel(
            name="Mark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("value", models.TextField()),
                ("first_at", models.DateTimeField(null=True)),
                ("last_at", models.DateTimeField(null=True)),
                ("log_host", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to="ingest.loghost")),
                ("piece", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="ingest.piece")),
            ],
        ),
        migrations.CreateModel(
            name="SubjectState",
            fields=[
                ("pk", models.CompositePrimaryKey("log_host_id", "kind", "value", blank=True, editable=False, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=20)),
                ("value", models.TextField()),
                ("until", models.DateTimeField()),
                ("basis", models.CharField(max_length=32)),
                ("state", models.BinaryField()),
                ("log_host", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to="ingest.loghost")),
            ],
        ),
        migrations.CreateModel(
            name="AddressLogin",
            fields=[
                ("pk", models.CompositePrimaryKey("log_host_id", "sender_host_address", "authenticated_id", blank=True, editable=False, primary_key=True, serialize=False)),
                ("sender_host_address", models.GenericIPAddressField()),
                ("authenticated_id", models.TextField()),
                ("log_host", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to="ingest.loghost")),
            ],
        ),
        migrations.RunSQL(
            "CREATE INDEX ingest_message_bounced ON ingest_message (log_host_id, received_at) WHERE bounced > 0",
            "DROP INDEX ingest_message_bounced",
        ),
        migrations.RunSQL(
            "CREATE INDEX ingest_rejection_after_login ON ingest_rejection (log_host_id, logged_at)"
            " WHERE account <> '' AND stage <> 'auth'",
            "DROP INDEX ingest_rejection_after_login",
        ),
        migrations.RunSQL(
            "INSERT INTO ingest_addresslogin (log_host_id, sender_host_address, authenticated_id) SELECT DISTINCT log_host_id, sender_host_address, authenticated_id"
            " FROM ingest_message WHERE authenticated_id <> '' AND sender_host_address IS NOT NULL",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(FORGET_BASES, migrations.RunSQL.noop),
    ]
