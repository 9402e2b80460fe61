"""Answers that the process has given, kept as long as nothing was stored, judged or said since.

The answer over a whole log reads all messages of an attack: 300 ms at ten million lines, for a page that is opened
again and again.
"""

from collections.abc import Sequence
from datetime import UTC
from functools import lru_cache
from typing import Any

from django.db.models import Count, Max, Sum
from django.utils.timezone import now

from ingest import granted
from ingest.countries import edition
from ingest.languages import language
from ingest.models import (
    AllowEntry,
    IngestRun,
    LogFile,
    LogHost,
    StoredConfiguration,
    Suspect,
)
from ingest.rules.rule import VERSION
from mailwatch.queries import answers as queries
from mailwatch.queries.answers import HostAnswer
from mailwatch.queries.ranges import Range
from mailwatch.queries.stored_state import stored_state
from mailwatch.reader import shown_zone

_KEPT = 8  # each holds what was found on every suspect


class Question:
    """What is asked of a log, on what is stored now; two are the same that have the same answer."""

    def __init__(self, log_host: LogHost | None, asked: Range) -> None:
        hosts = [log_host] if log_host else list(LogHost.objects.all())
        self.log_host, self.asked = log_host, asked
        reader = (granted.here(), language(), shown_zone(UTC))
        names = (log_host.pk if log_host else None, asked, *reader, edition())
        self._key = (*names, *map(_state, hosts))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Question) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def answers(self) -> Sequence[HostAnswer]:
        """As ``mailwatch.queries.answers.answers``."""
        return _answers(self)


def answers(*, log_host: LogHost | None, asked: Range) -> Sequence[HostAnswer]:
    """As ``mailwatch.queries.answers.answers``."""
    return Question(log_host, asked).answers()


@lru_cache(maxsize=_KEPT)
def _answers(question: Question) -> Sequence[HostAnswer]:
    return tuple(queries.answers(log_host=question.log_host, asked=question.asked))


def _state(log_host: LogHost) -> tuple[Any, ...]:
    """Everything that the answer for a log host rests on, as far as a change of it shows."""
    fields = tuple(repr(getattr(log_host, field.attname)) for field in LogHost._meta.concrete_fields)
    counted = (
        LogFile.objects.filter(log_host=log_host).aggregate(
            files=Count("*"), last=Max("pk"), lines=Sum("new_lines"), at=Max("last_at")
        ),
        IngestRun.objects.filter(log_host=log_host).aggregate(last=Max("pk"), at=Max("finished_at")),
        Suspect.objects.filter(log_host=log_host).aggregate(number=Count("*"), last=Max("pk")),
        AllowEntry.objects.filter(log_host=log_host).aggregate(number=Count("*"), over=Count("withdrawn_at")),
        StoredConfiguration.objects.filter(log_host=log_host).aggregate(
            number=Count("*"), last=Max("pk"), at=Max("stored_at")
        ),
    )
    return (
        VERSION,
        now().date(),
        *stored_state(log_host),
        *fields,
        *(value for row in counted for value in row.values()),
    )
