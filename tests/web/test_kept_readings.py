"""What was read of a large attack is kept as long as nobody of it is judged again, and is what rows say."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from ingest import kept_readings
from ingest.classification import bases_of
from ingest.kept_traces import KeptTraces
from ingest.models import KeptReading, LogHost, Suspect
from ingest.rules.facts import SubjectKind
from ingest.rules.traces import Trail
from mailwatch.queries import attacks, opened
from tests.web.conftest import SEED, Ingested
from tests.web.test_relays import ADDRESS, KEY, _sent

ACCOUNT = "sales@example.org"


def _attack(number: int, first: int = 0) -> list[str]:
    """A stolen account that is used from many addresses."""
    numbers = range(first, first + number)
    return [line for second in numbers for line in _sent(ACCOUNT, f"203.0.{second % 12}.7", second)]


def _everything_is_worth_keeping(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (attacks, opened):
        monkeypatch.setattr(module, "WORTH_KEEPING", 0)


def _rows(desk: Client, key: str, **asked: str) -> list[Any]:
    """Counts of all attacks, and everything about the opened one."""
    page = desk.get("/relays/", {"open": key, **asked}).context["page"]
    return [(row.attack.counts, row.opened) for row in page.rows]


@pytest.mark.parametrize("asked", [{}, {"since": "2016-03-08T00:00", "until": "2016-03-10T00:00"}])
def test_what_is_kept_is_what_rows_say_after_every_run(
    desk: Client, ingested: Ingested, monkeypatch: pytest.MonkeyPatch, asked: dict[str, str]
) -> None:
    key = f"srv1/authenticated_id/{ACCOUNT}"
    for lines in (_attack(130), _attack(10, first=130)):
        ingested([*lines, *SEED], "srv1")
        expected = _rows(desk, key, **asked)
        assert any(opened for _, opened in expected)
        with monkeypatch.context() as keeping:
            _everything_is_worth_keeping(keeping)
            assert _rows(desk, key, **asked) == expected
            keeping.setattr("mailwatch.queries.activity.counted", None)  # read from what is kept
            keeping.setattr("mailwatch.queries.attacks._shared", None)
            keeping.setattr("ingest.stored_traces.StoredTraces.sent", None)
            assert _rows(desk, key, **asked) == expected


def test_what_an_older_version_kept_is_read_again(
    desk: Client, seed: LogHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    _everything_is_worth_keeping(monkeypatch)
    expected = _rows(desk, KEY)
    assert expected[0][1].activity.hours
    assert KeptReading.objects.exists()
    KeptReading.objects.update(reading=b"nonsense")
    assert _rows(desk, KEY) == expected


def test_only_the_newest_are_kept(seed: LogHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_readings, "MOST_KEPT", 3)
    KeptReading.objects.all().delete()
    bases = bases_of(seed)
    for hour in range(6):
        at = datetime(2016, 3, 9, hour, tzinfo=UTC)
        kept_readings.kept(
            bases,
            since=at,
            until=None,
            what="a test",
            of={SubjectKind.SENDER_HOST_ADDRESS: [ADDRESS]},
            classes=(),
            read=lambda: [ADDRESS],
        )
    kept = KeptReading.objects.values_list("since__hour", flat=True)
    assert set(kept) == {3, 4, 5}


def test_what_came_through_a_gateway_is_read_each_time_as_nobody_judges_its_address(
    ingested: Ingested,
) -> None:
    at = "2016-03-09 10:00:00 1adauO-0008sb-Pz"
    ingested([f"{at} <= a@far.example H=(mx.far.example) [172.18.0.1] P=esmtp S=900"])
    LogHost.objects.update(trusted_networks=["172.18.0.0/16"])
    host = LogHost.objects.get(name="srv1")
    day = datetime(2016, 3, 9, tzinfo=UTC)
    trail = Trail(
        since=day, until=day.replace(hour=23), sender_host_addresses=("172.18.0.1",), has_login=False
    )

    def delivered() -> int:
        bases = bases_of(host)
        return KeptTraces(bases).sent(trail, bases.host).delivered

    assert delivered() == 0
    ingested([f"{at} => b@else.example R=dnslookup T=remote_smtp H=mx.site [198.51.100.9]"])
    assert (delivered(), Suspect.objects.count()) == (1, 0)
