"""Where the headers of a refused message stand, if a rejectlog gave them.

The tables are ingest/sql/partitioned_tables.sql's, so the columns are added by SQL: at once, with no rewrite, in every
partition.
"""

from django.db import migrations, models

SQL = "ALTER TABLE ingest_rejection ADD COLUMN headers_ref bigint, ADD COLUMN header_lines integer"
BACK = "ALTER TABLE ingest_rejection DROP COLUMN headers_ref, DROP COLUMN header_lines"


class Migration(migrations.Migration):
    dependencies = [("ingest", "0003_zones")]

    operations = [
        migrations.RunSQL(
            SQL,
            BACK,
            state_operations=[
                migrations.AddField("rejection", "headers_ref", models.BigIntegerField(null=True)),
                migrations.AddField("rejection", "header_lines", models.IntegerField(null=True)),
            ],
        ),
    ]
