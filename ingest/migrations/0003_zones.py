"""What message ids say of the zone of a log, and the zone that a log host is being moved to."""

from django.db import migrations, models

import ingest.models.log_hosts


class Migration(migrations.Migration):
    dependencies = [("ingest", "0002_partitioned_tables")]

    operations = [
        migrations.AddField("logfile", "zone_votes", models.JSONField(default=dict)),
        migrations.AddField(
            "loghost",
            "wanted_timezone",
            models.CharField(blank=True, default="", max_length=64, validators=[ingest.models.log_hosts.zone_name]),
            preserve_default=False,
        ),
    ]
