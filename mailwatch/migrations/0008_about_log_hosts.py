"""Which log hosts shared reports and searches for all are about: only who may read all of these sees them."""

from urllib.parse import parse_qs

import django.contrib.postgres.fields
from django.db import migrations, models


def say_which(apps, schema_editor):
    alias = schema_editor.connection.alias
    ids = dict(apps.get_model("ingest", "LogHost").objects.using(alias).values_list("name", "pk"))
    reports = apps.get_model("mailwatch", "SharedReport").objects.using(alias)
    for pk, names in reports.values_list("pk", "log_hosts"):
        named = [ids.get(name) for name in names.split(", ")]
        reports.filter(pk=pk).update(log_host_ids=None if None in named else named)
    searches = apps.get_model("mailwatch", "SavedSearch").objects.using(alias)
    for pk, query in searches.values_list("pk", "query"):
        name = parse_qs(query).get("log_host", [""])[-1]
        searches.filter(pk=pk).update(log_host_ids=[ids[name]] if name in ids else None)


class Migration(migrations.Migration):
    dependencies = [("ingest", "0001_tables"), ("mailwatch", "0007_access")]

    operations = [
        migrations.AddField(
            model_name=name,
            name="log_host_ids",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), null=True, size=None
            ),
        )
        for name in ("sharedreport", "savedsearch")
    ] + [migrations.RunPython(say_which, migrations.RunPython.noop, elidable=True)]
