"""Links that open with a button: only digests of tokens, passwords, limits of views, openings, and guesses.

Links of before stay open: their tokens become digests, which cannot be undone.
"""

import django.db.models.deletion
import mailwatch.models.shared_reports
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mailwatch", "0009_without_admin_site"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="sharedreport",
            name="content_hash",
            field=models.CharField(default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="sharedreport",
            name="most_views",
            field=models.IntegerField(null=True),
        ),
        migrations.AddField(
            model_name="sharedreport",
            name="password",
            field=models.CharField(blank=True, max_length=128),
        ),
        migrations.AddField(
            model_name="sharedreport",
            name="token_digest",
            field=models.CharField(max_length=64, null=True),
        ),
        migrations.RunSQL(
            "UPDATE mailwatch_sharedreport SET token_digest = encode(sha256(convert_to(token, 'UTF8')), 'hex')"
        ),
        migrations.AlterField(
            model_name="sharedreport",
            name="token_digest",
            field=models.CharField(
                default=mailwatch.models.shared_reports.nobodys_digest, max_length=64, unique=True
            ),
        ),
        migrations.RemoveField(
            model_name="sharedreport",
            name="token",
        ),
        migrations.CreateModel(
            name="ReportOpening",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                ("network", models.GenericIPAddressField(null=True)),
                ("prefix", models.SmallIntegerField(default=0)),
                ("user_agent", models.CharField(blank=True, max_length=200)),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="openings",
                        to="mailwatch.sharedreport",
                    ),
                ),
            ],
            options={
                "ordering": ["-opened_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="SharingStop",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("stopped_at", models.DateTimeField()),
                ("lifted_at", models.DateTimeField(null=True)),
                (
                    "lifted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "stopped_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-stopped_at"],
                "constraints": [
                    models.UniqueConstraint(
                        models.Value(1), condition=models.Q(("lifted_at", None)), name="sharing_stopped_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="WrongGuess",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("network", models.GenericIPAddressField()),
                ("guessed_at", models.DateTimeField()),
                (
                    "report",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="mailwatch.sharedreport",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["network", "guessed_at"], name="wrong_guess_from"),
                    models.Index(
                        condition=models.Q(("report", None), _negated=True),
                        fields=["report", "guessed_at"],
                        name="wrong_guess_at",
                    ),
                ],
            },
        ),
    ]
