-- The pages of a month that goes.
SELECT page_id FROM going_page WHERE log_host_id = %(log_host_id)s
