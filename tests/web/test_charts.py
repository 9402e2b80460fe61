"""Courses over time."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from mailwatch.charts import MOST_HOURS, over_time

MADRID = ZoneInfo("Europe/Madrid")
NOON = datetime(2016, 3, 9, 12, tzinfo=UTC)


@dataclass
class Hour:
    hour: datetime
    delivered: int = 0
    deferred: int = 0
    bounced: int = 0
    rejected: int = 0


def test_without_volumes_there_is_no_chart() -> None:
    assert over_time([], zone=UTC) is None


def test_hours_without_a_row_count_as_zero() -> None:
    chart = over_time([Hour(NOON, delivered=3), Hour(NOON + timedelta(hours=2), delivered=5)], zone=UTC)
    assert chart is not None
    assert chart.series[0].values == (3, 0, 5)


def test_labels_are_in_the_zone_of_the_log() -> None:
    chart = over_time([Hour(NOON)], zone=MADRID)
    assert chart is not None
    assert chart.labels == ("Wed 9, 13:00",)


def test_outcomes_come_in_the_same_order_everywhere() -> None:
    chart = over_time([Hour(NOON)], zone=UTC)
    assert chart is not None
    assert [series.outcome for series in chart.series] == ["delivered", "deferred", "bounced", "rejected"]


def test_long_spans_are_drawn_by_the_day_of_the_zone() -> None:
    late = datetime(2016, 3, 8, 23, 30, tzinfo=UTC).replace(minute=0)  # already 9 March in Madrid
    chart = over_time(
        [Hour(late, delivered=1), Hour(late + timedelta(hours=MOST_HOURS), delivered=2)], zone=MADRID
    )
    assert chart is not None
    assert (chart.unit, chart.labels[0], chart.series[0].values) == ("day", "9 Mar", (1, 0, 0, 0, 2))


def test_no_hour_is_lost_when_the_clocks_change() -> None:
    begin = datetime(2016, 10, 29, 0, tzinfo=UTC)
    hours = [Hour(begin + timedelta(hours=i), delivered=1) for i in range(24 * 8)]
    chart = over_time(hours, zone=MADRID)
    assert chart is not None
    assert sum(chart.series[0].values) == len(hours)


def test_the_mark_stands_at_the_bar_of_its_time() -> None:
    hours = [Hour(NOON + timedelta(hours=i)) for i in range(5)]
    at = NOON + timedelta(hours=3, minutes=41)
    chart = over_time(hours, zone=UTC, mark_at=at, mark_text="attack begins")
    assert chart is not None
    assert chart.as_json()["mark"] == {"at": 3, "text": "attack begins"}


def test_a_mark_outside_the_range_is_left_out() -> None:
    chart = over_time([Hour(NOON)], zone=UTC, mark_at=NOON - timedelta(days=2))
    assert chart is not None
    assert chart.mark is None


def test_each_bar_leads_to_what_is_behind_it() -> None:
    chart = over_time([Hour(NOON)], zone=UTC, link=lambda since, until: f"{since:%H}-{until:%H}")
    assert chart is not None
    assert chart.links == ("12-13",)


def test_the_table_has_one_row_for_each_bar() -> None:
    chart = over_time([Hour(NOON, delivered=3, rejected=1)], zone=UTC)
    assert chart is not None
    assert chart.rows == [("Wed 9, 12:00", (3, 0, 0, 1))]
