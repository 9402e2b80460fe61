-- Those of some message ids that have a row.
SELECT message_id FROM ingest_message WHERE log_host_id = %s AND message_id = ANY(%s)
