-- Whether refusals of a month that goes have lines on pages that stay.
SELECT FROM going_rejection
WHERE log_host_id = %(log_host_id)s
    AND NOT EXISTS (SELECT FROM going_page WHERE log_host_id = %(log_host_id)s AND page_id = line_ref >> 20)
LIMIT 1
