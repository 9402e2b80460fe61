"""While somebody types an account, those that begin so are offered: this small table answers, by an index."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ingest", "0040_judged_ranges")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX ingest_login_beginning ON ingest_addresslogin"
            ' (lower(authenticated_id) COLLATE "C")',
            "DROP INDEX ingest_login_beginning",
        )
    ]
