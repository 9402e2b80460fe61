-- Message rows of one batch, before they are merged.
CREATE TEMP TABLE IF NOT EXISTS staged_message (LIKE ingest_message) ON COMMIT DELETE ROWS
