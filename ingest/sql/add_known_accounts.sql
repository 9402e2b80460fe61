-- The accounts of a list that were not known.
INSERT INTO ingest_knownaccount (log_host_id, account)
SELECT %(log_host_id)s, account FROM unnest(%(accounts)s::text[]) AS added (account)
