-- Count the new lines of a batch up. Parameters: the log host, then arrays of equal length.
INSERT INTO ingest_hourlyvolume
    (log_host_id, hour, lines, messages, delivered, deferred, bounced, rejected, failed_logins)
SELECT %(log_host_id)s, * FROM unnest(
    %(hours)s::timestamptz[], %(lines)s::bigint[], %(messages)s::bigint[], %(delivered)s::bigint[],
    %(deferred)s::bigint[], %(bounced)s::bigint[], %(rejected)s::bigint[], %(failed_logins)s::bigint[]
) AS added (hour, lines, messages, delivered, deferred, bounced, rejected, failed_logins)
ORDER BY added.hour
ON CONFLICT (log_host_id, hour) DO UPDATE SET
    lines = ingest_hourlyvolume.lines + EXCLUDED.lines,
    messages = ingest_hourlyvolume.messages + EXCLUDED.messages,
    delivered = ingest_hourlyvolume.delivered + EXCLUDED.delivered,
    deferred = ingest_hourlyvolume.deferred + EXCLUDED.deferred,
    bounced = ingest_hourlyvolume.bounced + EXCLUDED.bounced,
    rejected = ingest_hourlyvolume.rejected + EXCLUDED.rejected,
    failed_logins = ingest_hourlyvolume.failed_logins + EXCLUDED.failed_logins
