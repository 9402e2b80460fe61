"""The ordinary tables."""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import ingest.models.log_hosts
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='IngestRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('finished', 'Finished'), ('refused', 'Refused'), ('failed', 'Failed')], default='waiting', max_length=10)),
                ('started_by', models.CharField(blank=True, max_length=150)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('lease_until', models.DateTimeField(null=True)),
                ('error', models.TextField(blank=True)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='LogHost',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, unique=True, validators=[django.core.validators.RegexValidator('\\A[A-Za-z0-9][A-Za-z0-9._-]{0,99}\\Z', "A log host's name has letters, digits, dots, hyphens and underscores only, 100 at most.")])),
                ('timezone', models.CharField(default='UTC', max_length=64, validators=[ingest.models.log_hosts.zone_name])),
                ('local_domains', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=255), blank=True, default=list)),
                ('inferred_local_domains', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=255), blank=True, default=list)),
                ('trusted_networks', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=50), blank=True, default=list)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('facts_digest', models.CharField(blank=True, max_length=32)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='LogFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=255)),
                ('path', models.CharField(max_length=1024)),
                ('is_upload', models.BooleanField(default=False)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('finished', 'Finished'), ('refused', 'Refused'), ('failed', 'Failed')], default='waiting', max_length=10)),
                ('size', models.BigIntegerField(default=0)),
                ('size_read', models.BigIntegerField(default=0)),
                ('digest', models.CharField(blank=True, db_index=True, max_length=64)),
                ('lines', models.BigIntegerField(default=0)),
                ('new_lines', models.BigIntegerField(default=0)),
                ('duplicate_lines', models.BigIntegerField(default=0)),
                ('unparsed_lines', models.BigIntegerField(default=0)),
                ('messages', models.BigIntegerField(default=0)),
                ('deliveries', models.BigIntegerField(default=0)),
                ('rejections', models.BigIntegerField(default=0)),
                ('unparsed_samples', models.JSONField(default=list)),
                ('features', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=30), default=list)),
                ('own_addresses', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=45), default=list)),
                ('first_at', models.DateTimeField(null=True)),
                ('last_at', models.DateTimeField(null=True)),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('error', models.TextField(blank=True)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='ingest.ingestrun')),
                ('log_host', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='ingest.loghost')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.AddField(
            model_name='ingestrun',
            name='log_host',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='runs', to='ingest.loghost'),
        ),
        migrations.CreateModel(
            name='HourlyVolume',
            fields=[
                ('pk', models.CompositePrimaryKey('log_host_id', 'hour', blank=True, editable=False, primary_key=True, serialize=False)),
                ('hour', models.DateTimeField()),
                ('lines', models.BigIntegerField(default=0)),
                ('messages', models.BigIntegerField(default=0)),
                ('delivered', models.BigIntegerField(default=0)),
                ('deferred', models.BigIntegerField(default=0)),
                ('bounced', models.BigIntegerField(default=0)),
                ('rejected', models.BigIntegerField(default=0)),
                ('failed_logins', models.BigIntegerField(default=0)),
                ('log_host', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='ingest.loghost')),
            ],
        ),
        migrations.CreateModel(
            name='Piece',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.IntegerField(default=0)),
                ('offset', models.BigIntegerField(default=0)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('finished', 'Finished'), ('refused', 'Refused'), ('failed', 'Failed')], default='waiting', max_length=10)),
                ('lease_until', models.DateTimeField(null=True)),
                ('attempts', models.IntegerField(default=0)),
                ('file', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pieces', to='ingest.logfile')),
            ],
        ),
        migrations.CreateModel(
            name='DirtySubject',
            fields=[
                ('pk', models.CompositePrimaryKey('log_host_id', 'kind', 'value', 'piece_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=20)),
                ('value', models.TextField()),
                ('log_host', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='ingest.loghost')),
                ('piece', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='ingest.piece')),
            ],
        ),
        migrations.CreateModel(
            name='StoredConfiguration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=255)),
                ('text', models.TextField()),
                ('stored_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('log_host', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='configurations', to='ingest.loghost')),
            ],
            options={
                'ordering': ['log_host', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Suspect',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=20)),
                ('value', models.TextField()),
                ('severity', models.CharField(max_length=8)),
                ('attack', models.TextField()),
                ('messages', models.BigIntegerField()),
                ('recipients', models.BigIntegerField()),
                ('delivered', models.BigIntegerField()),
                ('deferred', models.BigIntegerField()),
                ('bounced', models.BigIntegerField()),
                ('rejections', models.BigIntegerField()),
                ('failed_logins', models.BigIntegerField()),
                ('first_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
                ('message_ids', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=23))),
                ('helo_names', django.contrib.postgres.fields.ArrayField(base_field=models.TextField())),
                ('authenticators', django.contrib.postgres.fields.ArrayField(base_field=models.TextField())),
                ('queued', models.BigIntegerField()),
                ('sender_host_addresses', django.contrib.postgres.fields.ArrayField(base_field=models.TextField())),
                ('refused_since', models.BigIntegerField()),
                ('logins_after_guessing', django.contrib.postgres.fields.ArrayField(base_field=models.TextField())),
                ('log_host', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='suspects', to='ingest.loghost')),
            ],
        ),
        migrations.CreateModel(
            name='Finding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rule', models.CharField(max_length=4)),
                ('version', models.IntegerField()),
                ('severity', models.CharField(max_length=8)),
                ('title', models.TextField()),
                ('evidence', models.TextField()),
                ('count', models.BigIntegerField()),
                ('first_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
                ('message_ids', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=23))),
                ('line_refs', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField())),
                ('values', django.contrib.postgres.fields.ArrayField(base_field=models.TextField())),
                ('peak', models.BigIntegerField()),
                ('suspect', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='findings', to='ingest.suspect')),
            ],
        ),
        migrations.CreateModel(
            name='LocalDomain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('domain', models.CharField(max_length=255)),
                ('deliveries', models.BigIntegerField()),
                ('log_host', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='ingest.loghost')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('log_host', 'domain'), name='local_domain_once')],
            },
        ),
        migrations.CreateModel(
            name='LineShare',
            fields=[
                ('pk', models.CompositePrimaryKey('log_host_id', 'log_file_id', 'page_id', blank=True, editable=False, primary_key=True, serialize=False)),
                ('page_id', models.BigIntegerField()),
                ('offsets', django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), null=True)),
                ('log_file', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='shares', to='ingest.logfile')),
                ('log_host', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='ingest.loghost')),
            ],
            options={
                'indexes': [models.Index(fields=['log_host', 'page_id'], name='line_share_page')],
            },
        ),
        migrations.CreateModel(
            name='LoginCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('authenticator', models.CharField(max_length=255)),
                ('named', models.BigIntegerField()),
                ('nameless', models.BigIntegerField()),
                ('unrecorded', models.BigIntegerField()),
                ('log_host', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='ingest.loghost')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('log_host', 'authenticator'), name='login_count_once')],
            },
        ),
        migrations.AddConstraint(
            model_name='piece',
            constraint=models.UniqueConstraint(fields=('file', 'number'), name='piece_once'),
        ),
        migrations.AddConstraint(
            model_name='suspect',
            constraint=models.UniqueConstraint(fields=('log_host', 'kind', 'value'), name='suspect_once'),
        ),
        migrations.AddConstraint(
            model_name='finding',
            constraint=models.UniqueConstraint(fields=('suspect', 'rule'), name='finding_once'),
        ),
    ]
