"""Whole messages by words in their lines, as exigrep finds them. Reads the stored text, a page at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched

from django.db.models import Q

from ingest import pages
from ingest.exim.events import Event, Kind, Unparsed
from ingest.exim.line import readable
from ingest.exim.parse import parse
from ingest.models import LogHost, Message, Status
from mailwatch.queries.lines import once
from mailwatch.queries.matching import messages_within
from mailwatch.queries.patterns import Pattern, any_of
from mailwatch.queries.ranges import Bounds

_AT_ONCE = 500  # messages
_END_OF_TIME = datetime(9999, 12, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What is looked for: an entry matches when any of the terms is in it, in upper or lower case."""

    terms: tuple[str, ...]
    are_patterns: bool = False  # regular expressions, in the syntax of RE2
    is_inverted: bool = False  # what does not match
    with_related: bool = False  # the messages that a bounce reports about, and the bounces too

    def pattern(self) -> Pattern:
        """Raises NoPattern, with one sentence, for a pattern that is none."""
        return any_of(self.terms, are_patterns=self.are_patterns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A message with all its lines, or (``message`` is None) one line that belongs to none."""

    log_host: LogHost
    message: Message | None
    entries: tuple[bytes, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(readable(entry) for entry in self.entries)


def find(log_host: LogHost, words: Words, *, bounds: Bounds, status: str = "") -> Iterator[Found]:
    """In the order of their first matching line; inverted: lines first, then messages by id.

    The range is that of the message's first line; ``status`` "rejected" includes refusals without a message.
    """
    matched, loose = _scan(log_host, words, bounds, status)
    if words.is_inverted:
        yield from (
            Found(log_host=log_host, message=None, entries=(text,)) for text in _texts(log_host, loose)
        )
        yield from _others(log_host, set(matched), bounds, status)
        return
    ids = _with_related(log_host, matched) if words.with_related else matched
    within = Q() if words.with_related else _narrowed(bounds, status)
    yield from _in_order(log_host, ids, loose, within)


def _scan(log_host: LogHost, words: Words, bounds: Bounds, status: str) -> tuple[dict[str, int], list[int]]:
    """Ids of messages with a matching entry, by their first; and wanted entries that belong to no message."""
    pattern = words.pattern()
    ids: dict[str, int] = {}
    loose: list[int] = []
    for page in _pages(log_host, bounds):
        if not words.is_inverted and not pattern.may_be_in_page(page.text):
            continue
        for ref, entry in page.entries():
            is_match = pattern.is_in(entry.text)
            if not is_match and not words.is_inverted:
                continue
            event = parse(entry.text.split(b"\n", 1)[0], zone=log_host.zone)
            message_id = None if isinstance(event, Unparsed) else event.message_id
            if message_id is None:
                if is_match != words.is_inverted and _is_wanted(event, bounds, status):
                    loose.append(ref)
            elif is_match:
                ids.setdefault(message_id, ref)
    return ids, loose


def _pages(log_host: LogHost, bounds: Bounds) -> Iterator[pages.Page]:
    """Later pages than the range are read too: a message that began in it may end there."""
    if bounds.since is None:
        return pages.scan(log_host.pk)
    return pages.overlapping(log_host.pk, bounds.since.astimezone(UTC), _END_OF_TIME)


def _is_wanted(event: Event | Unparsed, bounds: Bounds, status: str) -> bool:
    if isinstance(event, Unparsed):
        return not status and bounds == Bounds()
    if status and not (status == Status.REJECTED and event.kind in (Kind.REJECTION, Kind.AUTH_FAILURE)):
        return False
    since, until = bounds.since, bounds.until
    return (since is None or event.logged_at >= since) and (until is None or event.logged_at < until)


def _narrowed(bounds: Bounds, status: str) -> Q:
    return messages_within(bounds) & (Q(status=status) if status else Q())


def _with_related(log_host: LogHost, matched: dict[str, int]) -> dict[str, int]:
    """With what the messages report about, and the reports about them, as far as that goes."""
    known = dict(matched)
    fresh: Sequence[str] = list(matched)
    while fresh:
        found: dict[str, int] = {}
        for some in batched(fresh, _AT_ONCE, strict=False):
            related = Message.objects.filter(log_host_id=log_host.pk).filter(
                Q(message_id__in=some) | Q(parent_message_id__in=some)
            )
            for message_id, parent in related.values_list("message_id", "parent_message_id"):
                for name in (message_id, parent):
                    if name is not None and name not in known:
                        found[name] = known[message_id if message_id in known else parent or message_id]
        known |= found
        fresh = list(found)
    return known


def _in_order(log_host: LogHost, ids: dict[str, int], loose: Sequence[int], within: Q) -> Iterator[Found]:
    """Messages and loose lines mixed, by the place of the first matching line."""
    places = sorted([(ref, message_id) for message_id, ref in ids.items()] + [(ref, "") for ref in loose])
    for some in batched(places, _AT_ONCE, strict=False):
        wanted = [message_id for _, message_id in some if message_id]
        rows = Message.objects.filter(within, log_host_id=log_host.pk, message_id__in=wanted)
        messages = {message.message_id: message for message in rows}
        lines = [ref for ref, message_id in some if not message_id]
        texts = dict(zip(lines, _texts(log_host, lines), strict=True))
        for ref, message_id in some:
            if message_id in messages:
                yield _whole(log_host, messages[message_id])
            elif not message_id:
                yield Found(log_host=log_host, message=None, entries=(texts[ref],))


def _others(log_host: LogHost, matched: set[str], bounds: Bounds, status: str) -> Iterator[Found]:
    rows = Message.objects.filter(_narrowed(bounds, status), log_host_id=log_host.pk).order_by("message_id")
    for message in rows.iterator(chunk_size=_AT_ONCE):
        if message.message_id not in matched:
            yield _whole(log_host, message)


def _whole(log_host: LogHost, message: Message) -> Found:
    entries = once(pages.read_entries(log_host.pk, message.line_refs))
    return Found(log_host=log_host, message=message, entries=tuple(entry for entry in entries if entry))


def _texts(log_host: LogHost, refs: Sequence[int]) -> Iterator[bytes]:
    for some in batched(refs, _AT_ONCE, strict=False):
        yield from pages.read_entries(log_host.pk, some)
