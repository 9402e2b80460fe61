-- Messages of a month that goes, with their lines on pages of other months.
SELECT message_id, array_agg(line_ref ORDER BY line_ref)
FROM going_message, unnest(line_refs_of(line_refs)) AS line_ref
WHERE log_host_id = %(log_host_id)s
    AND NOT EXISTS (SELECT FROM going_page WHERE log_host_id = %(log_host_id)s AND page_id = line_ref >> 20)
GROUP BY message_id
