"""The audit trail. Its rows cannot be changed, nor deleted before they are old."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.functions.datetime
from django.db import migrations, models


STAYS = """
CREATE FUNCTION mailwatch_trail_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.at < nullif(current_setting('mailwatch.trail_begins', true), '')::timestamptz THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit trail is never changed';
END
$$;
CREATE TRIGGER mailwatch_trail_stays BEFORE UPDATE OR DELETE ON mailwatch_trailentry
    FOR EACH ROW EXECUTE FUNCTION mailwatch_trail_stays();
"""
GOES = """
DROP TRIGGER mailwatch_trail_stays ON mailwatch_trailentry;
DROP FUNCTION mailwatch_trail_stays();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('mailwatch', '0017_incidents'),
    ]

    operations = [
        migrations.CreateModel(
            name='TrailEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('user_id', models.BigIntegerField(default=0)),
                ('username', models.CharField(blank=True, max_length=150)),
                ('address', models.GenericIPAddressField(null=True)),
                ('kind', models.CharField(choices=[('sign-in', 'signed in'), ('sign-out', 'signed out'), ('search', 'searched'), ('view', 'looked at'), ('export', 'exported'), ('upload', 'handed in logs'), ('run', 'steered a run'), ('share', 'shared'), ('opening', 'opened a link'), ('incident', 'worked on an incident'), ('setting', 'changed a setting'), ('people', 'changed a user'), ('security', 'changed how they sign in')], max_length=10)),
                ('page', models.CharField(max_length=60)),
                ('outcome', models.CharField(choices=[('done', 'done'), ('nothing', 'nothing found'), ('refused', 'not allowed'), ('failed', 'failed')], default='done', max_length=8)),
                ('subject', models.CharField(blank=True, max_length=500)),
                ('whose', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=320), default=list)),
                ('details', models.JSONField(default=dict)),
                ('log_host_ids', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), null=True)),
            ],
            options={
                'ordering': ['-at', '-id'],
                'indexes': [models.Index(fields=['at', 'id'], name='trail_at'), models.Index(fields=['user_id', 'at', 'id'], name='trail_user'), models.Index(fields=['kind', 'at', 'id'], name='trail_kind'), models.Index(fields=['subject'], name='trail_subject', opclasses=['varchar_pattern_ops']), django.contrib.postgres.indexes.GinIndex(fields=['whose'], name='trail_whose')],
            },
        ),
        migrations.RunSQL(STAYS, GOES),
    ]
