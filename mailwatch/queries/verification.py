"""Why a sender could not be verified: the note that Exim writes before the rejection it explains.

``H=... sender verify fail for <address>: reason`` stands before ``H=... F=<address> rejected RCPT <...>: Sender
verify failed``, and both are one event: the note is no row, and is looked for when the rejection is shown. It has the
client and the sender of the rejection, and the same second or the one before; where it stands does not matter.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ingest.exim.events import Note, Topic
from ingest.exim.line import readable
from ingest.exim.parse import parse
from ingest.exim.reasons import Reason, verification_failure
from ingest.models import LogHost, Rejection
from ingest.pages import LineRef, Page, overlapping, pages

_NOTE = re.compile(rb" sender verify (?:fail|defer) for <([^>\n]*+)>")
_BEFORE = timedelta(seconds=1)
_EXPLAINED = (
    Reason.SENDER,
    Reason.OTHER,
    Reason.UNSAID,
)  # an ACL may give its own words for a failed verification
_MOST_LOOKED_FOR = 10  # rejections of a list whose notes do not stand on the pages of their own lines


class _Failure(NamedTuple):
    """A note that was found."""

    logged_at: datetime
    reason: str


class _Subject(NamedTuple):
    """Who wanted to send as whom."""

    sender_host_address: str | None
    sender: str


type _Failures = Mapping[_Subject, Sequence[_Failure]]


def failures(rejections: Sequence[Rejection], hosts: Mapping[int, LogHost]) -> dict[Any, str]:
    """Why their senders could not be verified, by the rejections' ``pk``; "" where the note gives no reason."""
    of_host: dict[int, list[Rejection]] = defaultdict(list)
    for rejection in rejections:
        if rejection.reason == Reason.SENDER and rejection.envelope_sender:
            of_host[rejection.log_host_id].append(rejection)
    found: dict[Any, str] = {}
    for host_id, of_sender in of_host.items():
        if host_id in hosts:
            found |= _of_host(of_sender, hosts[host_id])
    return found


def failure(rejection: Rejection, log_host: LogHost) -> str | None:
    """The same for one rejection, also where an ACL gives its own words; None: no such note is stored."""
    if not rejection.envelope_sender or rejection.reason not in _EXPLAINED:
        return None
    return _of_host([rejection], log_host).get(rejection.pk)


def _of_host(rejections: Sequence[Rejection], log_host: LogHost) -> dict[Any, str]:
    """First on the pages of the rejections' own lines, which are read anyway; then wherever their second is."""
    senders = {rejection.envelope_sender or "" for rejection in rejections}
    near = _read(pages(log_host.pk, _pages_of(rejections)), log_host, senders)
    found: dict[Any, str] = {}
    looked_for = 0
    for rejection in rejections:
        reason = _matching(rejection, near)
        if reason is None and looked_for < _MOST_LOOKED_FOR:
            looked_for += 1
            around = overlapping(log_host.pk, rejection.logged_at - _BEFORE, rejection.logged_at)
            reason = _matching(rejection, _read(around, log_host, {rejection.envelope_sender or ""}))
        if reason is not None:
            found[rejection.pk] = reason
    return found


def _pages_of(rejections: Iterable[Rejection]) -> set[int]:
    return {LineRef.unpack(rejection.line_ref).page_id for rejection in rejections}


def _read(found: Iterable[Page], log_host: LogHost, senders: set[str]) -> _Failures:
    """The notes on pages that name one of the senders."""
    notes: dict[_Subject, list[_Failure]] = defaultdict(list)
    for page in found:
        for note, sender in _notes(page.text, log_host, senders):
            host = note.client.sender_host_address if note.client else None
            reason = verification_failure(note.text)
            notes[_Subject(host, sender)].append(_Failure(note.logged_at, reason))
    return notes


def _notes(text: bytes, log_host: LogHost, senders: set[str]) -> Iterator[tuple[Note, str]]:
    for match in _NOTE.finditer(text):
        sender = readable(match[1])
        if sender in senders:
            start, end = text.rfind(b"\n", 0, match.start()) + 1, text.find(b"\n", match.end())
            event = parse(text[start:end] if end >= 0 else text[start:], zone=log_host.zone)
            if isinstance(event, Note) and event.topic is Topic.SENDER_VERIFY and event.address == sender:
                yield event, sender


def _matching(rejection: Rejection, notes: _Failures) -> str | None:
    """The latest that is not after the rejection and at most a second before it."""
    subject = _Subject(rejection.sender_host_address, rejection.envelope_sender or "")
    since = rejection.logged_at - _BEFORE
    near = [found for found in notes.get(subject, ()) if since <= found.logged_at <= rejection.logged_at]
    return max(near).reason if near else None
