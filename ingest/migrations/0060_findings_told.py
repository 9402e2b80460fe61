"""Findings in every language that pages are read in."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ingest", "0057_kept_readings")]

    operations = [
        migrations.AddField(model_name="finding", name="told", field=models.JSONField(default=dict, db_default={})),
    ]
