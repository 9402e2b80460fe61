-- The ids of stored messages between two, both included.
SELECT message_id FROM ingest_message WHERE log_host_id = %s AND message_id BETWEEN %s AND %s
