"""Reasons, providers and transports are counted by the hour; what is stored is counted here."""

import django.db.models.deletion
from django.db import migrations, models

# A batch that is stored meanwhile waits: its rows are counted once.
_COUNT = """
LOCK TABLE ingest_hourcount IN EXCLUSIVE MODE;
INSERT INTO ingest_hourcount (log_host_id, kind, hour, value, number)
SELECT log_host_id, kind, date_trunc('hour', at, 'UTC'), left(value, 255), count(*) FROM (
    SELECT log_host_id, 'completed' AS kind, completed_at AS at, '' AS value
        FROM ingest_message WHERE completed_at IS NOT NULL
    UNION ALL SELECT log_host_id, 'reason', logged_at, reason FROM ingest_rejection WHERE NOT is_login
    UNION ALL SELECT log_host_id, 'transport', logged_at, transport
        FROM ingest_delivery WHERE outcome = 'delivered' AND transport IS NOT NULL
    UNION ALL SELECT log_host_id, 'provider', logged_at, coalesce(
            substring(lower(rtrim(remote_host_name, '.'))
                from '(?:[^.]+\\.(?:ac|co|com|edu|gov|ne|net|or|org)\\.[a-z]{2}|[^.]+\\.[^.]+)$'),
            lower(substring(recipient from '@([^@]+)$')), '')
        FROM ingest_delivery WHERE outcome = 'deferred' AND is_attempt
) AS said
GROUP BY 1, 2, 3, 4
"""


class Migration(migrations.Migration):
    dependencies = [("ingest", "0044_account_beginnings")]

    operations = [
        migrations.CreateModel(
            name="HourCount",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "log_host_id",
                        "kind",
                        "hour",
                        "value",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("kind", models.CharField(max_length=13)),
                ("hour", models.DateTimeField()),
                ("value", models.TextField(db_collation="C")),
                ("number", models.BigIntegerField()),
                (
                    "log_host",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, to="ingest.loghost"
                    ),
                ),
            ],
        ),
        migrations.RunSQL(_COUNT, migrations.RunSQL.noop),
    ]
