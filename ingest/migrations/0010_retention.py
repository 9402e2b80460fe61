"""Ages of log hosts, and what deletion by age leaves to be said and done."""

from django.core.validators import MaxValueValidator
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ingest", "0006_kinds_of_lines")]

    operations = [
        migrations.AddField(
            "loghost",
            "retention_days",
            models.PositiveIntegerField(blank=True, null=True, validators=[MaxValueValidator(36_500)]),
        ),
        migrations.AddField("loghost", "has_lost_lines", models.BooleanField(default=False)),
        migrations.AddField("logfile", "expired_at", models.DateTimeField(null=True)),
    ]
