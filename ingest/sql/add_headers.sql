-- Point refusals at the entries that have their headers, where those have more lines than what is known so far.
-- Parameters: the log host, then arrays of equal length; a key stands in them once.
UPDATE ingest_rejection AS refusal
SET headers_ref = added.headers_ref, header_lines = added.header_lines
FROM unnest(
    %(logged_at)s::timestamptz[], %(digest)s::bigint[], %(copy)s::smallint[],
    %(headers_ref)s::bigint[], %(header_lines)s::integer[]
) AS added (logged_at, digest, copy, headers_ref, header_lines)
WHERE refusal.log_host_id = %(log_host_id)s
    AND refusal.logged_at = added.logged_at AND refusal.digest = added.digest AND refusal.copy = added.copy
    AND coalesce(refusal.header_lines, 0) < added.header_lines
