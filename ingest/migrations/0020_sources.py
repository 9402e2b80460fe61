"""Sources: directories that are looked at again and again, and how far each file in them was read."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ingest", "0015_marks")]

    operations = [
        migrations.AddField("logfile", "is_continuation", models.BooleanField(default=False)),
        migrations.CreateModel(
            "Source",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("url", models.CharField(max_length=500)),
                ("patterns", models.CharField(default="*main*log* *reject*log* *panic*log*", max_length=200)),
                (
                    "every_minutes",
                    models.PositiveIntegerField(
                        default=5,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(10080),
                        ],
                    ),
                ),
                ("is_paused", models.BooleanField(default=False)),
                ("sealed_password", models.TextField(blank=True)),
                ("sealed_private_key", models.TextField(blank=True)),
                ("host_key", models.TextField(blank=True)),
                ("offered_host_key", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("due_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("lease_until", models.DateTimeField(null=True)),
                ("passes", models.BigIntegerField(default=0)),
                ("began_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("succeeded_at", models.DateTimeField(null=True)),
                ("error", models.TextField(blank=True)),
                (
                    "log_host",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="sources", to="ingest.loghost"
                    ),
                ),
            ],
            options={"ordering": ["log_host__name", "url", "pk"]},
        ),
        migrations.CreateModel(
            "SourceFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=500)),
                ("size", models.BigIntegerField(default=0)),
                ("modified_at", models.DateTimeField(null=True)),
                ("offset", models.BigIntegerField(default=0)),
                ("waiting", models.BigIntegerField(default=0)),
                ("head_size", models.IntegerField(default=0)),
                ("head", models.CharField(blank=True, max_length=64)),
                ("tail_size", models.IntegerField(default=0)),
                ("tail", models.CharField(blank=True, max_length=64)),
                ("seen_in_pass", models.BigIntegerField(default=0)),
                ("seen_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("error", models.TextField(blank=True)),
                (
                    "run",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to="ingest.ingestrun"),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="files", to="ingest.source"
                    ),
                ),
            ],
            options={"ordering": ["name", "pk"]},
        ),
    ]
