"""What was read of large attacks is kept, so that each click does not count their messages again."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ingest", "0052_beginnings_and_statuses")]

    operations = [
        migrations.CreateModel(
            name="KeptReading",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("since", models.DateTimeField(null=True)),
                ("until", models.DateTimeField(null=True)),
                ("what", models.CharField(max_length=50)),
                ("basis", models.TextField()),
                ("read_at", models.DateTimeField(auto_now=True)),
                ("reading", models.BinaryField()),
                (
                    "log_host",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, to="ingest.loghost"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("log_host", "what", "since", "until"),
                        name="kept_reading_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
    ]
