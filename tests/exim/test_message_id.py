"""Message ids: both lengths, and the time inside."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.exim.message_id import first_id, is_message_id, received_at

NAIVE = datetime(2026, 3, 1, tzinfo=UTC).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1RwtJa-0009RI-2d", True),
        ("1x5dJQ-00000002ksM-1pMm", True),
        ("1RwtJa-0009RI-2d ", False),
        ("1RwtJa-0009RI-2d\n", False),
        ("1RwtJa-0009RI-2dx", False),
        ("1RwtJa-00000002ksM-2d", False),
        ("retry-server1-05", False),
        ("1RwtJa-0009RÍ-2d", False),
        ("", False),
    ],
)
def test_both_lengths_and_nothing_else_are_message_ids(text: str, expected: bool) -> None:
    assert is_message_id(text) is expected


@pytest.mark.parametrize(
    ("message_id", "expected"),
    [
        ("1adXzZ-0007sb-Pz", datetime(2016, 3, 9, 6, 53, 9, tzinfo=UTC)),
        ("1xVgWW-0001Uu-05", datetime(2026, 11, 24, 2, 44, 48, tzinfo=UTC)),
        ("000000-000000-00", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_an_id_tells_when_reception_began(message_id: str, expected: datetime) -> None:
    assert received_at(message_id) == expected


def test_upper_and_lower_case_are_different_times() -> None:
    assert received_at("1adXzZ-0007sb-Pz") != received_at("1adxzz-0007sb-Pz")


def test_a_text_that_is_no_id_has_no_time() -> None:
    with pytest.raises(ValueError, match="not a message id"):
        received_at("1adXzZ")


@given(st.integers(min_value=0, max_value=32_503_680_000), st.integers(min_value=0, max_value=999_999))
def test_the_first_id_of_a_second_bounds_the_ids_of_that_second(seconds: int, microsecond: int) -> None:
    at = datetime.fromtimestamp(seconds, UTC).replace(microsecond=microsecond)
    bound, next_bound = first_id(at), first_id(at + timedelta(seconds=1))
    assert received_at(f"{bound}-000000-00") == at.replace(microsecond=0)
    assert bound < f"{bound}-000000-00" < f"{bound}-zzzzzzzzzzz-zzzz" < next_bound


def test_the_first_id_follows_the_instant_and_not_the_wall_clock() -> None:
    at = datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert first_id(at) == first_id(at.astimezone(timezone(timedelta(hours=5))))


@pytest.mark.parametrize("at", [NAIVE, datetime(1969, 12, 31, tzinfo=UTC)])
def test_a_time_that_no_id_can_hold_is_refused(at: datetime) -> None:
    with pytest.raises(ValueError, match="message id"):
        first_id(at)
