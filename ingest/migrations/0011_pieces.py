"""Large files in several pieces, and entries that could not be stored."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ingest", "0010_retention")]

    operations = [
        migrations.AddField("logfile", "set_aside_lines", models.BigIntegerField(default=0)),
        migrations.AddField("piece", "start", models.BigIntegerField(default=0)),
        migrations.AddField("piece", "end", models.BigIntegerField(null=True)),
        migrations.AddField("piece", "hands_on", models.BooleanField(default=False)),
        migrations.AddField(
            "piece", "path", models.CharField(blank=True, default="", max_length=1024), preserve_default=False
        ),
        migrations.AddField("piece", "packed", models.BigIntegerField(default=0)),
        migrations.AddField("piece", "last_at", models.DateTimeField(null=True)),
        migrations.AddField("piece", "outages", models.IntegerField(default=0)),
        migrations.AddField("piece", "error", models.TextField(blank=True, default=""), preserve_default=False),
        # pieces that are at work go on behind the lines that their file has so far
        migrations.RunSQL(
            "UPDATE ingest_piece AS piece SET last_at = file.last_at FROM ingest_logfile AS file"
            " WHERE file.id = piece.file_id",
            migrations.RunSQL.noop,
        ),
        migrations.CreateModel(
            "SetAside",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("text", models.BinaryField()),
                ("lines", models.IntegerField()),
                ("reason", models.TextField()),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="set_aside",
                        to="ingest.logfile",
                    ),
                ),
            ],
            options={"ordering": ["pk"]},
        ),
    ]
