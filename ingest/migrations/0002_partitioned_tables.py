"""The big tables, partitioned by month: SQL makes them, Django only keeps their state.

Ids and times outside 2000 to 2049 fall into the two edge partitions; months between are made as they come
(ingest/partitions.py). There is no default partition: it would have to be scanned and locked for each new month.
"""

from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.fields.related
from django.db import migrations, models

SQL = (Path(__file__).parent.parent / "sql" / "partitioned_tables.sql").read_text()
UNDO = """
DROP TABLE ingest_message_finding, ingest_rejection, ingest_delivery, ingest_message, ingest_page;
DROP SEQUENCE ingest_page_number;
"""


class Migration(migrations.Migration):

    dependencies = [("ingest", "0001_tables")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(SQL, UNDO)],
            state_operations=[
                migrations.CreateModel(
                    name='LogPage',
                    fields=[
                        ('pk', models.CompositePrimaryKey('log_host_id', 'page_id', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('page_id', models.BigIntegerField()),
                        ('first_at', models.DateTimeField()),
                        ('last_at', models.DateTimeField()),
                        ('lines', models.IntegerField()),
                        ('size', models.IntegerField()),
                        ('checksum', models.BigIntegerField()),
                        ('body', models.BinaryField()),
                        ('log_host', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, to='ingest.loghost')),
                    ],
                    options={
                        'db_table': 'ingest_page',
                    },
                ),
                migrations.CreateModel(
                    name='Message',
                    fields=[
                        ('pk', models.CompositePrimaryKey('log_host_id', 'message_id', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('message_id', models.CharField(db_collation='C', max_length=23)),
                        ('first_at', models.DateTimeField()),
                        ('last_at', models.DateTimeField()),
                        ('status', models.CharField(max_length=16)),
                        ('received_at', models.DateTimeField(null=True)),
                        ('arrival_digest', models.BigIntegerField(null=True)),
                        ('envelope_sender', models.TextField(null=True)),
                        ('sender_host_address', models.GenericIPAddressField(null=True)),
                        ('sender_host_port', models.IntegerField(null=True)),
                        ('sender_host_name', models.TextField(null=True)),
                        ('helo_name', models.TextField(null=True)),
                        ('interface_address', models.GenericIPAddressField(null=True)),
                        ('local_user', models.TextField(null=True)),
                        ('parent_message_id', models.CharField(db_collation='C', max_length=23, null=True)),
                        ('protocol', models.TextField(null=True)),
                        ('tls', models.TextField(null=True)),
                        ('authenticator', models.TextField(null=True)),
                        ('authenticated_id', models.TextField(null=True)),
                        ('size', models.BigIntegerField(null=True)),
                        ('header_message_id', models.TextField(null=True)),
                        ('subject', models.TextField(null=True)),
                        ('listed_recipients', django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), null=True)),
                        ('completed_at', models.DateTimeField(null=True)),
                        ('frozen_at', models.DateTimeField(null=True)),
                        ('thawed_at', models.DateTimeField(null=True)),
                        ('removed_at', models.DateTimeField(null=True)),
                        ('rejected_at', models.DateTimeField(null=True)),
                        ('connection_limit', models.IntegerField(null=True)),
                        ('delivered', models.IntegerField(default=0)),
                        ('deferred', models.IntegerField(default=0)),
                        ('bounced', models.IntegerField(default=0)),
                        ('line_refs', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField())),
                        ('log_host', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, to='ingest.loghost')),
                    ],
                    options={
                        'db_table': 'ingest_message',
                    },
                ),
                migrations.CreateModel(
                    name='Delivery',
                    fields=[
                        ('pk', models.CompositePrimaryKey('log_host_id', 'message_id', 'logged_at', 'digest', 'copy', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('message_id', models.CharField(db_collation='C', max_length=23)),
                        ('logged_at', models.DateTimeField()),
                        ('digest', models.BigIntegerField()),
                        ('copy', models.SmallIntegerField()),
                        ('outcome', models.CharField(max_length=9)),
                        ('is_attempt', models.BooleanField()),
                        ('recipient', models.TextField()),
                        ('original_recipient', models.TextField(null=True)),
                        ('router', models.TextField(null=True)),
                        ('transport', models.TextField(null=True)),
                        ('remote_host_name', models.TextField(null=True)),
                        ('remote_host_address', models.GenericIPAddressField(null=True)),
                        ('text', models.TextField(null=True)),
                        ('line_ref', models.BigIntegerField()),
                        ('log_host', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, to='ingest.loghost')),
                        ('message', models.ForeignObject(from_fields=('log_host_id', 'message_id'), on_delete=django.db.models.deletion.DO_NOTHING, related_name='attempts', to='ingest.message', to_fields=('log_host_id', 'message_id'))),
                    ],
                    options={
                        'db_table': 'ingest_delivery',
                    },
                ),
                migrations.CreateModel(
                    name='MessageFinding',
                    fields=[
                        ('pk', models.CompositePrimaryKey('log_host_id', 'message_id', 'rule', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('message_id', models.CharField(db_collation='C', max_length=23)),
                        ('rule', models.CharField(max_length=4)),
                        ('version', models.IntegerField()),
                        ('severity', models.CharField(max_length=8)),
                        ('evidence', models.TextField()),
                        ('log_host', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, to='ingest.loghost')),
                        ('message', models.ForeignObject(from_fields=('log_host_id', 'message_id'), on_delete=django.db.models.deletion.DO_NOTHING, related_name='findings', to='ingest.message', to_fields=('log_host_id', 'message_id'))),
                    ],
                    options={
                        'db_table': 'ingest_message_finding',
                    },
                ),
                migrations.CreateModel(
                    name='Rejection',
                    fields=[
                        ('pk', models.CompositePrimaryKey('log_host_id', 'logged_at', 'digest', 'copy', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('logged_at', models.DateTimeField()),
                        ('digest', models.BigIntegerField()),
                        ('copy', models.SmallIntegerField()),
                        ('is_login', models.BooleanField()),
                        ('stage', models.CharField(max_length=7)),
                        ('is_temporary', models.BooleanField()),
                        ('reason', models.CharField(max_length=20)),
                        ('message_id', models.CharField(db_collation='C', max_length=23, null=True)),
                        ('sender_host_address', models.GenericIPAddressField(null=True)),
                        ('sender_host_name', models.TextField(null=True)),
                        ('helo_name', models.TextField(null=True)),
                        ('envelope_sender', models.TextField(null=True)),
                        ('recipient', models.TextField(null=True)),
                        ('authenticator', models.TextField(null=True)),
                        ('account', models.TextField(null=True)),
                        ('text', models.TextField()),
                        ('line_ref', models.BigIntegerField()),
                        ('log_host', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, to='ingest.loghost')),
                    ],
                    options={
                        'db_table': 'ingest_rejection',
                    },
                ),
            ],
        ),
    ]
