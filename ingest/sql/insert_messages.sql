-- The messages that no batch before has seen. In the order of their ids, so that batches that share messages wait
-- for each other instead of deadlocking. Returns the ids that went in.
INSERT INTO ingest_message SELECT * FROM staged_message ORDER BY message_id
ON CONFLICT (log_host_id, message_id) DO NOTHING
RETURNING message_id
