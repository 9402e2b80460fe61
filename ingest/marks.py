"""What a batch touched: times, and subjects that a rule found something on. Stored with the batch.

The findings on subjects are computed when a run has read all its files (ingest.classification.settle), from what
is stored at these times. A mark is made from the merged message, which knows whose it is: a line that comes in a
later run than the arrival touches the sender too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import connection

from ingest.copy_text import INDEXED_TEXT
from ingest.models import IngestRun, Mark
from ingest.refusals import Refusal
from ingest.rules.facts import MessageFacts, SubjectKind
from ingest.sql import copying

Subject = tuple[SubjectKind, str]

_PAUSE = timedelta(hours=1)  # a longer one cuts a span of messages or refusals in two
_COLUMNS = "log_host_id, piece_id, kind, value, first_at, last_at"


class Touched(StrEnum):
    """What was stored in a span of time."""

    MESSAGES = "messages"  # by the time of their first line
    REFUSALS = "refusals"


_LOSS = "loss"  # what was stored went: by a mark of its own, without a time


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time (UTC), both ends included."""

    first_at: datetime
    last_at: datetime

    def widened(self, by: timedelta) -> "Span":
        """With so much more on both sides, as far as the calendar goes."""
        first_at = self.first_at - by if self.first_at - EARLIEST > by else EARLIEST
        last_at = self.last_at + by if LATEST - self.last_at > by else LATEST
        return Span(first_at, last_at)


EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
LATEST = datetime(9999, 12, 30, tzinfo=UTC)
ALWAYS = Span(EARLIEST, LATEST)


@dataclass(frozen=True, slots=True)
class Marks:
    """What the batches of a run touched."""

    messages: tuple[Span, ...]
    refusals: tuple[Span, ...]
    subjects: frozenset[Subject]
    has_loss: bool = False  # lines went, and with them perhaps what made somebody a suspect


EVERYTHING = Marks((ALWAYS,), (ALWAYS,), frozenset())


def subjects_of(message: MessageFacts) -> list[Subject]:
    """Whose behaviour a message is part of, by the texts that rows keep."""
    subjects: list[Subject] = []
    if message.sender_host_address:
        subjects.append((SubjectKind.SENDER_HOST_ADDRESS, message.sender_host_address))
    elif message.local_user:
        subjects.append((SubjectKind.LOCAL_USER, message.local_user[:INDEXED_TEXT]))
    if message.authenticated_id:
        subjects.append((SubjectKind.AUTHENTICATED_ID, message.authenticated_id[:INDEXED_TEXT]))
    return subjects


def refused_subjects(refusal: Refusal) -> list[Subject]:
    """Whose behaviour a refusal is part of, likewise."""
    subjects: list[Subject] = []
    if refusal.sender_host_address:
        subjects.append((SubjectKind.SENDER_HOST_ADDRESS, refusal.sender_host_address))
    if refusal.account:
        subjects.append((SubjectKind.AUTHENTICATED_ID, refusal.account[:INDEXED_TEXT]))
    return subjects


def store(
    log_host_id: int,
    piece_id: int,
    *,
    messages: Iterable[datetime],
    refusals: Iterable[datetime],
    found: Iterable[Subject],
) -> None:
    """Mark what a batch touched.

    ``messages``: the first time, as merged, of each message that it stored lines of; ``refusals``: the times of the
    refusals that it stored; ``found``: the subjects of messages that a rule found something on.
    """
    spans = {Touched.MESSAGES: _spans(messages), Touched.REFUSALS: _spans(refusals)}
    rows: list[tuple[object, ...]] = [
        (log_host_id, piece_id, touched, "", span.first_at, span.last_at)
        for touched, of_kind in spans.items()
        for span in of_kind
    ]
    rows += [(log_host_id, piece_id, kind, value, None, None) for kind, value in sorted(set(found))]
    if rows:
        with copying(f"COPY ingest_mark ({_COLUMNS}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def store_loss(log_host_id: int, piece_id: int) -> None:
    """Mark that a batch removed what was stored."""
    Mark.objects.create(log_host_id=log_host_id, piece_id=piece_id, kind=_LOSS, value="")


def of_run(run: IngestRun) -> Marks:
    """What the run touched and has not computed yet."""
    spans: dict[str, list[Span]] = {touched: [] for touched in Touched}
    subjects: set[Subject] = set()
    has_loss = False
    rows = Mark.objects.filter(piece__file__run=run).values_list("kind", "value", "first_at", "last_at")
    for kind, value, first_at, last_at in rows:
        if first_at is not None and last_at is not None:
            spans[kind].append(Span(first_at, last_at))
        elif kind == _LOSS:
            has_loss = True
        else:
            subjects.add((SubjectKind(kind), value))
    messages, refusals = joined(spans[Touched.MESSAGES]), joined(spans[Touched.REFUSALS])
    return Marks(messages, refusals, frozenset(subjects), has_loss)


def delete(run: IngestRun) -> None:
    """Forget what a run touched: its findings are computed."""
    Mark.objects.filter(piece__file__run=run).delete()


def joined(spans: Iterable[Span], pause: timedelta = timedelta()) -> tuple[Span, ...]:
    """Spans that overlap, or lie no further apart than ``pause``, as one; in order."""
    result: list[Span] = []
    for span in sorted(spans, key=lambda span: span.first_at):
        if result and span.first_at - result[-1].last_at <= pause:
            result[-1] = Span(result[-1].first_at, max(result[-1].last_at, span.last_at))
        else:
            result.append(span)
    return tuple(result)


def widened(spans: Iterable[Span], by: timedelta) -> tuple[Span, ...]:
    """Spans with so much more on both sides."""
    return joined(span.widened(by) for span in spans)


def rows_in(sql: str, log_host_id: int, spans: Sequence[Span], **parameters: Any) -> list[tuple[Any, ...]]:
    """What a statement finds of a log host in spans of time, which it knows as first_at and last_at."""
    times = {"first_at": [span.first_at for span in spans], "last_at": [span.last_at for span in spans]}
    with connection.cursor() as cursor:
        cursor.execute(sql, {"log_host_id": log_host_id, **times, **parameters})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _spans(times: Iterable[datetime]) -> Sequence[Span]:
    ordered = sorted(set(times))
    spans: list[Span] = []
    first = last = None
    for at in ordered:
        if first is None or last is None:
            first = at
        elif at - last > _PAUSE:
            spans.append(Span(first, last))
            first = at
        last = at
    if first is not None and last is not None:
        spans.append(Span(first, last))
    return spans
