"""What the pages of a sender host, an account and an address have in common."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from ingest.models import LogHost
from mailwatch import charts
from mailwatch.forms import ContextForm
from mailwatch.queries import search
from mailwatch.queries.activity import Activity
from mailwatch.queries.ranges import Bounds, link_times
from mailwatch.queries.rows import Row


@dataclass(frozen=True, slots=True)
class Figure:
    """A total, and the search behind it."""

    count: int
    name: str
    note: str
    url: str
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Log host and range of a page; where they could not be read, ``form`` says so and all is shown."""

    form: ContextForm
    log_host: LogHost | None = None
    bounds: Bounds
    zone_host: LogHost
    host_count: int  # log hosts that the page is about

    @property
    def zone(self) -> tzinfo:
        return self.zone_host.zone

    @property
    def is_narrowed(self) -> bool:
        """Nothing found then means: nothing there."""
        return self.log_host is not None or self.bounds != Bounds()

    def on(self, hosts: Sequence[LogHost]) -> "Asked":
        """The same, with figures in the zone of the only log host that the subject appears on."""
        return replace(self, zone_host=hosts[0]) if len(hosts) == 1 and not self.log_host else self

    def link(
        self,
        query: dict[str, str],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        status: str = "",
    ) -> str:
        """The search behind a number of the page: its own range, unless another is given."""
        # without a log host in the link only an offset says which zone is meant
        times = link_times(self.log_host, since=since or self.bounds.since, until=until or self.bounds.until)
        more = {"log_host": self.log_host.name if self.log_host else "", "status": status}
        given = {name: value for name, value in more.items() if value}
        return f"{reverse('search')}?{urlencode(query | times | given)}"


def asked(request: HttpRequest) -> Asked:
    form = ContextForm(request.GET)
    hosts = list(search.log_hosts().values())
    if not form.is_valid():
        return Asked(form=form, bounds=Bounds(), zone_host=search.zone_of(hosts), host_count=len(hosts))
    log_host = form.cleaned_data["log_host"]
    return Asked(
        form=form,
        log_host=log_host,
        bounds=search.bounds(form.chosen_range, log_host=log_host),
        zone_host=log_host or search.zone_of(hosts),
        host_count=1 if log_host else len(hosts),
    )


def course(activity: Activity, asked: Asked, query: dict[str, str]) -> charts.Chart | None:
    """Recipients by outcome over time; each bar leads to its messages."""
    return charts.over_time(
        activity.hours,
        zone=asked.zone,
        link=lambda start, end: asked.link(query, since=start, until=end),
    )


def course_label(chart: charts.Chart | None, activity: Activity) -> str:
    """What the chart shows, in a sentence."""
    if chart is None:
        return ""
    return (
        f"Outcomes per {chart.unit} from {chart.labels[0]} to {chart.labels[-1]}:"
        f" {activity.delivered:,} delivered, {activity.deferred:,} deferred, {activity.bounced:,} bounced,"
        f" {activity.rejections + activity.failed_logins:,} rejected."
    )


def figures(activity: Activity, asked: Asked, query: dict[str, str]) -> list[Figure]:
    """Six totals, each a link."""
    link = asked.link
    rejected = link(query, status="rejected")
    return [
        Figure(activity.messages, "messages", f"{activity.queued:,} still in the queue", link(query)),
        Figure(
            activity.delivered,
            "delivered",
            _share(activity.delivered, activity),
            link(query, status="delivered"),
            "delivered",
        ),
        Figure(
            activity.deferred,
            "deferred",
            _share(activity.deferred, activity),
            link(query, status="queued"),
            "deferred",
        ),
        Figure(
            activity.bounced,
            "bounced",
            _share(activity.bounced, activity),
            link(query, status="bounced"),
            "bounced",
        ),
        Figure(activity.rejections, "rejected", "never accepted", rejected, "rejected"),
        Figure(activity.failed_logins, "failed logins", "wrong or unknown password", rejected),
    ]


def _share(count: int, activity: Activity) -> str:
    if not activity.recipients:
        return "no recipients"
    return f"{count / activity.recipients:.0%} of {activity.recipients:,} recipients"


def hosts_of(rows: Sequence[Row]) -> list[LogHost]:
    """The log hosts whose log the rows are from."""
    return sorted({row.log_host.pk: row.log_host for row in rows}.values(), key=lambda host: host.name)
