-- What was refused of an attack in one pass: how many refusals there are of each HELO name, account tried and address. Of
-- each the most frequent values, and how many values there are; all addresses. What the log does not say is left out.
SELECT
    CASE sets WHEN 3 THEN 'helo_name' WHEN 5 THEN 'account' ELSE 'sender_host_address' END,
    value, number, total
FROM (
    SELECT
        *,
        row_number() OVER (PARTITION BY sets ORDER BY number DESC, value) AS place,
        count(*) OVER (PARTITION BY sets) AS total
    FROM (
        SELECT
            grouping(helo_name, account, sender_host_address) AS sets,
            coalesce(helo_name, account, host(sender_host_address)) AS value,
            count(*) AS number
        FROM ({rows}) AS refusal
        GROUP BY GROUPING SETS ((helo_name), (account), (sender_host_address))
    ) AS figure
    WHERE value IS NOT NULL
) AS ranked
WHERE sets = 6 OR place <= %s
ORDER BY sets, place
