"""What the pages of Django's admin site noted; they are gone, and their table would keep users from being deleted."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("mailwatch", "0008_about_log_hosts")]

    operations = [
        migrations.RunSQL("DROP TABLE IF EXISTS django_admin_log", migrations.RunSQL.noop, elidable=True)
    ]
