"""A range is judged by what lies in it, whether it was asked for before or not."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.test import Client

from ingest import judged_ranges, reports
from ingest.classification import subject_reports
from ingest.judging import by_kind, judged
from ingest.models import AllowEntry, JudgedRange, LogHost, Suspect
from ingest.rules.facts import SubjectKind
from ingest.rules.relays import SubjectReport
from ingest.stored_log_hosts import log_host_facts
from tests.web.conftest import SEED, Ingested

BEGIN = datetime(2016, 3, 9, 6, tzinfo=UTC)


def judged_from_rows(
    log_host: LogHost, since: datetime | None, until: datetime | None
) -> list[SubjectReport]:
    """The same, judged from rows and from nothing else."""
    host, allowances = log_host_facts(log_host), reports.allowances(log_host.pk)
    subjects = {(SubjectKind(row.kind), row.value) for row in Suspect.objects.filter(log_host=log_host)}
    found = [
        report.allowing(allowances)
        for kind, values in by_kind(subjects)
        for report in judged(log_host.pk, host, kind, values, since, until)
    ]
    return sorted(found, key=lambda report: (report.harm, report.value))


def lines_of_guessers(random: Random, number: int) -> list[str]:
    """Failed logins and logins without a name of a few addresses, over some hours."""
    at = BEGIN
    lines = []
    for _ in range(number):
        at += timedelta(seconds=random.randrange(1, 90))
        address = f"203.0.113.{random.randrange(1, 6)}"
        stamp = f"{at:%Y-%m-%d %H:%M:%S}"
        if random.random() < 0.8:
            lines.append(
                f"{stamp} plain authenticator failed for (guess) [{address}]: 535 Incorrect authentication"
                f" data (set_id=name{random.randrange(20)})"
            )
        else:
            lines.append(SEED[0].replace("129.137.152.170", address).replace(SEED[0][:19], stamp))
            name = f"1ad{random.randrange(1000):03}-0008sb-Pz"
            lines[-1] = lines[-1].replace("1adXzZ-0007sb-Pz", name)
    return lines


def _ranges(random: Random) -> list[tuple[datetime | None, datetime | None]]:
    times = sorted(BEGIN + timedelta(minutes=random.randrange(300)) for _ in range(8))
    some = [*zip(times[::2], times[1::2], strict=True), (None, times[3]), (times[4], None)]
    return [pair for pair in some if pair[0] != pair[1]]


@pytest.mark.parametrize("seed", range(4))
def test_what_was_kept_equals_what_rows_say_after_every_run(ingested: Ingested, seed: int) -> None:
    random = Random(seed)
    lines = lines_of_guessers(random, 160)
    ranges = _ranges(random)
    random.shuffle(lines)
    for part in (lines[:70], lines[70:], lines[:10], SEED):
        log_host = ingested(part).log_host
        for since, until in ranges:
            expected = judged_from_rows(log_host, since, until)
            assert subject_reports(log_host, since, until) == expected  # judged, or kept from the run before
            assert subject_reports(log_host, since, until) == expected  # kept


def test_the_second_question_is_not_judged_again(seed: LogHost, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = (datetime(2016, 3, 9, 6, tzinfo=UTC), datetime(2016, 3, 9, 8, tzinfo=UTC))
    first = subject_reports(seed, *asked)
    monkeypatch.setattr("ingest.classification.judged", None)
    assert subject_reports(seed, *asked) == first != []


def test_what_is_allowed_now_counts_at_once(seed: LogHost) -> None:
    asked = (datetime(2016, 3, 9, 6, tzinfo=UTC), datetime(2016, 3, 9, 8, tzinfo=UTC))
    (before,) = subject_reports(seed, *asked)
    AllowEntry.objects.create(
        log_host=seed,
        rule="",
        kind="sender_host_address",
        value=before.value,
        reason="a test of ours",
        author="helen",
        until=datetime(2030, 1, 1, tzinfo=UTC),
    )
    (after,) = subject_reports(seed, *asked)
    assert not after.is_suspect
    assert after.allowed
    assert len(after.findings) + len(after.allowed) == len(before.findings)


def test_bytes_of_another_version_are_judged_again(seed: LogHost) -> None:
    found = subject_reports(seed, BEGIN)
    JudgedRange.objects.update(reports=b"nonsense")
    assert subject_reports(seed, BEGIN) == found


@pytest.mark.parametrize("since", [None, BEGIN])
def test_what_other_rules_found_is_not_kept(
    seed: LogHost, monkeypatch: pytest.MonkeyPatch, since: datetime | None
) -> None:
    monkeypatch.setattr(judged_ranges, "WORTH_KEEPING", 0)
    subject_reports(seed, since)
    kept = JudgedRange.objects.filter(log_host=seed).values_list("basis", flat=True)
    before = set(kept)
    for module in ("judged_ranges", "rules.memory"):
        monkeypatch.setattr(f"ingest.{module}.VERSION", 999)
    subject_reports(seed, since)
    assert before.isdisjoint(kept.all())


def test_only_the_newest_ranges_are_kept(seed: LogHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judged_ranges, "MOST_KEPT", 3)
    for hour in range(6):
        subject_reports(seed, BEGIN + timedelta(hours=hour))
    kept = JudgedRange.objects.filter(log_host=seed).values_list("since", flat=True)
    assert set(kept) == {BEGIN + timedelta(hours=hour) for hour in (3, 4, 5)}


@pytest.mark.parametrize("page", ["/relays/", "/", "/search/?q=a", "/senders/129.137.152.170/"])
@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("0001-01-01", "9999-12-31"),
        ("0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00"),
        ("1970-01-01", "3000-01-01"),
    ],
)
def test_a_range_from_ever_to_ever_is_the_whole_log(
    desk: Client, seed: LogHost, page: str, since: str, until: str
) -> None:
    asked = {"range": "exact", "since": since, "until": until}
    assert desk.get(page, query_params=asked | {"q": "a"}).status_code == 200
