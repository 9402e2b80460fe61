-- Count programs that handed in a message up, by hour and directory.
INSERT INTO ingest_scriptruns (log_host_id, hour, directory, runs)
SELECT %(log_host_id)s, * FROM unnest(%(hours)s::timestamptz[], %(directories)s::text[], %(runs)s::bigint[])
    AS added (hour, directory, runs)
ORDER BY added.hour, added.directory
ON CONFLICT (log_host_id, hour, directory) DO UPDATE SET runs = ingest_scriptruns.runs + EXCLUDED.runs
