"""Daily reports by mail: who gets them, and which were sent."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

_ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [("ingest", "0047_hour_counts"), ("mailwatch", "0003_saved_searches")]

    operations = [
        migrations.CreateModel(
            name="DailyRecipient",
            fields=[
                ("id", _ID.clone()),
                ("address", models.EmailField(max_length=254)),
                ("from_day", models.DateField(null=True)),
                ("added_by", models.CharField(max_length=150)),
                ("added_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "log_host",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="daily_recipients",
                        to="ingest.loghost",
                    ),
                ),
            ],
            options={
                "ordering": ["address"],
                "constraints": [
                    models.UniqueConstraint(fields=("log_host", "address"), name="daily_recipient_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="DailyMail",
            fields=[
                ("id", _ID.clone()),
                ("day", models.DateField()),
                ("address", models.EmailField(max_length=254)),
                ("sent_at", models.DateTimeField(null=True)),
                ("error", models.TextField(blank=True)),
                (
                    "log_host",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="daily_mails",
                        to="ingest.loghost",
                    ),
                ),
            ],
            options={
                "ordering": ["day", "address"],
                "constraints": [
                    models.UniqueConstraint(fields=("log_host", "day", "address"), name="daily_mail_once")
                ],
            },
        ),
    ]
