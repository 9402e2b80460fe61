-- An attack's messages in one pass: how many there are of each HELO name, account, envelope sender and address. Of each the
-- most frequent values, and how many values there are; all addresses.
SELECT
    CASE sets WHEN 7 THEN 'helo_name' WHEN 11 THEN 'authenticated_id' WHEN 13 THEN 'envelope_sender'
        ELSE 'sender_host_address' END,
    value, number, total
FROM (
    SELECT
        *,
        row_number() OVER (PARTITION BY sets ORDER BY number DESC, value) AS place,
        count(*) OVER (PARTITION BY sets) AS total
    FROM (
        SELECT
            grouping(helo_name, authenticated_id, envelope_sender, sender_host_address) AS sets,
            coalesce(helo_name, authenticated_id, envelope_sender, host(sender_host_address)) AS value,
            count(*) AS number
        FROM ({rows}) AS message
        GROUP BY GROUPING SETS ((helo_name), (authenticated_id), (envelope_sender), (sender_host_address))
    ) AS figure
) AS ranked
WHERE sets = 14 OR place <= %s
ORDER BY sets, place
