-- Count authenticated arrivals up, by authenticator.
INSERT INTO ingest_logincount (log_host_id, authenticator, named, nameless, unrecorded)
SELECT %(log_host_id)s, * FROM unnest(
    %(authenticators)s::text[], %(named)s::bigint[], %(nameless)s::bigint[], %(unrecorded)s::bigint[]
) AS added (authenticator, named, nameless, unrecorded)
ORDER BY added.authenticator
ON CONFLICT (log_host_id, authenticator) DO UPDATE SET
    named = ingest_logincount.named + EXCLUDED.named,
    nameless = ingest_logincount.nameless + EXCLUDED.nameless,
    unrecorded = ingest_logincount.unrecorded + EXCLUDED.unrecorded
