"""A re-evaluation says how many messages it judged."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ingest', '0034_knowledge'),
    ]

    operations = [
        migrations.AddField(
            model_name='reevaluation',
            name='messages',
            field=models.BigIntegerField(null=True),
        ),
    ]
