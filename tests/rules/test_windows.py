"""Sliding windows are exact, whatever comes when."""

import tracemalloc
from datetime import timedelta
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.rules.facts import SubjectKind
from ingest.rules.relays import subject_findings
from ingest.rules.windows import Distinct, Sample, Window
from tests.rules.facts import HOST, START, failed_login, login

GAPS = st.lists(st.integers(min_value=0, max_value=400), max_size=60)
KEYS = st.lists(st.sampled_from("abcdef"), min_size=60, max_size=60)
LENGTH = timedelta(seconds=600)


@given(gaps=GAPS, keys=KEYS)
def test_a_window_holds_exactly_what_is_less_than_its_length_old(gaps: list[int], keys: list[str]) -> None:
    times = list(accumulate(gaps))
    window = Window(LENGTH)

    for place, second in enumerate(times):
        window.add(START + timedelta(seconds=second), keys[place])
        inside = [keys[n] for n in range(place + 1) if second - times[n] < 600]
        assert (window.total, window.distinct) == (len(inside), len(set(inside)))


@given(gaps=GAPS)
def test_guessing_is_found_where_counting_everything_finds_it(gaps: list[int]) -> None:
    seconds = list(accumulate(gaps))
    failures = [failed_login(second / 60, f"u{n % 3}") for n, second in enumerate(seconds)]
    fullest = max((sum(0 <= other - second < 600 for other in seconds) for second in seconds), default=0)
    # A single name, fewer than ten times, is a typing error.
    is_typo = len(seconds) == 1

    report = subject_findings(SubjectKind.SENDER_HOST_ADDRESS, "203.0.113.66", (), failures, HOST)

    assert (report is not None) is (fullest >= 5 and not is_typo)
    if report:
        assert report.findings[0].peak == fullest


@given(hours=st.lists(st.integers(min_value=0, max_value=100), max_size=25))
def test_many_names_are_found_where_counting_everything_finds_them(hours: list[int]) -> None:
    hours.sort()
    logins = [login(60 * hour, f"user{n}") for n, hour in enumerate(hours)]
    fullest = max((sum(0 <= other - hour < 24 for other in hours) for hour in hours), default=0)

    report = subject_findings(SubjectKind.SENDER_HOST_ADDRESS, "203.0.113.66", logins, (), HOST)

    found = report.finding("A04") if report else None
    assert (found.peak if found else 0) == (fullest if fullest >= 5 else 0)


def test_an_event_that_comes_late_counts_as_the_one_before_it() -> None:
    window = Window(LENGTH)
    window.add(START + timedelta(seconds=700))
    window.add(START)

    assert window.total == 2


@pytest.mark.parametrize(("added", "told"), [(3, "3"), (4, "4"), (5, "more than 4")])
def test_more_different_values_than_are_kept_are_said_to_be_more(added: int, told: str) -> None:
    distinct = Distinct(4)
    for n in range(added):
        distinct.add(f"v{n}")
    distinct.add("v1")

    assert str(distinct) == told
    assert distinct.most(1) == ("v1",)


@given(st.lists(st.integers(), max_size=40))
def test_a_sample_is_the_beginning_and_the_end(items: list[int]) -> None:
    sample = Sample[int]()
    for item in items:
        sample.add(item)

    assert list(sample.items()) == (items if len(items) <= 10 else items[:5] + items[-5:])


def test_a_subject_with_many_messages_needs_little_memory() -> None:
    """A quarter of a million messages may come from one address: they are read as a stream."""
    stream = (login(n / 6, "", envelope_sender=f"s{n}@victim.example") for n in range(4000))
    tracemalloc.start()
    report = subject_findings(SubjectKind.SENDER_HOST_ADDRESS, "203.0.113.66", stream, (), HOST)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert report is not None
    assert report.messages == 4000
    assert peak < 1_000_000
