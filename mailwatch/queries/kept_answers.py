"""Answers that the process has given, kept as long as nothing was stored, judged or said since.

The answer over a whole log reads all messages of an attack: 300 ms at ten million lines, for a page that is opened
again and again.
"""

from collections.abc import Sequence
from datetime import UTC
from functools import partial
from typing import Any

from django.db.models import Aggregate, Count, Max, Model, Sum
from django.utils.timezone import now

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
from mailwatch.queries.kept import Kept
from mailwatch.queries.ranges import Range
from mailwatch.queries.stored_state import State, stored_states
from mailwatch.reader import shown_zone

_KEPT = 60_000  # suspects, in ranges of log hosts; a thousand take some megabytes
_AN_ANSWER = 20  # weighs as much as so many suspects

type Key = tuple[Any, ...]


class Question:
    """What is asked of a log, on what is stored now: of each log host by itself, whoever may read which others."""

    def __init__(self, log_host: LogHost | None, asked: Range) -> None:
        self.log_host, self.asked = log_host, asked
        self._hosts = [log_host] if log_host else list(LogHost.objects.all())
        self._reader = (asked, language(), shown_zone(UTC), edition())
        self._states = _states(self._hosts)

    def answers(self) -> Sequence[HostAnswer]:
        """As ``mailwatch.queries.answers.answers``."""
        return queries.by_need(
            [
                _answers.get(*self.of(host), partial(queries.answer, log_host=host, asked=self.asked))
                for host in self._hosts
            ]
        )

    def of(self, log_host: LogHost) -> tuple[Key, State]:
        """Under which key, and for which state, things are kept that are told of a log host."""
        return (log_host.pk, *self._reader), self._states[log_host.pk]


def answers(*, log_host: LogHost | None, asked: Range) -> Sequence[HostAnswer]:
    """As ``mailwatch.queries.answers.answers``."""
    return Question(log_host, asked).answers()


_answers: Kept[Key, State, HostAnswer] = Kept(_KEPT, weigh=lambda answer: _AN_ANSWER + len(answer.reports))


def _states(log_hosts: Sequence[LogHost]) -> dict[int, State]:
    """Everything that the answers for log hosts rest on, as far as a change of it shows; by their ids."""
    stored, today = stored_states(log_hosts), now().date()
    counted = [_by_log_host(log_hosts, table, **counts) for table, counts in _COUNTED]
    return {
        one.pk: (
            VERSION,
            today,
            *stored[one.pk],
            *(repr(getattr(one, field.attname)) for field in LogHost._meta.concrete_fields),
            *(rows.get(one.pk) for rows in counted),
        )
        for one in log_hosts
    }


_COUNTED: tuple[tuple[type[Model], dict[str, Aggregate]], ...] = (
    (LogFile, {"files": Count("*"), "last": Max("pk"), "lines": Sum("new_lines"), "at": Max("last_at")}),
    (IngestRun, {"last": Max("pk"), "at": Max("finished_at")}),
    (Suspect, {"number": Count("*"), "last": Max("pk")}),
    (AllowEntry, {"number": Count("*"), "over": Count("withdrawn_at")}),
    (StoredConfiguration, {"number": Count("*"), "last": Max("pk"), "at": Max("stored_at")}),
)


def _by_log_host(
    log_hosts: Sequence[LogHost], table: type[Model], **counts: Aggregate
) -> dict[int, tuple[Any, ...]]:
    rows = table._default_manager.filter(log_host__in=log_hosts).order_by().values_list("log_host_id")
    return {
        log_host_id: tuple(values)
        for log_host_id, *values in rows.annotate(**{f"{n}_counted": c for n, c in counts.items()})
    }
