"""Who answers for an address, as registries told it."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('mailwatch', '0011_redaction_levels'),
    ]

    operations = [
        migrations.CreateModel(
            name='AbuseContact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.GenericIPAddressField(unique=True)),
                ('network', models.CharField(blank=True, max_length=100)),
                ('name', models.CharField(blank=True, max_length=200)),
                ('mails', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=254), default=list)),
                ('error', models.CharField(blank=True, max_length=300)),
                ('asked_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['address'],
            },
        ),
    ]
