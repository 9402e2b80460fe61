-- The months of partitions that are being detached, are detached, or were set aside to be dropped.
-- Parameter: the tables that have partitions.
SELECT to_date(substring(child.relname FROM '_(\d{4}_\d{2})(_going)?$'), 'YYYY_MM')
FROM unnest(%(tables)s::text[]) AS parent (relname)
JOIN pg_class AS child ON child.relname ~ ('^' || parent.relname || '_\d{4}_\d{2}(_going)?$') AND child.relkind = 'r'
    AND pg_table_is_visible(child.oid)
LEFT JOIN pg_inherits ON inhrelid = child.oid
WHERE inhrelid IS NULL OR inhdetachpending
