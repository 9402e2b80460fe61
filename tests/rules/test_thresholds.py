"""Thresholds in words: each is there, and what is typed is what counts."""

from dataclasses import fields
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.rules.definition import Limits
from ingest.rules.rule import RULES
from ingest.rules.thresholds import LARGEST, LONGEST, THRESHOLDS


def test_every_limit_is_described_and_names_rules_that_there_are() -> None:
    assert sorted(THRESHOLDS) == sorted(field.name for field in fields(Limits))
    assert {code for threshold in THRESHOLDS.values() for code in threshold.rules} <= set(RULES)


@pytest.mark.parametrize("name", list(THRESHOLDS))
def test_a_default_is_written_as_it_is_read(name: str) -> None:
    threshold = THRESHOLDS[name]
    assert threshold.read(threshold.written(threshold.default)) == threshold.default


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("account_volume", "1,000", 1000),
        ("account_volume", " 7 ", 7),
        ("odd_ids_share", "25 %", 0.25),
        ("odd_ids_share", "12.5", 0.125),
        ("many_ids_window", "24 h", timedelta(days=1)),
        ("many_ids_window", "1 h 30 min", timedelta(minutes=90)),
        ("many_ids_window", "90s", timedelta(seconds=90)),
        ("many_ids_window", "1 day", timedelta(days=1)),
    ],
)
def test_what_people_type(name: str, text: str, value: object) -> None:
    assert THRESHOLDS[name].read(text) == value


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("account_volume", "0", "whole number"),
        ("account_volume", "-5", "whole number"),
        ("account_volume", "1e3", "whole number"),
        ("account_volume", "1,00", "whole number"),
        ("account_volume", "٣", "whole number"),
        ("account_volume", "9" * 5000, "whole number"),
        ("odd_ids_share", "0", "percent"),
        ("odd_ids_share", "101 %", "percent"),
        ("odd_ids_share", "nan", "percent"),
        ("many_ids_window", "24", "length of time"),
        ("many_ids_window", "0 h", "length of time"),
        ("many_ids_window", "99999 days", "length of time"),
        ("many_ids_window", "9" * 5000 + " h", "length of time"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(name: str, text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        THRESHOLDS[name].read(text)


@given(st.integers(1, LARGEST), st.integers(1, int(LONGEST.total_seconds())))
def test_every_value_is_written_as_it_is_read(count: int, seconds: int) -> None:
    counted, long = THRESHOLDS["account_volume"], THRESHOLDS["many_ids_window"]
    assert counted.read(counted.written(count)) == count
    length = timedelta(seconds=seconds)
    assert long.read(long.written(length)) == length


@given(st.text(max_size=30))
def test_no_text_is_an_error_of_ours(text: str) -> None:
    for name in ("account_volume", "odd_ids_share", "many_ids_window"):
        try:
            THRESHOLDS[name].read(text)
        except ValueError as refusal:
            assert str(refusal).startswith("Write a ")
