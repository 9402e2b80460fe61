"""Deliveries are found by the server that they went to, and by their transport.

Both hold few different texts, which an index keeps together: about six bytes a row.
"""

from django.db import migrations

_MAKE = """
CREATE INDEX ingest_delivery_remote_host ON ingest_delivery (remote_host_address) WHERE remote_host_address IS NOT NULL;
CREATE INDEX ingest_delivery_transport ON ingest_delivery (transport) WHERE transport IS NOT NULL;
"""
_UNDO = "DROP INDEX ingest_delivery_transport, ingest_delivery_remote_host"


class Migration(migrations.Migration):
    dependencies = [("ingest", "0056_allowed_for_the_log_host")]

    operations = [migrations.RunSQL(_MAKE, _UNDO)]
