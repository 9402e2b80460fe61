-- Where the newest day of a range begins, by the zone of the log host, and what was written last of the days before it:
-- other numbers after every change of their rows.
WITH newest AS (
    SELECT date_trunc('day', max(hour), %(zone)s) AS begins
    FROM ingest_hoursign
    WHERE log_host_id = %(log_host_id)s AND hour >= %(since)s AND hour < %(until)s
)
SELECT
    min(newest.begins),
    count(*),
    coalesce(sum(sign.xmin::text::bigint), 0)::bigint,
    coalesce(sum(sign.count), 0)::bigint
FROM newest
JOIN ingest_hoursign AS sign
    ON sign.log_host_id = %(log_host_id)s AND sign.hour >= %(since)s AND sign.hour < newest.begins
