-- Refusals of a month that goes whose lines stand on pages that stay.
INSERT INTO ingest_rejection
SELECT * FROM going_rejection
WHERE log_host_id = %(log_host_id)s
    AND NOT EXISTS (SELECT FROM going_page WHERE log_host_id = %(log_host_id)s AND page_id = line_ref >> 20)
RETURNING 1
