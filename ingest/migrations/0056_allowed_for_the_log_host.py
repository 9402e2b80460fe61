"""What is found on a log host as a whole, or in its configuration, can be allowed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ingest", "0055_strangers_written_to")]

    operations = [
        migrations.AlterField(
            model_name="allowentry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("sender_host_address", "address"),
                    ("network", "network"),
                    ("authenticated_id", "account"),
                    ("local_user", "local user"),
                    ("log_host", "log host as a whole"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(model_name="allowentry", name="value", field=models.TextField(blank=True)),
    ]
