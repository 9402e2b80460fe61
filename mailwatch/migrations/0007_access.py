"""What each user may do, and read. Those there are keep what they could: superusers administer, others are the helpdesk."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def keep_what_they_could(apps, schema_editor):
    users = apps.get_model("auth", "User").objects.using(schema_editor.connection.alias)
    access = apps.get_model("mailwatch", "Access").objects.using(schema_editor.connection.alias)
    access.bulk_create(
        access.model(
            user_id=pk, role="administrator" if is_superuser else "helpdesk", has_all_log_hosts=True
        )
        for pk, is_superuser in users.values_list("pk", "is_superuser")
    )


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("ingest", "0001_tables"),
        ("mailwatch", "0006_preferences"),
    ]

    operations = [
        migrations.CreateModel(
            name="Access",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="access",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("reader", "Reader"),
                            ("helpdesk", "Helpdesk"),
                            ("postmaster", "Postmaster"),
                            ("administrator", "Administrator"),
                        ],
                        default="reader",
                        max_length=20,
                    ),
                ),
                ("has_all_log_hosts", models.BooleanField(default=False)),
                ("log_hosts", models.ManyToManyField(related_name="+", to="ingest.loghost")),
            ],
            options={"verbose_name_plural": "accesses"},
        ),
        migrations.AddConstraint(
            model_name="access",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["reader", "helpdesk", "postmaster", "administrator"])),
                name="access_role_known",
            ),
        ),
        migrations.RunPython(keep_what_they_could, migrations.RunPython.noop, elidable=True),
    ]
