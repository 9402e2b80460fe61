"""Raw lines that hold some words, newest page first, a slice of the text at a time.

Each slice reads pages for a moment and ends with a cursor, so that a page can show hits as they come, say how far it
is, and be stopped by not asking on. Nothing is kept between slices.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from operator import or_

from django.db.models import Count, Q, QuerySet, Sum

from ingest import pages
from ingest.exim.events import Event, Kind, Unparsed
from ingest.exim.parse import parse
from ingest.exim.syslog import first_line
from ingest.models import LogHost, LogPage
from mailwatch.queries import keyset
from mailwatch.queries.patterns import Pattern
from mailwatch.queries.ranges import Bounds

AT_ONCE = 100  # hits of one slice
SECONDS = 0.4  # that one slice reads; a word in 1,000,000 lines takes less
_PAGE_KEY = ("last_at", "log_host_id", "page_id")
# the page read last, how many of its bytes are still unread (0: none), and pages, lines and hits so far
SHAPES = ((datetime, int, int), (int, int, int, int))
_PAGES_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One line of the log. ``event`` is None where it could not be read."""

    log_host: LogHost
    raw: bytes
    event: Event | None

    @property
    def logged_at(self) -> datetime | None:
        return self.event.logged_at if self.event else None

    @property
    def message_id(self) -> str | None:
        return self.event.message_id if self.event else None

    @property
    def kind(self) -> str:
        return self.event.kind if self.event else Kind.NOTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The hits of one slice, newest first, and how far the reading has come."""

    hits: tuple[Hit, ...]
    hits_so_far: int
    lines_read: int
    pages_read: int
    lines: int  # of the whole range
    pages: int
    cursor: str = ""  # where the next slice begins; "": all is read

    @property
    def is_done(self) -> bool:
        return not self.cursor

    @property
    def percent(self) -> int:
        return 100 if self.is_done or not self.pages else self.pages_read * 100 // self.pages


@dataclass(slots=True)
class _Progress:
    """Where a reading stands."""

    key: keyset.Key | None = None
    unread: int = 0  # bytes of that page before the oldest hit shown; 0: the page is read
    pages: int = 0
    lines: int = 0
    hits: int = 0

    @classmethod
    def read(cls, cursor: str) -> "_Progress":
        """From the beginning where the cursor is none of ours."""
        keys = keyset.decode(cursor, shapes=SHAPES) if cursor else None
        if keys is None or keys[0] is None or keys[1] is None:
            return cls()
        numbers = [number for number in keys[1] if isinstance(number, int) and number >= 0]
        return cls(keys[0], *numbers) if len(numbers) == len(SHAPES[1]) else cls()

    def cursor(self) -> str:
        return keyset.encode(self.key, (self.unread, self.pages, self.lines, self.hits))


type _Wanted = Callable[[Event | None], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is looked for, where. ``wants`` narrows the lines that hold the words; None: every one."""

    pattern: Pattern
    hosts: Sequence[tuple[LogHost, Bounds]]
    wants: _Wanted | None = None


def read(
    asked: Asked,
    *,
    cursor: str = "",
    hits: int = AT_ONCE,
    seconds: float = SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> Slice:
    """The next slice: at least one page, then as many as ``seconds`` and ``hits`` allow."""
    progress = _Progress.read(cursor)
    found: list[Hit] = []
    end = clock() + seconds
    is_all = True
    for log_host, bounds, page in _pages(asked, progress):
        found += _hits_on(page, log_host, bounds, asked, progress, hits - len(found))
        if len(found) >= hits or clock() >= end:
            is_all = False
            break
    return _slice(asked, progress, found, is_all=is_all)


def stopped(asked: Asked, *, cursor: str) -> Slice:
    """A slice that reads nothing: how far the reading had come, and where it would go on."""
    return _slice(asked, _Progress.read(cursor), (), is_all=False)


def _slice(asked: Asked, progress: _Progress, found: Sequence[Hit], *, is_all: bool) -> Slice:
    totals = _rows(asked).aggregate(pages=Count("*"), lines=Sum("lines", default=0))
    return Slice(
        hits=tuple(found),
        hits_so_far=progress.hits,
        lines_read=progress.lines,
        pages_read=progress.pages,
        **totals,
        cursor="" if is_all else progress.cursor(),
    )


def every_hit(asked: Asked) -> Iterator[Hit]:
    """All of them, for exports: newest page first."""
    progress = _Progress()
    for log_host, bounds, page in _pages(asked, progress):
        yield from _hits_on(page, log_host, bounds, asked, progress, page.lines + 1)


def _hits_on(
    page: pages.Page, log_host: LogHost, bounds: Bounds, asked: Asked, progress: _Progress, most: int
) -> list[Hit]:
    """The newest hits of a page, ``most`` at most; what lies before them is read the next time."""
    text = page.text[: progress.unread] if progress.unread else page.text
    found: list[Hit] = []
    progress.unread = 0
    if asked.pattern.may_be_in_page(text):
        for ref, entry in reversed(list(page.entries())):
            offset = pages.LineRef.unpack(ref).offset
            if offset >= len(text) or not asked.pattern.is_in(entry.text):
                continue
            if hit := _hit(entry.text, log_host, bounds, asked.wants):
                found.append(hit)
                if len(found) == most and offset:
                    progress.unread = offset
                    break
    progress.hits += len(found)
    if not progress.unread:
        progress.pages += 1
        progress.lines += page.lines
    return found


def _hit(raw: bytes, log_host: LogHost, bounds: Bounds, wants: _Wanted | None) -> Hit | None:
    read_as = parse(first_line(raw), zone=log_host.zone)
    event = None if isinstance(read_as, Unparsed) else read_as
    if bounds.is_set and (event is None or not _is_within(event.logged_at, bounds)):
        return None
    if wants is not None and not wants(event):
        return None
    return Hit(log_host=log_host, raw=raw, event=event)


def _is_within(at: datetime, bounds: Bounds) -> bool:
    return (bounds.since is None or at >= bounds.since) and (bounds.until is None or at < bounds.until)


def _pages(asked: Asked, progress: _Progress) -> Iterator[tuple[LogHost, Bounds, pages.Page]]:
    """Pages of the range, newest first, from where the reading stands; its key follows them."""
    if progress.key is not None and progress.unread:
        yield from _fetched([progress.key], asked, progress)
    while True:
        rows = keyset.newest_first(_rows(asked), fields=_PAGE_KEY, after=progress.key)[:_PAGES_AT_ONCE]
        keys = list(rows.values_list(*_PAGE_KEY))
        yield from _fetched(keys, asked, progress)
        if len(keys) < _PAGES_AT_ONCE:
            return


def _fetched(
    keys: Sequence[keyset.Key], asked: Asked, progress: _Progress
) -> Iterator[tuple[LogHost, Bounds, pages.Page]]:
    """The pages of some keys, in their order; those of log hosts that are not asked for are left out."""
    texts: dict[keyset.Key, tuple[LogHost, Bounds, pages.Page]] = {
        (log_host.pk, page.page_id): (log_host, bounds, page)
        for log_host, bounds in asked.hosts
        for page in pages.pages(log_host.pk, _ids_of(log_host, keys))
    }
    for key in keys:
        progress.key = key
        if found := texts.get(key[1:]):
            yield found


def _ids_of(log_host: LogHost, keys: Sequence[keyset.Key]) -> list[int]:
    return [number for _, of, number in keys if of == log_host.pk and isinstance(number, int)]


def _rows(asked: Asked) -> QuerySet[LogPage]:
    """The pages of the range: their ids are bounded too, which leaves out the months before and after."""
    of_hosts = [_of_host(log_host, bounds) for log_host, bounds in asked.hosts]
    return LogPage.objects.filter(reduce(or_, of_hosts)) if of_hosts else LogPage.objects.none()


def _of_host(log_host: LogHost, bounds: Bounds) -> Q:
    rows = Q(log_host_id=log_host.pk)
    if bounds.since is None and bounds.until is None:
        return rows
    since = (bounds.since or datetime(1970, 1, 1, tzinfo=UTC)).astimezone(UTC)
    until = (bounds.until or datetime(9999, 12, 1, tzinfo=UTC)).astimezone(UTC)
    return rows & Q(page_id__range=pages.page_range(since, until), last_at__gte=since, first_at__lt=until)
