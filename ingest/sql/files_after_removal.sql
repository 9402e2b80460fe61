-- The first and last line of a log host's files, by the pages they still hold whole; a file without any line says so.
UPDATE ingest_logfile AS file
SET first_at = held.first_at, last_at = held.last_at, expired_at = CASE WHEN held.pages = 0 THEN now() END
FROM (
    SELECT file.id, min(page.first_at) AS first_at, max(page.last_at) AS last_at, count(share.page_id) AS pages
    FROM ingest_logfile AS file
    LEFT JOIN ingest_lineshare AS share ON share.log_host_id = file.log_host_id AND share.log_file_id = file.id
    LEFT JOIN ingest_page AS page ON page.log_host_id = share.log_host_id AND page.page_id = share.page_id
    WHERE file.log_host_id = %(log_host_id)s AND file.first_at IS NOT NULL AND file.finished_at IS NOT NULL
    GROUP BY file.id
) AS held
WHERE file.id = held.id
