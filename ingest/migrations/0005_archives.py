"""Archives: which file is a member of which, and the states that come with them."""

import django.db.models.deletion
from django.db import migrations, models

STATES = [
    ("waiting", "Waiting"), ("running", "Running"), ("finished", "Finished"), ("unpacked", "Unpacked"),
    ("skipped", "Skipped"), ("refused", "Refused"), ("failed", "Failed"),
]


class Migration(migrations.Migration):
    dependencies = [("ingest", "0004_rejection_headers")]

    operations = [
        migrations.AddField(
            "logfile",
            "archive",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.CASCADE, related_name="members", to="ingest.logfile"
            ),
        ),
        migrations.AddField("logfile", "damage", models.TextField(blank=True, default=""), preserve_default=False),
        *(
            migrations.AlterField(model, "state", models.CharField(choices=STATES, default="waiting", max_length=10))
            for model in ("ingestrun", "logfile", "piece")
        ),
    ]
