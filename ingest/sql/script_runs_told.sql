-- The directories of which so many programs handed in a message within one hour, of some hours of a log host.
SELECT directory, sum(runs), max(runs), min(hour), max(hour)
FROM ingest_scriptruns
WHERE log_host_id = %(log_host_id)s AND hour >= %(since)s AND hour < %(until)s
GROUP BY directory HAVING max(runs) >= %(least)s
ORDER BY directory
