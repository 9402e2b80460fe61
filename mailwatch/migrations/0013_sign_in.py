"""Invitations, and attempts to sign in, counted in a table that all processes share.

All who are signed in sign in once more: sessions of before are in no list that could end them.
"""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


def end_sessions(apps, schema_editor):
    apps.get_model("sessions", "Session").objects.using(schema_editor.connection.alias).all().delete()


# As Django's DatabaseCache has it (createcachetable).
ATTEMPTS = """
CREATE TABLE IF NOT EXISTS mailwatch_attempts (
    cache_key varchar(255) NOT NULL PRIMARY KEY,
    value text NOT NULL,
    expires timestamp with time zone NOT NULL
);
CREATE INDEX IF NOT EXISTS mailwatch_attempts_expires ON mailwatch_attempts (expires);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("ingest", "0001_tables"),
        ("mailwatch", "0012_abuse_contacts"),
        ("sessions", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("token_digest", models.CharField(max_length=64, unique=True)),
                ("email", models.EmailField(blank=True, max_length=254)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("reader", "Reader"),
                            ("helpdesk", "Helpdesk"),
                            ("postmaster", "Postmaster"),
                            ("administrator", "Administrator"),
                        ],
                        max_length=20,
                    ),
                ),
                ("has_all_log_hosts", models.BooleanField(default=False)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("used_at", models.DateTimeField(null=True)),
                ("log_hosts", models.ManyToManyField(related_name="+", to="ingest.loghost")),
                (
                    "made_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invitations",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "used_by",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="invitation",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={"ordering": ["-pk"]},
        ),
        migrations.RunSQL(ATTEMPTS, "DROP TABLE mailwatch_attempts", elidable=False),
        migrations.RunPython(end_sessions, migrations.RunPython.noop, elidable=True),
    ]
