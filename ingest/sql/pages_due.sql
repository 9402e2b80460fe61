-- Pages whose last line is older than a moment, and that no run begun since then holds lines of; oldest first.
SELECT page_id, first_at, last_at, lines
FROM ingest_page AS page
WHERE log_host_id = %(log_host_id)s AND last_at < %(before)s AND NOT EXISTS (
    SELECT FROM ingest_lineshare AS share
    JOIN ingest_logfile AS file ON file.id = share.log_file_id
    JOIN ingest_ingestrun AS run ON run.id = file.run_id
    WHERE share.log_host_id = page.log_host_id AND share.page_id = page.page_id AND run.created_at >= %(before)s
)
ORDER BY first_at, page_id
