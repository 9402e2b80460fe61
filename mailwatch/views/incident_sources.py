"""What a page shows, found again by what its link says, and copied as evidence."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from django.http import Http404, QueryDict

from ingest import reports
from ingest.languages import ENGLISH, reading, say
from ingest.models import LogHost, Message, Rejection, Suspect
from ingest.pages import read_entries
from ingest.rules.definition import Severity
from mailwatch.incident_forms import EvidenceForm
from mailwatch.models import IncidentEvidence
from mailwatch.operations import incident_evidence
from mailwatch.queries import (
    account,
    address,
    configuration,
    domain,
    drilldown,
    free_text,
    line_terms,
    network,
    rejection,
    relays,
    remote_host,
    sender,
    transport,
)
from mailwatch.queries import search as searching
from mailwatch.queries.drilldown import Subject
from mailwatch.queries.matching import rejection_is
from mailwatch.queries.rows import Row
from mailwatch.queries.suspects import Chosen
from mailwatch.search_forms import SearchForm
from mailwatch.views.search import asked_in
from mailwatch.views.subjects import KINDS

Copies = Callable[[], Iterable[IncidentEvidence]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is to be added. ``copies`` reads and copies it: nothing is, before somebody sends the form."""

    title: str  # of an incident that is opened with it
    severity: str
    log_hosts: tuple[LogHost, ...]
    copies: Copies


def source(form: EvidenceForm) -> Source:
    """Of a valid form. Raises Http404 where there is nothing of it."""
    found = _SOURCES[form.cleaned_data["what"]](form)
    if found is None:
        raise Http404
    return found


def _attack(form: EvidenceForm) -> Source | None:
    with reading(ENGLISH):
        row = _row(form, is_open=False)
    if row is None:
        return None

    def copies() -> Iterator[IncidentEvidence]:
        with reading(ENGLISH):
            opened = _row(form, is_open=True)
            if opened is not None:
                activity = opened.opened.activity if opened.opened else None
                yield from incident_evidence.of_attack(opened.attack, activity)

    worst = row.attack.worst
    spoken = replace(
        row.attack, members=[replace(worst, report=worst.report.spoken()), *row.attack.members[1:]]
    )
    return Source(
        title=spoken.words,
        severity=str(row.attack.severity),
        log_hosts=(row.attack.log_host,),
        copies=copies,
    )


def _row(form: EvidenceForm, *, is_open: bool) -> relays.Row | None:
    """The attack as the report has it; of those who were only refused, the report that shows them."""
    key, asked = form.cleaned_data["key"], form.chosen_range
    row = relays.one_row(asked=asked, chosen=Chosen(), key=key, is_open=is_open)
    return row or relays.one_row(asked=asked, chosen=Chosen(severity=Severity.INFO), key=key, is_open=is_open)


def _message(form: EvidenceForm) -> Source | None:
    asked = form.cleaned_data
    found = Message.objects.filter(log_host=asked["log_host"], message_id=asked["message_id"])
    message = found.select_related("log_host").first()
    if message is None:
        return None
    return Source(
        title=say("Message {message_id}", message_id=message.message_id),
        severity=str(Severity.MEDIUM),
        log_hosts=(message.log_host,),
        copies=lambda: [incident_evidence.of_message(message)],
    )


def _rejection(form: EvidenceForm) -> Source | None:
    log_host = form.cleaned_data["log_host"]
    found = rejection.find(log_host, form.cleaned_data["key"])
    if found is None:
        return None
    return Source(
        title=rejection.told(found, log_host).summary[:200],
        severity=str(Severity.MEDIUM),
        log_hosts=(log_host,),
        copies=lambda: [incident_evidence.of_rejection(found, log_host)],
    )


def _configuration(form: EvidenceForm) -> Source | None:
    """All that is wrong with what is kept for a log host."""
    log_host = form.cleaned_data["log_host"]
    audit = configuration.audited_log_host(log_host)
    chosen = audit.bad if audit else []
    if not chosen:
        return None
    return Source(
        title=chosen[0].title,
        severity=str(chosen[0].severity),
        log_hosts=(log_host,),
        copies=lambda: [incident_evidence.of_configuration(log_host, finding) for finding in chosen],
    )


_MOST_LOG_HOSTS = 20
_SUBJECTS: dict[str, Callable[[str], tuple[Subject, ...]]] = {
    "sender": lambda name: (sender.subject(name),),
    "network": lambda name: (network.subject(name),),
    "account": lambda name: (account.subject(name),),
    "address": address.subjects,
    "domain": domain.subjects,
    "transport": lambda name: (transport.subject(name),),
    "remote_host": lambda name: (remote_host.subject(name),),
}


def _subject(form: EvidenceForm) -> Source | None:
    """The numbers of a page about somebody, and what was found on them, of each log host that knows them."""
    page, name, side = (form.cleaned_data[one] for one in ("page", "name", "side"))
    try:
        sides = _SUBJECTS[page](name)
    except (KeyError, ValueError):
        return None
    chosen = form.cleaned_data["log_host"]
    every = searching.log_hosts()
    subject = next((one for one in sides if one.side == side), sides[0])
    asked = [chosen] if chosen else list(every.values())[:_MOST_LOG_HOSTS]
    hosts = [one for one in asked if drilldown.has_mail(subject, log_host=one, hosts=every)]
    if not hosts:
        return None
    suspects = [row for host in hosts for row in _suspects(subject, host)]
    return Source(
        title=say("{kind} {name}", kind=say(KINDS[page]), name=name)[:200],
        severity=min(
            (row.severity for row in suspects), key=_RANKS.__getitem__, default=str(Severity.MEDIUM)
        ),
        log_hosts=tuple(hosts),
        copies=lambda: _of_subject(form, subject, hosts),
    )


_RANKS = {str(severity): severity.rank for severity in Severity}


def _suspects(subject: Subject, log_host: LogHost) -> Iterator[Suspect]:
    if subject.suspected is not None:
        rows = Suspect.objects.filter(subject.suspected, log_host=log_host)
        yield from rows.prefetch_related(reports.with_entries()).order_by("kind", "value")


def _of_subject(form: EvidenceForm, subject: Subject, hosts: Iterable[LogHost]) -> Iterator[IncidentEvidence]:
    for host in hosts:
        bounds = searching.bounds(form.chosen_range, log_host=host)
        found = drilldown.drill_down(subject, log_host=host, bounds=bounds)
        if not found.is_nothing:
            yield incident_evidence.numbers(
                host,
                name=f"{subject.page} {subject.name} {subject.side}",
                counts={name: getattr(found.counts, name) for name in _COUNTS},
                hours=found.hours,
                counted_since=found.counted_since,
                subject=(subject.page, subject.name),
                first_at=found.first_at,
                last_at=found.last_at,
                **incident_evidence.told(
                    lambda: (say("{kind} {name}", kind=say(KINDS[subject.page]), name=subject.name), "")
                ),
            )
        for row in _suspects(subject, host):
            yield from incident_evidence.of_suspect(host, reports.of_row(row))


_COUNTS = ("messages", "recipients", "delivered", "deferred", "bounced", "rejections", "failed_logins")


# ---- a search


def _search(form: EvidenceForm) -> Source | None:
    """The newest lines that a search finds, of each log host that has some."""
    query = QueryDict(form.cleaned_data["query"])
    searched = SearchForm(query)
    if not searched.is_valid():
        return None
    asked = asked_in(searched)
    name = asked.term.value or say("all messages and rejections")
    hosts = [asked.log_host] if asked.log_host else list(searching.log_hosts().values())

    def copies() -> Iterator[IncidentEvidence]:
        found, is_cut = _hits(asked, hosts) if asked.term.is_scanned else _rows(asked)
        for host, lines in found.items():
            yield incident_evidence.of_hits(
                host, query=query.urlencode(), name=name, lines=lines, total=len(lines), is_cut=is_cut
            )

    return Source(
        title=say("Search for {name}", name=name)[:200],
        severity=str(Severity.MEDIUM),
        log_hosts=tuple(hosts),
        copies=copies,
    )


type _Lines = dict[LogHost, list[bytes]]


def _hits(asked: searching.Search, hosts: list[LogHost]) -> tuple[_Lines, bool]:
    wanted = line_terms.asked(asked.term, [(host, asked.bounds) for host in hosts])
    part = free_text.read(wanted, cursor="")
    found: _Lines = {}
    for hit in part.hits:
        found.setdefault(hit.log_host, []).append(hit.raw)
    return found, bool(part.cursor)


def _rows(asked: searching.Search) -> tuple[_Lines, bool]:
    page = searching.page(asked)
    found: _Lines = {}
    for row in page.rows:
        if line := _line(row):
            found.setdefault(row.log_host, []).append(line)
    return found, bool(page.older)


def _line(row: Row) -> bytes:
    """The arrival of a message, or the refusal."""
    if row.message_id is not None:
        refs = Message.objects.filter(log_host=row.log_host, message_id=row.message_id)
        ref = next(iter(refs.values_list("line_refs", flat=True).first() or ()), None)
    else:
        named = rejection_is(row.key)
        refused = Rejection.objects.filter(named, log_host=row.log_host) if named is not None else None
        ref = refused.values_list("line_ref", flat=True).first() if refused is not None else None
    return read_entries(row.log_host.pk, [ref])[0] if ref is not None else b""


_SOURCES: dict[str, Callable[[EvidenceForm], Source | None]] = {
    EvidenceForm.ATTACK: _attack,
    EvidenceForm.SUBJECT: _subject,
    EvidenceForm.MESSAGE: _message,
    EvidenceForm.REJECTION: _rejection,
    EvidenceForm.CONFIGURATION: _configuration,
    EvidenceForm.SEARCH: _search,
}
