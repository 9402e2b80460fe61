"""What was found in a range is kept, so that the same day is not judged again for each click."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ingest", "0035_judged_messages")]

    operations = [
        migrations.CreateModel(
            name="JudgedRange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("since", models.DateTimeField(null=True)),
                ("until", models.DateTimeField(null=True)),
                ("basis", models.TextField()),
                ("judged_at", models.DateTimeField(auto_now=True)),
                ("reports", models.BinaryField()),
                (
                    "log_host",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="ingest.loghost",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("log_host", "since", "until"),
                        name="judged_range_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
    ]
