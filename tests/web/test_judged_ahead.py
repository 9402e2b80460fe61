"""Days are judged before somebody asks for them; what is ready is what rows say, and the work gives way."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection

from ingest.classification import subject_reports
from ingest.judging import judged
from ingest.locks import Lock
from ingest.models import IngestRun, JudgedRange, LogHost, State
from ingest.rules.relays import SubjectReport
from mailwatch.operations import judged_ahead
from tests.web.conftest import SEED, Ingested
from tests.web.test_relays_ranges import judged_from_rows, lines_of_guessers


def _day(log_host: LogHost) -> tuple[datetime, datetime]:
    """That of the case, from midnight to midnight on the log host."""
    begin = datetime(2016, 3, 9, tzinfo=log_host.zone)
    return begin, begin + timedelta(days=1)


def _forbid_judging(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.classification.judged", None)


def _judge_all() -> int:
    return judged_ahead.judge_ahead(seconds=60)


def test_whoever_asks_for_a_day_finds_it_judged(seed: LogHost, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = judged_from_rows(seed, *_day(seed))
    assert _judge_all()
    _forbid_judging(monkeypatch)
    assert subject_reports(seed, *_day(seed)) == expected != []


def test_nothing_is_judged_twice(seed: LogHost) -> None:
    assert _judge_all()
    assert not _judge_all()


@pytest.mark.parametrize("chance", range(2))
def test_after_every_run_the_days_are_those_of_judging_from_rows(
    ingested: Ingested, chance: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(chance)
    lines = lines_of_guessers(random, 120)
    random.shuffle(lines)
    for part in (lines[:50], lines[50:], SEED):
        log_host = ingested(part).log_host
        _judge_all()
        expected = judged_from_rows(log_host, *_day(log_host))
        with monkeypatch.context() as forbidden:
            _forbid_judging(forbidden)
            assert subject_reports(log_host, *_day(log_host)) == expected


def test_a_run_brings_only_its_own_suspects_to_be_judged_again(
    ingested: Ingested, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingested(lines_of_guessers(Random(1), 120))
    _judge_all()
    again: list[Sequence[str]] = []

    def noted(*asked: Any) -> Iterator[SubjectReport]:
        again.append(asked[3])
        return judged(*asked)

    log_host = ingested([SEED[0]]).log_host
    monkeypatch.setattr("ingest.classification.judged", noted)
    subject_reports(log_host, *_day(log_host))
    assert again == [["129.137.152.170"]]


def test_whoever_reads_lines_goes_before(seed: LogHost) -> None:
    IngestRun.objects.create(log_host=seed, state=State.RUNNING)
    assert not _judge_all()
    assert not JudgedRange.objects.exists()


def test_a_log_host_that_another_worker_is_at_is_left_to_it(seed: LogHost) -> None:
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [Lock.JUDGING_AHEAD, seed.pk])
        assert not _judge_all()
    finally:
        other.close()
    assert _judge_all()


def test_work_stops_when_its_time_is_over(seed: LogHost) -> None:
    assert judged_ahead.judge_ahead(seconds=-1) == 0


def test_a_log_of_years_has_its_newest_days_judged(seed: LogHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judged_ahead, "DAYS", 1)
    _judge_all()
    days = JudgedRange.objects.exclude(until=None)
    assert days.count() == 1
    assert days.get().until == _day(seed)[1]
