"""Tokens by which programs read what somebody may read."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ingest', '0001_tables'),
        ('mailwatch', '0018_trail'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('token_digest', models.CharField(max_length=64, unique=True)),
                ('beginning', models.CharField(max_length=10)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('search', 'Search'), ('timeline', 'Timelines of messages'), ('sender', 'Sender hosts'), ('relays', 'Suspicious relays'), ('runs', 'Runs')], max_length=10))),
                ('has_all_log_hosts', models.BooleanField(default=False)),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(null=True)),
                ('last_used_at', models.DateTimeField(null=True)),
                ('last_network', models.GenericIPAddressField(null=True)),
                ('last_prefix', models.SmallIntegerField(default=0)),
                ('minute', models.DateTimeField(null=True)),
                ('calls', models.IntegerField(default=0)),
                ('log_hosts', models.ManyToManyField(related_name='+', to='ingest.loghost')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_tokens', to=settings.AUTH_USER_MODEL)),
                ('revoked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
    ]
