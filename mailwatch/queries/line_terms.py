"""Searches that no index answers, as what is looked for in raw lines (mailwatch.queries.free_text)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from email.errors import HeaderParseError
from email.header import decode_header

from ingest.exim.events import (
    Arrival,
    AuthFailure,
    Bounce,
    Connection,
    Deferral,
    Delivery,
    Event,
    Rejection,
)
from ingest.models import LogHost
from mailwatch.queries.free_text import Asked
from mailwatch.queries.patterns import NoPattern, Pattern, any_of
from mailwatch.queries.ranges import Bounds
from mailwatch.queries.terms import NotUnderstood, Term, TermKind

# A subject that is not plain ASCII stands in the log as RFC 2047 encodes it, or with Exim's escapes.
_ENCODED = r"=\?|\\[0-7]{3}"


def asked(term: Term, hosts: Sequence[tuple[LogHost, Bounds]]) -> Asked:
    """What to read for a term. Raises NotUnderstood for a pattern that is none."""
    pattern = pattern_of(term)
    match term.kind:
        case TermKind.SUBJECT:
            either = replace(any_of([_ENCODED], are_patterns=True), also=pattern)
            return Asked(pattern=either, hosts=hosts, wants=lambda event: _is_in_subject(event, pattern))
        case TermKind.PART:
            return Asked(pattern=pattern, hosts=hosts, wants=lambda event: _is_in_address(event, pattern))
        case TermKind.HOST:
            return Asked(pattern=pattern, hosts=hosts, wants=lambda event: _is_in_host(event, pattern))
    return Asked(pattern=pattern, hosts=hosts)


def pattern_of(term: Term) -> Pattern:
    """What is marked in the lines. Raises NotUnderstood."""
    try:
        return any_of([term.value], are_patterns=term.kind is TermKind.PATTERN)
    except NoPattern as error:
        raise NotUnderstood(str(error)) from error


def _is_in_subject(event: Event | None, pattern: Pattern) -> bool:
    subject = event.subject if isinstance(event, Arrival) else None
    return subject is not None and (
        pattern.is_in(subject.encode()) or pattern.is_in(read_subject(subject).encode())
    )


def read_subject(subject: str) -> str:
    """A subject without its encoding (RFC 2047); as it is where that cannot be read."""
    try:
        return "".join(
            part if isinstance(part, str) else part.decode(charset or "ascii", "replace")
            for part, charset in decode_header(subject)
        )
    except (HeaderParseError, LookupError, ValueError):
        return subject


def _is_in_address(event: Event | None, pattern: Pattern) -> bool:
    return any(pattern.is_in(address.encode()) for address in _addresses(event))


def _addresses(event: Event | None) -> Iterator[str]:
    match event:
        case Arrival():
            yield event.envelope_sender
            yield from event.recipients or ()
        case Delivery() | Deferral() | Bounce():
            yield event.recipient
            yield event.original_recipient
        case Rejection():
            yield event.envelope_sender or ""
            yield event.recipient or ""


def _is_in_host(event: Event | None, pattern: Pattern) -> bool:
    return any(name and pattern.is_in(name.encode()) for name in _host_names(event))


def _host_names(event: Event | None) -> Iterator[str | None]:
    match event:
        case Arrival() | Rejection() | AuthFailure() | Connection():
            yield event.client.sender_host_name
            yield event.client.helo_name
        case Delivery() | Deferral() | Bounce():
            yield event.remote_host_name
