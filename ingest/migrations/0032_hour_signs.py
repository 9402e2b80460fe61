"""What the hours of a log show of the log host as a whole is counted by the hour; the next run counts what is stored."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

FORGET_BASES = "UPDATE ingest_loghost SET facts_digest = ''"


class Migration(migrations.Migration):
    dependencies = [("ingest", "0031_unfinished")]

    operations = [
        migrations.CreateModel(
            name="HourSign",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "log_host_id",
                        "hour",
                        "sign",
                        "value",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("hour", models.DateTimeField()),
                ("sign", models.CharField(max_length=20)),
                ("value", models.TextField()),
                ("count", models.BigIntegerField()),
                ("total", models.BigIntegerField()),
                ("seen", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("message_id", models.CharField(max_length=23, null=True)),
                ("line_ref", models.BigIntegerField(null=True)),
                (
                    "log_host",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, to="ingest.loghost"
                    ),
                ),
            ],
        ),
        migrations.RunSQL(FORGET_BASES, migrations.RunSQL.noop),
    ]
