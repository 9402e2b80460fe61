"""What people say of a log host: its own addresses, smarthosts, accounts and thresholds, and what is allowed there."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ingest', '0033_script_runs'),
    ]

    operations = [
        migrations.AddField(
            model_name='loghost',
            name='knowledge_changed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='loghost',
            name='limits',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='loghost',
            name='own_addresses',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=45), blank=True, default=list),
        ),
        migrations.AddField(
            model_name='loghost',
            name='smarthosts',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=50), blank=True, default=list),
        ),
        migrations.CreateModel(
            name='AllowEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rule', models.CharField(blank=True, max_length=4)),
                ('kind', models.CharField(choices=[('sender_host_address', 'address'), ('network', 'network'), ('authenticated_id', 'account'), ('local_user', 'local user')], max_length=20)),
                ('value', models.TextField()),
                ('reason', models.TextField()),
                ('author', models.CharField(max_length=150)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('until', models.DateTimeField()),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('withdrawn_by', models.CharField(blank=True, max_length=150)),
                ('log_host', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='allow_entries', to='ingest.loghost')),
            ],
            options={
                'ordering': ['log_host', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='finding',
            name='allowed_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='findings', to='ingest.allowentry'),
        ),
        migrations.CreateModel(
            name='KnownAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account', models.CharField(max_length=255)),
                ('log_host', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='known_accounts', to='ingest.loghost')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('log_host', 'account'), name='known_account_once')],
            },
        ),
        migrations.CreateModel(
            name='Reevaluation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('scope', models.CharField(choices=[('allowed', 'Allowed'), ('everything', 'Everything')], max_length=10)),
                ('why', models.TextField()),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed')], default='waiting', max_length=8)),
                ('done', models.BigIntegerField(default=0)),
                ('total', models.BigIntegerField(default=0)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('begun_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('error', models.TextField(blank=True)),
                ('attempts', models.IntegerField(default=0)),
                ('lease_until', models.DateTimeField(null=True)),
                ('before', models.JSONField(default=dict)),
                ('after', models.JSONField(default=dict)),
                ('log_host', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reevaluations', to='ingest.loghost')),
            ],
            options={
                'ordering': ['log_host', 'pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'waiting')), fields=('log_host',), name='reevaluation_waits_once')],
            },
        ),
    ]
