"""CSV that a spreadsheet may open."""

import csv
from datetime import UTC, datetime

import pytest

from mailwatch.tables import csv_rows, guarded


@pytest.mark.parametrize(
    "text",
    ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "  =1", "＝1", "＠x", "-kill@example.org"],
)
def test_text_that_a_spreadsheet_would_take_for_a_formula_is_guarded(text: str) -> None:
    assert str(guarded(text)).startswith("'")


@pytest.mark.parametrize("text", ["anna@example.org", "129.137.152.170", "", "A01:plain"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert guarded(text) == text


def test_numbers_stay_numbers_and_what_is_absent_is_empty() -> None:
    assert [guarded(1386), guarded(None)] == [1386, ""]


def test_times_keep_their_zone() -> None:
    assert guarded(datetime(2016, 3, 9, 6, 53, tzinfo=UTC)) == "2016-03-09T06:53:00+00:00"


def test_a_cell_cannot_end_its_row() -> None:
    text = "".join(csv_rows(["helo"], [['evil",\n"x\r\n=1']]))
    assert list(csv.reader(text.splitlines())) == [["helo"], ['evil",\\x0a"x\\x0d\\x0a=1']]
