-- Count deliveries by local transports up, by domain.
INSERT INTO ingest_localdomain (log_host_id, domain, deliveries)
SELECT %(log_host_id)s, * FROM unnest(%(domains)s::text[], %(deliveries)s::bigint[]) AS added (domain, deliveries)
ORDER BY added.domain
ON CONFLICT (log_host_id, domain) DO UPDATE SET deliveries = ingest_localdomain.deliveries + EXCLUDED.deliveries
