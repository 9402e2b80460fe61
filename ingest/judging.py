"""Subjects judged from what is stored: what the rules find in the behaviour of an address, account or local user.

Who sent messages is judged from all of them, as each may still change. Who was only refused is judged from what
came since the last time: a refusal is one line and never changes, so what all earlier ones have come to is kept.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import batched

from django.db import connection, transaction

from ingest import reports
from ingest.candidates import Candidates
from ingest.locks import Lock
from ingest.marks import Subject
from ingest.models import LogHost, SubjectState
from ingest.rules import memory
from ingest.rules.facts import LogHostFacts, MessageFacts, RejectionFacts, SubjectKind
from ingest.rules.relays import SubjectAccumulator, SubjectReport, subject_findings
from ingest.sql import copying
from ingest.stored_facts import (
    messages_between,
    refusals_counted,
    refusals_read_by_rules,
    subject_messages,
    subject_rejections,
    with_messages,
)

SUBJECTS_AT_ONCE = 1000
_WORTH_KEEPING = 20  # facts of a subject that came again; fewer are read again instead
_WORTH_KEEPING_AT_ONCE = 100  # of one that is new: most never come again
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def by_kind(subjects: Iterable[Subject]) -> Iterator[tuple[SubjectKind, list[str]]]:
    """Subjects in the order in which they are judged."""
    every = set(subjects)
    for kind in SubjectKind:
        values = sorted(value for of_kind, value in every if of_kind is kind)
        if values:
            yield kind, values


def judge(
    log_host_id: int, host: LogHostFacts, found: Candidates, *, renew: Callable[[], None] = lambda: None
) -> None:
    """Compute the findings of subjects from committed rows and store them. ``renew`` is called between steps."""
    for kind, values in by_kind(found.subjects):
        for chunk in batched(values, SUBJECTS_AT_ONCE, strict=False):
            _judge_some(log_host_id, host, kind, chunk, found.refused_at)
            renew()


def _judge_some(
    log_host_id: int,
    host: LogHostFacts,
    kind: SubjectKind,
    values: Sequence[str],
    refused_at: Mapping[Subject, datetime],
) -> None:
    """Under a lock for the log host: of two who judge one subject, the later one sees all that was committed."""
    with transaction.atomic():
        _lock(log_host_id)
        busy = with_messages(log_host_id, kind, values)
        quiet = [value for value in values if value not in busy]
        found = list(judged(log_host_id, host, kind, sorted(busy)))
        found += _refused(log_host_id, host, kind, quiet, refused_at)
        allowances = reports.allowances(log_host_id)
        reports.replace(log_host_id, kind, values, [report.allowing(allowances) for report in found])
        if busy:
            SubjectState.objects.filter(log_host_id=log_host_id, kind=kind, value__in=busy).delete()


def _lock(log_host_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [Lock.JUDGING, log_host_id])


def allow_again(log_host: LogHost) -> int:
    """Tell anew which of the stored findings are allowed; how many subjects that has changed."""
    with transaction.atomic():
        _lock(log_host.pk)
        allowances = reports.allowances(log_host.pk)
        changed: dict[SubjectKind, list[SubjectReport]] = defaultdict(list)
        for report in reports.stored(log_host):
            now = report.allowing(allowances)
            if now != report:
                changed[report.kind].append(now)
        for kind, found in changed.items():
            reports.replace(log_host.pk, kind, [report.value for report in found], found)
    return sum(map(len, changed.values()))


def forget_states(log_host_id: int) -> None:
    """Judge everybody from all rows the next time: lines were taken away, or read in another way."""
    SubjectState.objects.filter(log_host_id=log_host_id).delete()


# ---- those who were only refused


@dataclass(frozen=True, slots=True)
class _Begun:
    """Where the reading of a subject's refusals goes on."""

    accumulator: SubjectAccumulator
    since: datetime  # it has read everything up to here
    touched_at: datetime | None  # the first refusal in the times that the run touched

    @property
    def is_worth_keeping(self) -> bool:
        """Whether a state costs less than to read again what has led to it, should the subject come again."""
        first_at, last_at = self.accumulator.first_at, self.accumulator.last_at
        if first_at is None or last_at is None or last_at <= self.since:
            return False
        is_new = self.touched_at is None or first_at >= self.touched_at
        return self.accumulator.facts >= (_WORTH_KEEPING_AT_ONCE if is_new else _WORTH_KEEPING)


def _refused(
    log_host_id: int,
    host: LogHostFacts,
    kind: SubjectKind,
    values: Sequence[str],
    refused_at: Mapping[Subject, datetime],
) -> list[SubjectReport]:
    if not values or kind is SubjectKind.LOCAL_USER:
        return []
    basis = memory.basis(host)
    first_at = [refused_at.get((kind, value)) for value in values]
    begun = _begun(log_host_id, host, kind, values, first_at, basis)
    since = [each.since for each in begun]
    for place, counted in refusals_counted(log_host_id, kind, values, since):
        begun[place].accumulator.count(counted)
    for place, refusal in refusals_read_by_rules(log_host_id, kind, values, since):
        begun[place].accumulator.watch(refusal)
    _keep(log_host_id, kind, basis, begun)
    return [report for each in begun if (report := each.accumulator.report()) is not None]


def _begun(
    log_host_id: int,
    host: LogHostFacts,
    kind: SubjectKind,
    values: Sequence[str],
    refused_at: Sequence[datetime | None],
    basis: str,
) -> list[_Begun]:
    """What was kept, where it is of the same rules and everything just stored is later; else the beginning."""
    kept = SubjectState.objects.filter(log_host_id=log_host_id, kind=kind, value__in=values, basis=basis)
    states = {value: (until, state) for value, until, state in kept.values_list("value", "until", "state")}
    begun = []
    for value, first_at in zip(values, refused_at, strict=True):
        until, state = states.get(value, (_BEGINNING, None))
        if state is not None and (first_at is None or first_at > until):
            with suppress(memory.UnreadableState):
                begun.append(_Begun(memory.read(bytes(state), host, host.limits), until, first_at))
                continue
        begun.append(_Begun(SubjectAccumulator(kind, value, host), _BEGINNING, first_at))
    return begun


def _keep(log_host_id: int, kind: SubjectKind, basis: str, begun: Sequence[_Begun]) -> None:
    """Keep what is worth it. A state that was not gone on from goes: it lacks what was read now."""
    kept = [each.accumulator for each in begun if each.is_worth_keeping]
    outdated = {each.accumulator.value for each in begun if each.since == _BEGINNING}
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM ingest_subjectstate WHERE log_host_id = %s AND kind = %s AND value = ANY(%s)",
            [log_host_id, kind, sorted(outdated.union(accumulator.value for accumulator in kept))],
        )
        columns = "log_host_id, kind, value, until, basis, state"
        with copying(f"COPY ingest_subjectstate ({columns}) FROM STDIN") as copy:
            for accumulator in kept:
                state = memory.written(accumulator)
                copy.write_row((log_host_id, kind, accumulator.value, accumulator.last_at, basis, state))


# ---- those who sent messages, and ranges


def judged(
    log_host_id: int,
    host: LogHostFacts,
    kind: SubjectKind,
    values: Sequence[str],
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[SubjectReport]:
    """What the rules find on some subjects, in order, by all that is stored of them or a range of it."""
    if not values:
        return
    rows = messages_between(log_host_id, since, until)
    messages = _Shared(
        (_value_of(facts, kind), facts) for facts in subject_messages(rows, log_host_id, kind, values)
    )
    rejections = _Shared(subject_rejections(log_host_id, kind, values, since, until))
    for value in sorted(values):
        report = subject_findings(kind, value, messages.of(value), rejections.of(value), host)
        if report is not None:
            yield report


def _value_of(message: MessageFacts, kind: SubjectKind) -> str:
    values = {
        SubjectKind.SENDER_HOST_ADDRESS: message.sender_host_address,
        SubjectKind.AUTHENTICATED_ID: message.authenticated_id,
        SubjectKind.LOCAL_USER: message.local_user,
    }
    return values[kind] or ""


class _Shared[Fact: (MessageFacts, RejectionFacts)]:
    """A stream ordered by subject, handed out subject by subject without holding more than one fact."""

    def __init__(self, facts: Iterable[tuple[str, Fact]]) -> None:
        self._facts: Iterator[tuple[str, Fact]] = iter(facts)
        self._next: tuple[str, Fact] | None = next(self._facts, None)

    def of(self, value: str) -> Iterator[Fact]:
        while self._next is not None and self._next[0] <= value:
            if self._next[0] == value:
                yield self._next[1]
            self._next = next(self._facts, None)
