"""Suspects are ordered by the strangers they wrote to; they are counted when findings are decided again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ingest", "0047_hour_counts")]

    operations = [
        migrations.AddField(
            model_name="suspect", name="outside", field=models.BigIntegerField(default=0, db_default=0)
        ),
    ]
