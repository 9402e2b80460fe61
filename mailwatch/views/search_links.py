"""Where the words of the search page lead: filters taken away, the same text read in another way."""

from dataclasses import dataclass

from django.http import QueryDict

from ingest.languages import later, say
from ingest.rules.words import exact
from mailwatch.queries import search as queries
from mailwatch.queries.filters import Filters
from mailwatch.queries.matching import CORRESPONDENTS
from mailwatch.queries.terms import TermKind, alternatives
from mailwatch.reader import shown_zone
from mailwatch.search_forms import SearchForm
from mailwatch.stored_words import word


@dataclass(frozen=True, slots=True)
class Link:
    """A chip or an alternative: its words and the query string it leads to."""

    text: str
    query: str


def with_changes(query: QueryDict, **changes: str) -> str:
    """The query string with some parameters changed; those that are empty are left out."""
    changed = query.copy()
    for name, value in changes.items():
        changed[name] = value
    kept = QueryDict(mutable=True)
    for name, values in changed.lists():
        if values[-1]:
            kept[name] = values[-1]
    return kept.urlencode()


def chips(query: QueryDict, asked: queries.Search, form: SearchForm) -> list[Link]:
    """The filters that are set; each leads to the search without it."""
    found = []
    if asked.log_host:
        found.append(
            Link(
                say("log host: {name}", name=asked.log_host.name), with_changes(query, log_host="", after="")
            )
        )
    if asked.bounds.since or asked.bounds.until:
        words = _range_words(form, asked)
        found.append(Link(words, with_changes(query, range="", since="", until="", after="")))
    found += _filter_chips(query, asked)
    if asked.status:
        found.append(
            Link(say("status: {status}", status=word(asked.status)), with_changes(query, status="", after=""))
        )
    if asked.reason:
        found.append(
            Link(
                say("refused: {reason}", reason=word(asked.reason)), with_changes(query, reason="", after="")
            )
        )
    if asked.role:
        only = say("as sender only") if asked.role == "sender" else say("as recipient only")
        found.append(Link(only, with_changes(query, role="", after="")))
    return found


def _filter_chips(query: QueryDict, asked: queries.Search) -> list[Link]:
    filters = asked.filters
    words = {
        "direction": filters.direction and say("direction: {direction}", direction=word(filters.direction)),
        "account": filters.account and say("account: {name}", name=filters.account),
        "transport": filters.transport and say("transport: {name}", name=filters.transport),
        "remote_host": filters.remote_host and say("to host: {name}", name=filters.remote_host),
        "also": _also_words(filters),
        "size_from": _size(later("{number:,} bytes or more"), filters.size_from),
        "size_to": _size(later("{number:,} bytes or less"), filters.size_to),
        "rule": filters.rule and say("rule: {rule}", rule=filters.rule),
    }
    return [
        Link(text, with_changes(query, **{"after": "", **_without(name)}))
        for name, text in words.items()
        if text
    ]


def _without(name: str) -> dict[str, str]:
    return {"also": "", "also_kind": "", "also_role": ""} if name == "also" else {name: ""}


def _also_words(filters: Filters) -> str:
    if filters.also is None:
        return ""
    if filters.also_role == "sender":
        sentence = later("and sender {value}")
    elif filters.also_role == "recipient":
        sentence = later("and recipient {value}")
    elif filters.also.kind is TermKind.NETWORK:
        sentence = later("and from {value}")
    else:
        sentence = later("and sender or recipient {value}")
    return say(sentence, value=filters.also.value)


def _size(sentence: str, number: int | None) -> str:
    return "" if number is None else say(sentence, number=number)


def _range_words(form: SearchForm, asked: queries.Search) -> str:
    """A preset by its name; exact times in the zone that serves all log hosts of the search."""
    if form.cleaned_data["range"] not in ("", "exact"):
        return str(dict(form.fields["range"].choices)[form.cleaned_data["range"]])  # type: ignore[attr-defined]
    hosts = [asked.log_host] if asked.log_host else list(queries.log_hosts().values())
    zone = shown_zone(queries.zone_of(hosts).zone)
    since, until = (exact(at, zone) for at in (asked.bounds.since, asked.bounds.until))
    return f"{since} – {until}".strip() if since else say("until {until}", until=until)


_NAMES = {
    TermKind.ACCOUNT: later("account"),
    TermKind.HEADER: later("Message-ID header"),
    TermKind.ADDRESS: later("address"),
    TermKind.DOMAIN: later("domain"),
    TermKind.TEXT: later("words in the lines"),
    TermKind.PATTERN: later("regular expression"),
    TermKind.SUBJECT: later("words in subjects"),
    TermKind.BEGINNING: later("beginning of an address"),
    TermKind.PART: later("part of an address"),
    TermKind.HOST: later("host name"),
}


def roles(query: QueryDict, asked: queries.Search) -> list[Link]:
    """An address or a domain on one side only."""
    if asked.role or asked.term.kind not in CORRESPONDENTS:
        return []
    return [Link(word(role), with_changes(query, role=role, after="")) for role in ("sender", "recipient")]


def readings(query: QueryDict, asked: queries.Search) -> list[Link]:
    """Other ways to read the same text."""
    kinds = alternatives(asked.term)
    return [Link(say(_NAMES[kind]), with_changes(query, kind=kind, role="", after="")) for kind in kinds]
