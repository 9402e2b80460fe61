-- Count what lines name up, by kind, hour and value.
INSERT INTO ingest_hourcount (log_host_id, kind, hour, value, number)
SELECT %(log_host_id)s, * FROM unnest(
    %(kinds)s::text[], %(hours)s::timestamptz[], %(names)s::text[], %(numbers)s::bigint[]
) AS added (kind, hour, value, number)
ORDER BY added.kind, added.hour, added.value COLLATE "C"
ON CONFLICT (log_host_id, kind, hour, value) DO UPDATE SET number = ingest_hourcount.number + EXCLUDED.number
