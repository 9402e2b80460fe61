-- Messages of other months that have lines on the pages of a month that goes.
SELECT message_id, line_refs_of(line_refs) FROM ingest_message
WHERE log_host_id = %(log_host_id)s AND first_at < %(until)s AND last_at >= %(since)s
    AND EXISTS (
        SELECT FROM unnest(line_refs_of(line_refs)) AS line_ref
        JOIN going_page ON going_page.log_host_id = ingest_message.log_host_id AND page_id = line_ref >> 20
    )
