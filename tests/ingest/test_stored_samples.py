"""What the rules say of annotated lines that are pasted they say of them stored, whichever way they came in."""

from pathlib import Path
from random import Random

import pytest
from django.utils.timezone import now

from ingest import classification, pipeline
from ingest.models import KnownAccount, LogHost, MessageFinding, StoredConfiguration
from ingest.rules.definition import MessageFinding as FoundOnMessage
from ingest.rules.definition import SubjectFinding
from tests.ingest.conftest import read_files
from tests.rules.annotated import CONFIGURATION, LOG_HOST, Found, Sample, judged, samples
from tests.rules.sample_hosts import told_instead_of_files

HITS = [sample for sample in samples() if sample.kind == "hit" and sample.lines]
PARTS = 3
NOTED = ("H01", "info")  # on messages of those who logged in, by the way


@pytest.mark.parametrize("sample", HITS, ids=lambda sample: sample.name)
def test_a_hit_in_three_files_with_the_lines_in_no_order(db: None, sample: Sample, tmp_path: Path) -> None:
    shuffled = Random(1).sample(sample.entries(), len(sample.entries()))
    with told_instead_of_files(sample.host.origins):
        host = log_host(sample)
        for part in range(PARTS):
            path = tmp_path / f"mainlog.{part}"
            path.write_text("".join(f"{entry}\n" for entry in shuffled[part::PARTS]))
            read_files(host, path)
        assert stored(host) == pasted(sample)


def log_host(sample: Sample) -> LogHost:
    """One of which is known what the sample tells."""
    host, known = pipeline.log_host(sample.host.name, "UTC")[0], sample.host.known
    host.local_domains = sorted(known.local_domains)
    host.trusted_networks = list(map(str, known.trusted_networks))
    host.smarthosts = list(map(str, known.smarthosts))
    host.own_addresses = sorted(known.own_addresses)
    host.knowledge_changed_at = now()
    host.save()
    KnownAccount.objects.bulk_create(KnownAccount(log_host=host, account=one) for one in known.known_accounts)
    if sample.configuration:
        StoredConfiguration.objects.create(log_host=host, name="configure", text=sample.configuration)
    return host


def pasted(sample: Sample) -> set[Found]:
    """Without what is judged only when it is asked for: what the log cannot tell, and the configuration."""
    found = {one for one in judged(sample) if one.rule != "S01" and one.subject != CONFIGURATION}
    return {one for one in found if one[:2] != NOTED}


def stored(host: LogHost) -> set[Found]:
    """The same of what is in the database."""
    host.refresh_from_db()
    found = {_found(one, LOG_HOST) for one in classification.host_findings(host)}
    for report in classification.subject_reports(host):
        found |= {_found(one, report.value) for one in report.findings}
    for message_id in set(MessageFinding.objects.values_list("message_id", flat=True)):
        found |= {_found(one, message_id) for one in classification.findings_of(host, message_id)}
    return {one for one in found if one[:2] != NOTED}


def _found(one: SubjectFinding | FoundOnMessage, subject: str) -> Found:
    return Found(one.rule, one.severity, subject, f"{one.title}: {one.evidence}")
