"""New findings come to the incidents whose suspects they are on, and open again those that were settled."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.utils.timezone import now

from ingest import granted
from ingest.models import LogHost
from mailwatch import tasks
from mailwatch.models import Alert, Incident, IncidentEvidence
from mailwatch.operations import incident_matching
from tests.web.conftest import SEED, Ingested
from tests.web.test_incidents import ATTACKER, attack_of, opened

DAY = datetime(2016, 3, 9, tzinfo=UTC)
SECOND = "129.137.152.171"


@pytest.fixture(autouse=True)
def _compares_anew() -> None:
    incident_matching.forget_compared()


def attach() -> tuple[int, list[int]]:
    reopened: list[int] = []
    number = incident_matching.attach_findings(now=now(), reopened=reopened.append)
    return number, reopened


def again(address: str = ATTACKER, *, day: int = 10, message: str = "1adYyZ-0007sb-Qq") -> list[str]:
    """The same attack from an address, on a day of March."""
    return [
        line.replace("2016-03-09", f"2016-03-{day:02}")
        .replace("1adXzZ-0007sb-Pz", message)
        .replace(ATTACKER, address)
        for line in SEED
    ]


def settle(incident: Incident, at: datetime, status: str = "contained") -> None:
    Incident.objects.filter(pk=incident.pk).update(status=status, settled_at=at)


@pytest.mark.django_db
def test_what_is_there_already_is_not_new(desk: Client, seed: LogHost) -> None:
    incident = opened(desk, attack_of())
    steps = incident.steps.count()
    assert attach() == (0, [])
    assert incident.steps.count() == steps


@pytest.mark.django_db
@pytest.mark.parametrize("status", ["contained", "closed"])
def test_the_same_suspect_later_opens_it_again(
    desk: Client, ingested: Ingested, seed: LogHost, status: str
) -> None:
    incident = opened(desk, attack_of())
    settle(incident, DAY + timedelta(hours=23), status)
    ingested(again(), "srv1", "Europe/Madrid")
    _, reopened = attach()
    assert reopened == [incident.pk]
    incident.refresh_from_db()
    assert (incident.status, incident.settled_at) == ("open", None)
    step = incident.steps.latest("pk")
    assert step.what == "reopened"
    assert step.by is None
    assert step.details["before"] == status
    assert incident.verdicts.latest("pk").why == "reopened"
    assert "Opened again" in desk.get(f"/incidents/{incident.pk}/").content.decode()
    assert attach() == (0, [])


@pytest.mark.django_db
def test_what_was_found_on_a_time_before_the_closing_reopens_nothing(
    desk: Client, ingested: Ingested, seed: LogHost
) -> None:
    incident = opened(desk, attack_of())
    settle(incident, DAY + timedelta(days=5), "closed")
    ingested(again(SECOND), "srv1", "Europe/Madrid")
    number, reopened = attach()
    assert number
    assert reopened == []
    incident.refresh_from_db()
    assert incident.status == "closed"
    assert incident.steps.latest("pk").what == "attached"


@pytest.mark.django_db
def test_another_address_of_the_same_attack_joins_with_its_lines(
    desk: Client, ingested: Ingested, seed: LogHost
) -> None:
    incident = opened(desk, attack_of())
    ingested(again(SECOND), "srv1", "Europe/Madrid")
    number, _ = attach()
    assert number
    rows = incident.evidence.filter(subject=SECOND, added_by=None)
    assert set(rows.values_list("kind", flat=True)) == {"suspect", "finding"}
    finding = rows.filter(kind="finding").first()
    assert finding is not None
    assert SECOND.encode() in b"".join(map(bytes, finding.lines))


@pytest.mark.django_db
def test_nothing_of_another_log_host_joins(desk: Client, ingested: Ingested, seed: LogHost) -> None:
    incident = opened(desk, attack_of())
    count = incident.evidence.count()
    ingested(again(), "srv2", "Europe/Madrid")
    assert attach() == (0, [])
    assert incident.evidence.count() == count


@pytest.mark.django_db
def test_what_somebody_removed_stays_away(desk: Client, ingested: Ingested, seed: LogHost) -> None:
    incident = opened(desk, attack_of())
    for row in incident.evidence.filter(kind="suspect"):
        desk.post(f"/incidents/{incident.pk}/evidence/{row.pk}/")
    settle(incident, DAY + timedelta(hours=23))
    ingested(again(), "srv1", "Europe/Madrid")
    assert attach() == (0, [])
    incident.refresh_from_db()
    assert incident.status == "contained"


@pytest.mark.django_db
def test_what_goes_on_is_one_piece_of_evidence_that_grows(
    desk: Client, ingested: Ingested, seed: LogHost
) -> None:
    incident = opened(desk, attack_of())
    finding = incident.evidence.filter(kind="finding").order_by("pk").first()
    assert finding is not None
    number = incident.evidence.filter(kind="finding").count()
    ingested(again(), "srv1", "Europe/Madrid")
    attach()
    before, lines = finding.last_at, len(finding.lines)
    finding.refresh_from_db()
    assert finding.last_at and before
    assert finding.last_at > before
    assert len(finding.lines) > lines
    assert incident.evidence.filter(kind="finding", subject=ATTACKER).count() >= number


@pytest.mark.django_db
def test_the_order_in_which_logs_come_does_not_matter(
    desk: Client, ingested: Ingested, seed: LogHost
) -> None:
    incident = opened(desk, attack_of())
    parts = [again(SECOND, day=12, message="1adAaZ-0007sb-Qa"), again(day=11, message="1adBbZ-0007sb-Qb")]
    for part in parts:
        ingested(part, "srv1", "Europe/Madrid")
        attach()
    one = evidence_of(incident)
    other = opened(desk, attack_of())
    attach()
    assert {key[1:] for key in evidence_of(other)} == {key[1:] for key in one}


def evidence_of(incident: Incident) -> set[tuple[Any, ...]]:
    rows = incident.evidence.exclude(kind="numbers").exclude(kind="finding", severity="info")
    return {(incident.pk, row.kind, row.subject, row.rule, row.last_at) for row in rows}


@pytest.mark.django_db
def test_beat_runs_it(desk: Client, ingested: Ingested, seed: LogHost) -> None:
    incident = opened(desk, attack_of())
    settle(incident, DAY + timedelta(hours=23))
    ingested(again(), "srv1", "Europe/Madrid")
    tasks.attach_findings()
    incident.refresh_from_db()
    assert incident.status == "open"
    alert = Alert.objects.get(kind=Alert.Kind.INCIDENT_REOPENED)
    assert alert.log_host_ids == [seed.pk]


@pytest.mark.django_db(transaction=True)
def test_two_workers_attach_once_and_reopen_once(desk: Client, ingested: Ingested) -> None:
    ingested(SEED, "srv1", "Europe/Madrid")
    incident = opened(desk, attack_of())
    settle(incident, DAY + timedelta(hours=23))
    ingested(again(), "srv1", "Europe/Madrid")
    ingested(again(SECOND, day=11, message="1adCcZ-0007sb-Qc"), "srv1", "Europe/Madrid")
    barrier = threading.Barrier(2)
    told: list[int] = []
    errors: list[Exception] = []

    def work() -> None:
        try:
            with granted.everything():
                barrier.wait(20)
                incident_matching.forget_compared()
                incident_matching.attach_findings(now=now(), reopened=told.append)
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    connection.close()
    assert errors == []
    assert told == [incident.pk]
    keys = list(IncidentEvidence.objects.values_list("kind", "digest", "log_host"))
    assert len(keys) == len(set(keys))
    assert list(incident.steps.filter(what="reopened").values_list("by", flat=True)) == [None]
