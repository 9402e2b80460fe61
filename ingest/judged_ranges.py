"""What was found in a range of a log, kept: the same question again costs no judging.

A suspect that is judged gets a new row with a higher id (ingest.reports.replace, under a lock for each log host), and
every line of a suspect that comes or goes has it judged. So what was kept stands for everybody whose row is still
there, and only those with a higher id are judged in the range again; all of them where the rules, the thresholds or
what is known of the log host are others. What is allowed is told anew each time that it has changed.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from django.db.models import Count, Max, Q, Sum

from ingest import kept_bytes
from ingest.models import JudgedRange, LogHost, Suspect
from ingest.rules import memory
from ingest.rules.allowed import Allowance, AllowedKind
from ingest.rules.definition import VERSION, Severity, SubjectFinding, Translation
from ingest.rules.facts import LogHostFacts, SubjectKind
from ingest.rules.relays import SubjectReport

MOST_KEPT = 200  # ranges of one log host
_RANGES_READ = 8  # that the process keeps as reports: three thousand take 50 ms to make
WORTH_KEEPING = 500  # suspects; fewer are read from their rows as fast
_COMPARED_ONE_BY_ONE = 500  # suspects; whether more of them are the same is told by all there are
_CLASSES = kept_bytes.expected(
    (Allowance, AllowedKind, Severity, SubjectFinding, SubjectKind, SubjectReport, Translation)
)


Judge = Callable[[int], Sequence[SubjectReport]]
"""Takes an id: finds what the rules say of the suspects whose rows have a higher one."""


class _Basis(NamedTuple):
    """What an answer was given on."""

    known: str  # rules, thresholds, the log host
    allowed: str
    number: int  # of suspects
    last: int  # the highest id of one

    @classmethod
    def of(cls, text: str) -> "_Basis | None":
        try:
            known, allowed, number, last = text.split(" ")
            return cls(known, allowed, int(number), int(last))
        except ValueError:  # of another version
            return None

    def __str__(self) -> str:
        return " ".join(map(str, self))


class Bases:
    """What answers about one log host are given on now; read once for many ranges."""

    def __init__(self, log_host: LogHost, host: LogHostFacts, allowances: Sequence[Allowance]) -> None:
        suspects = Suspect.objects.filter(log_host=log_host).aggregate(number=Count("*"), last=Max("id"))
        allowed = hashlib.blake2b(repr(allowances).encode(), digest_size=10).hexdigest()
        self.log_host = log_host
        self.host = host
        self.allowances = allowances
        self.now = _Basis(memory.basis(host), allowed, suspects["number"], suspects["last"] or 0)

    @property
    def of_rows(self) -> _Basis:
        """The same for what is stored as found: it says itself what is allowed, and by which rules it was found."""
        return self.now._replace(known=f"stored-{VERSION}-{self.now.allowed}")

    def of_subjects(self, subjects: Mapping[SubjectKind, Collection[str]]) -> str | None:
        """What a reading of the rows of some suspects is good for: the same until one of them is judged again.

        None where not all are suspects: nothing tells when the rows of the others change.
        """
        if sum(map(len, subjects.values())) > _COMPARED_ONE_BY_ONE:
            return f"{self.now.known} {self.now.number} {self.now.last}"
        those = Q()
        for kind, values in subjects.items():
            those |= Q(kind=kind, value__in=values)
        rows = Suspect.objects.filter(those, log_host=self.log_host)
        found = rows.aggregate(number=Count("*"), last=Max("id"), all=Sum("id"))
        if not found["number"] or found["number"] < sum(len(set(values)) for values in subjects.values()):
            return None
        return f"{self.now.known} {found['number']} {found['last']} {found['all']}"

    def outdated(
        self, ranges: Sequence[tuple[datetime | None, datetime | None]]
    ) -> list[tuple[datetime | None, datetime | None]]:
        """Those ranges that have not been judged on what is known now."""
        bases = (str(self.now), str(self.of_rows))
        rows = JudgedRange.objects.filter(log_host=self.log_host, basis__in=bases)
        good = set(rows.values_list("since", "until"))
        if self.now.number < WORTH_KEEPING:
            good.add((None, None))
        return [one for one in ranges if one not in good] if self.now.number else []


def reports_of(
    bases: Bases, since: datetime | None, until: datetime | None, judge: Judge
) -> Sequence[SubjectReport]:
    """What ``judge`` finds in a range of a log, or found when it was last asked for the same.

    Without a range it is only read from rows.
    """
    log_host, now = bases.log_host, bases.now
    if since is None and until is None:
        if now.number < WORTH_KEEPING:
            return judge(0)
        now = bases.of_rows
    kept = JudgedRange.objects.filter(log_host=log_host, since=since, until=until).defer("reports").first()
    before = _Basis.of(kept.basis) if kept is not None else None
    is_begun = before is not None and before.known == now.known
    read = _read(kept.pk, kept.basis, kept.judged_at) if kept is not None and is_begun else None
    if read is None or before is None:
        found = list(judge(0))
    elif before == now:
        return read
    else:
        found = _standing(log_host, read, before.last)
        if before.allowed != now.allowed:
            found = [report.allowing(bases.allowances) for report in found]
        if before.last != now.last:
            found += judge(before.last)
    _keep(log_host, now, since, until, found)
    return found


def _standing(log_host: LogHost, found: Iterable[SubjectReport], last: int) -> list[SubjectReport]:
    """What was found on suspects that were not judged again since."""
    rows = Suspect.objects.filter(log_host=log_host, id__lte=last)
    same = set(rows.values_list("kind", "value"))
    return [report for report in found if (report.kind, report.value) in same]


def _keep(
    log_host: LogHost,
    basis: _Basis,
    since: datetime | None,
    until: datetime | None,
    found: Sequence[SubjectReport],
) -> None:
    row = JudgedRange(log_host=log_host, since=since, until=until, basis=str(basis), reports=_written(found))
    JudgedRange.objects.bulk_create(  # as an upsert: two may ask at once
        [row],
        update_conflicts=True,
        unique_fields=["log_host", "since", "until"],
        update_fields=["basis", "judged_at", "reports"],
    )
    newest = JudgedRange.objects.filter(log_host=log_host).order_by("-judged_at", "-pk")
    JudgedRange.objects.filter(pk__in=newest.values_list("pk", flat=True)[MOST_KEPT:]).delete()


def _written(found: Sequence[SubjectReport]) -> bytes:
    return kept_bytes.written(list(found), _CLASSES)


@lru_cache(maxsize=_RANGES_READ)
def _read(pk: int, basis: str, judged_at: datetime) -> Sequence[SubjectReport] | None:
    """The reports of a row as long as it is the same; None for bytes of another version."""
    row = JudgedRange.objects.filter(pk=pk, basis=basis, judged_at=judged_at).values_list(
        "reports", flat=True
    )
    state = row.first()
    return None if state is None else kept_bytes.read(bytes(state), _CLASSES)
