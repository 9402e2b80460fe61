-- The signs of a log host within some hours, each value of a sign in one row: of gateways one for each day of its zone,
-- of what is not completed one for each hour.
SELECT
    sign, value, sum(count), max(count), sum(total), string_agg(array_to_string(seen, E'\n'), E'\n'),
    min(first_at), max(last_at),
    array_agg(message_id ORDER BY hour) FILTER (WHERE message_id IS NOT NULL),
    array_agg(line_ref ORDER BY hour) FILTER (WHERE line_ref IS NOT NULL)
FROM ingest_hoursign
WHERE log_host_id = %(log_host_id)s AND hour >= %(since)s AND hour < %(until)s
GROUP BY
    sign, value,
    CASE sign
        WHEN 'gateway' THEN date_trunc('day', hour, %(zone)s)
        WHEN 'not completed' THEN hour
    END
ORDER BY sign, value, min(first_at)
