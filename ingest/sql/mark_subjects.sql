-- Subjects whose findings must be computed again before the run is done.
INSERT INTO ingest_dirtysubject (log_host_id, kind, value, piece_id)
SELECT %(log_host_id)s, marked.kind, marked.value, %(piece_id)s
FROM unnest(%(kinds)s::text[], %(values)s::text[]) AS marked (kind, value)
ORDER BY marked.kind, marked.value
ON CONFLICT DO NOTHING
