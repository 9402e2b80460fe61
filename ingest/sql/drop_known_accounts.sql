-- The accounts that a list no longer names.
DELETE FROM ingest_knownaccount WHERE log_host_id = %(log_host_id)s AND account = ANY (%(accounts)s::text[])
