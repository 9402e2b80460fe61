"""Programs that handed in messages are counted by directory; what is stored already is counted by ``manage.py rebuild``."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ingest", "0032_hour_signs")]

    operations = [
        migrations.CreateModel(
            name="ScriptRuns",
            fields=[
                ("pk", models.CompositePrimaryKey("log_host_id", "hour", "directory", blank=True, editable=False, primary_key=True, serialize=False)),
                ("hour", models.DateTimeField()),
                ("directory", models.TextField()),
                ("runs", models.BigIntegerField()),
                ("log_host", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to="ingest.loghost")),
            ],
        ),
    ]
