"""The page of a subject: a sender host, a network, an account, an address, a domain, a transport or a remote host."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from ingest.exim.reasons import Reason
from ingest.languages import later, say
from ingest.models import LogHost, Status
from mailwatch import charts
from mailwatch.forms import ContextForm
from mailwatch.queries import drilldown, search
from mailwatch.queries.drilldown import Counts, DrillDown, Subject
from mailwatch.queries.partners import Changed, Listed, Partner, PartnerList
from mailwatch.queries.ranges import Bounds, link_times
from mailwatch.queries.rows import Row

KINDS = {
    "sender": later("Sender host"),
    "network": later("Network"),
    "account": later("Account"),
    "address": later("Address"),
    "domain": later("Domain"),
    "transport": later("Transport"),
    "remote_host": later("Remote host"),
}
_SIDE = "side"
_MEASURES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("messages", later("Messages"), {}),
    ("delivered", later("Recipients delivered"), {"status": str(Status.DELIVERED)}),
    ("deferred", later("Recipients deferred"), {"status": str(Status.QUEUED)}),
    ("bounced", later("Recipients bounced"), {"status": str(Status.BOUNCED)}),
    ("rejections", later("Rejections"), {"status": str(Status.REJECTED)}),
    ("failed_logins", later("Failed logins"), {"status": str(Status.REJECTED), "reason": str(Reason.LOGIN)}),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A total, and the search behind it."""

    count: int
    name: str
    note: str
    url: str
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerRow:
    """A partner, its own page and the search behind its number; "" where there is none."""

    partner: Partner
    page_url: str
    search_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerTable:
    """A list of partners as a table."""

    listed: Listed
    rows: Sequence[PartnerRow]
    longest: Partner

    @property
    def has_outcomes(self) -> bool:
        return any(row.partner.recipients for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A number now and in the period before, each with its search."""

    name: str
    now: int
    before: int
    url: str
    url_before: str

    @property
    def difference(self) -> int:
        return self.now - self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRow:
    """A partner whose number changed, its page, and the searches behind both numbers."""

    changed: Changed
    page_url: str
    url: str
    url_before: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What an address or a domain sent, or what it got: one is shown, the other is a link."""

    name: str
    url: str
    is_shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Log host and range of a page; where they could not be read, ``form`` says so and all is shown."""

    form: ContextForm
    log_host: LogHost | None = None
    bounds: Bounds
    zone_host: LogHost
    hosts: Mapping[int, LogHost]  # all
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
        query: Mapping[str, str],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        page: str = "search",
        args: Sequence[str] = (),
    ) -> str:
        """What is behind a number: a search, or another page, of the page's own range unless another is given."""
        if since is None and until is None:
            since, until = self.bounds.since, self.bounds.until
        # without a log host in the link only an offset says which zone is meant
        times = link_times(self.log_host, since=since, until=until)
        host = {"log_host": self.log_host.name} if self.log_host else {}
        given = {**query, **times, **host}
        return reverse(page, args=args) + (f"?{urlencode(given)}" if given else "")


def asked(request: HttpRequest) -> Asked:
    form = ContextForm(request.GET)
    every = search.log_hosts()
    hosts = list(every.values())
    if not form.is_valid():
        return Asked(
            form=form, bounds=Bounds(), zone_host=search.zone_of(hosts), hosts=every, host_count=len(hosts)
        )
    log_host = form.cleaned_data["log_host"]
    return Asked(
        form=form,
        log_host=log_host,
        bounds=search.bounds(form.chosen_range, log_host=log_host, hosts=every),
        hosts=every,
        zone_host=log_host or search.zone_of(hosts),
        host_count=1 if log_host else len(hosts),
    )


def name_or_404(name: str) -> str:
    """A name from the page's address, as the database can hold it."""
    if "\0" in name or not name:
        raise Http404
    return name


def page(request: HttpRequest, *sides: Subject, **more: Any) -> HttpResponse:
    """The page of a subject; where it has two sides, of the one that was asked for, else of the first that has mail."""
    asked_for = asked(request)
    subject = _side(request, sides, asked_for)
    found = drilldown.drill_down(
        subject, log_host=asked_for.log_host, bounds=asked_for.bounds, hosts=asked_for.hosts
    )
    hosts = hosts_of(found.latest)
    context = {
        "kind": say(KINDS[subject.page]),
        "subject": subject,
        "found": found,
        "latest_hosts": hosts,
        "most_counted": found.most_counted,
        "incident_query": _incident_query(request, subject),
        **_numbers(found, asked_for.on(hosts)),
        **_sides(sides, subject, asked_for),
        **more,
    }
    status = 404 if found.is_nothing and not asked_for.is_narrowed else 200
    return render(request, "drilldown/drilldown.html", context, status=status)


def _incident_query(request: HttpRequest, subject: Subject) -> str:
    """What this page adds to an incident: its subject in its range."""
    names = ("log_host", "range", "since", "until")
    kept = {name: request.GET[name] for name in names if request.GET.get(name)}
    what = {"what": "subject", "page": subject.page, "name": subject.name, "side": subject.side}
    return urlencode(what | kept)


def _side(request: HttpRequest, sides: Sequence[Subject], asked: Asked) -> Subject:
    wanted = request.GET.get(_SIDE)
    chosen = next((one for one in sides if one.side and one.side == wanted), None)
    if chosen or len(sides) == 1:
        return chosen or sides[0]
    with_mail = (one for one in sides if drilldown.has_mail(one, log_host=asked.log_host, hosts=asked.hosts))
    return next(with_mail, sides[0])


def _sides(sides: Sequence[Subject], shown: Subject, asked: Asked) -> dict[str, object]:
    """The other side as a link, and the field that keeps the one that is shown when the range is changed."""
    names = {drilldown.SENDER: say("Sent"), drilldown.RECIPIENT: say("Received")}
    links = [
        Side(
            name=names[one.side],
            url=asked.link({_SIDE: one.side}, page=one.page, args=[one.name]),
            is_shown=one is shown,
        )
        for one in sides
        if one.side
    ]
    return {"sides": links, "kept": [(_SIDE, shown.side)] if links else []}


def _numbers(found: DrillDown, asked: Asked) -> dict[str, object]:
    """All numbers of the page, with the searches behind them."""
    query = found.subject.search
    chart = course(found, asked)
    comparison = found.comparison
    return {
        "form": asked.form,
        "asked": asked,
        "zone": asked.zone,
        "chart": chart,
        "chart_label": charts.label(chart) if chart else "",
        "figures": figures(found, asked),
        "search_url": asked.link(query),
        "tables": [_table(listed, asked, query) for listed in found.lists if _is_table(listed)],
        "facts": [_table(listed, asked, query) for listed in found.lists if not listed.of.is_partner],
        "rules": [(rule, asked.link({**query, "rule": rule.rule})) for rule in found.rules],
        "measures": _measures(found, asked) if comparison else [],
        "changed": [_changed(one, found, asked) for one in comparison.changes.partners] if comparison else [],
        "older_url": _older(found, asked),
        "ranges": [(name, _preset(found, asked, name)) for name in ("day", "week")],
    }


def _older(found: DrillDown, asked: Asked) -> str:
    """The same page of what is older than what was counted."""
    if found.counted_since is None:
        return ""
    side = {_SIDE: found.subject.side} if found.subject.side else {}
    return asked.link(
        side,
        since=asked.bounds.since,
        until=found.counted_since,
        page=found.subject.page,
        args=[found.subject.name],
    )


def _preset(found: DrillDown, asked: Asked, preset: str) -> str:
    query = {"range": preset} | ({_SIDE: found.subject.side} if found.subject.side else {})
    host = {"log_host": asked.log_host.name} if asked.log_host else {}
    return f"?{urlencode(query | host)}"


def _table(listed: Listed, asked: Asked, query: Mapping[str, str]) -> PartnerTable:
    rows = [
        PartnerRow(
            partner=partner,
            page_url=_page_url(listed.of, partner.value, asked),
            search_url=_partner_search(listed.of, partner.value, asked, query),
        )
        for partner in listed.partners
    ]
    longest = max(listed.partners, key=lambda partner: partner.recipients)
    return PartnerTable(listed=listed, rows=rows, longest=longest)


def _is_table(listed: Listed) -> bool:
    """Partners of whom at least one has a name; names of the subject itself stand among the facts."""
    return listed.of.is_partner and any(partner.value is not None for partner in listed.partners)


def _page_url(of: PartnerList, value: str | None, asked: Asked) -> str:
    if not of.page or not value or (of.page == "address" and "@" not in value):
        return ""
    return asked.link({}, page=of.page, args=[value])


def _partner_search(
    of: PartnerList,
    value: str | None,
    asked: Asked,
    query: Mapping[str, str],
    period: Bounds | None = None,
) -> str:
    if of.search is None or not value:
        return ""
    within = period or asked.bounds
    return asked.link({**query, **of.search(value)}, since=within.since, until=within.until)


def _measures(found: DrillDown, asked: Asked) -> list[Measure]:
    comparison = found.comparison
    assert comparison is not None
    left_out = _never(found.subject)

    def link(more: Mapping[str, str], period: Bounds) -> str:
        return asked.link({**found.subject.search, **more}, since=period.since, until=period.until)

    return [
        Measure(
            name=say(words),
            now=getattr(comparison.counts, name),
            before=getattr(comparison.counts_before, name),
            url=link(more, comparison.period),
            url_before=link(more, comparison.before),
        )
        for name, words, more in _MEASURES
        if name not in left_out
    ]


def _never(subject: Subject) -> tuple[str, ...]:
    """The counts that are zero for every subject of the kind."""
    if not subject.can_be_refused:
        return "rejections", "failed_logins"
    return () if subject.logs_in else ("failed_logins",)


def _changed(one: Changed, found: DrillDown, asked: Asked) -> ChangedRow:
    comparison, query = found.comparison, found.subject.search
    assert comparison is not None
    return ChangedRow(
        changed=one,
        page_url=_page_url(one.of, one.value, asked),
        url=_partner_search(one.of, one.value, asked, query, comparison.period),
        url_before=_partner_search(one.of, one.value, asked, query, comparison.before),
    )


def course(found: DrillDown, asked: Asked) -> charts.Chart | None:
    """Recipients by outcome over time; each bar leads to its messages."""
    can_be_refused = found.subject.can_be_refused
    return charts.over_time(
        found.hours,
        zone=asked.zone,
        outcomes=charts.OUTCOMES if can_be_refused else charts.OUTCOMES[:-1],
        link=lambda start, end: asked.link(found.subject.search, since=start, until=end),
    )


def figures(found: DrillDown, asked: Asked) -> list[Figure]:
    """The totals, each a link."""
    counts, query, left_out = found.counts, found.subject.search, _never(found.subject)

    def figure(name: str, words: str, note: str, status: str = "", outcome: str = "") -> Figure:
        more = {"status": status} if status else {}
        more |= {"reason": str(Reason.LOGIN)} if name == "failed_logins" else {}
        return Figure(getattr(counts, name), words, note, asked.link({**query, **more}), outcome)

    shown = {
        "messages": (say("messages"), say("{number:,} still in the queue", number=counts.queued)),
        "delivered": (say("delivered"), _share(counts.delivered, counts), str(Status.DELIVERED), "delivered"),
        "deferred": (say("deferred"), _share(counts.deferred, counts), str(Status.QUEUED), "deferred"),
        "bounced": (say("bounced"), _share(counts.bounced, counts), str(Status.BOUNCED), "bounced"),
        "rejections": (say("rejected"), say("never accepted"), str(Status.REJECTED), "rejected"),
        "failed_logins": (say("failed logins"), say("wrong or unknown password"), str(Status.REJECTED)),
    }
    return [figure(name, *words) for name, words in shown.items() if name not in left_out]


def _share(count: int, counts: Counts) -> str:
    if not counts.recipients:
        return say("no recipients")
    share = count / counts.recipients
    return say("{share:.0%} of {number:,} recipients", share=share, number=counts.recipients)


def hosts_of(rows: Sequence[Row]) -> list[LogHost]:
    """The log hosts whose log the rows are from."""
    return sorted({row.log_host.pk: row.log_host for row in rows}.values(), key=lambda host: host.name)
