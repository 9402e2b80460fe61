"""What was found in a range of a log, kept: the same question again costs no judging.

An answer is good as long as no suspect of the log host was judged again, and the rules, thresholds, what is known of
the host and what is allowed there are the same. A suspect that is judged gets a new row with a higher id
(ingest.reports.replace, under a lock for each log host), and every line of a suspect that comes or goes has it judged:
so the number of suspects and the highest id tell.
"""

import hashlib
import io
import pickle
import zlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

from django.db.models import Count, Max

from ingest.models import JudgedRange, LogHost, Suspect
from ingest.rules import memory
from ingest.rules.allowed import Allowance, AllowedKind
from ingest.rules.definition import Severity, SubjectFinding
from ingest.rules.facts import LogHostFacts, SubjectKind
from ingest.rules.relays import SubjectReport

MOST_KEPT = 200  # ranges of one log host
_PROTOCOL = 5
_LEVEL = 1
_CLASSES: dict[tuple[str, str], Any] = {
    (kind.__module__, kind.__qualname__): kind
    for kind in (
        Allowance,
        AllowedKind,
        Severity,
        SubjectFinding,
        SubjectKind,
        SubjectReport,
        datetime,
        timedelta,
        timezone,
    )
}


def reports_of(
    log_host: LogHost,
    known: tuple[LogHostFacts, Sequence[Allowance]],
    since: datetime | None,
    until: datetime | None,
    judge: Callable[[], Sequence[SubjectReport]],
) -> Sequence[SubjectReport]:
    """What ``judge`` finds, or found when it was last asked for the same range of the same facts."""
    basis = _basis(log_host, *known)
    kept = JudgedRange.objects.filter(log_host=log_host, since=since, until=until).first()
    read = _read(bytes(kept.reports)) if kept is not None and kept.basis == basis else None
    if read is not None:
        return read
    found = judge()
    row = JudgedRange(log_host=log_host, since=since, until=until, basis=basis, reports=_written(found))
    JudgedRange.objects.bulk_create(  # as an upsert: two may ask at once
        [row],
        update_conflicts=True,
        unique_fields=["log_host", "since", "until"],
        update_fields=["basis", "judged_at", "reports"],
    )
    _forget_oldest(log_host)
    return found


def _basis(log_host: LogHost, host: LogHostFacts, allowances: Sequence[Allowance]) -> str:
    suspects = Suspect.objects.filter(log_host=log_host).aggregate(number=Count("*"), last=Max("id"))
    allowed = hashlib.blake2b(repr(allowances).encode(), digest_size=10).hexdigest()
    return f"{memory.basis(host)} {allowed} {suspects['number']} {suspects['last']}"


def _forget_oldest(log_host: LogHost) -> None:
    newest = JudgedRange.objects.filter(log_host=log_host).order_by("-judged_at", "-pk")
    JudgedRange.objects.filter(pk__in=newest.values_list("pk", flat=True)[MOST_KEPT:]).delete()


# ---- as bytes


def _by_value(member: StrEnum) -> tuple[type, tuple[str]]:
    return type(member), (member.value,)


def _written(found: Sequence[SubjectReport]) -> bytes:
    target = io.BytesIO()
    pickler = pickle.Pickler(target, _PROTOCOL)
    pickler.dispatch_table = dict.fromkeys((AllowedKind, Severity, SubjectKind), _by_value)
    pickler.dump(list(found))
    return zlib.compress(target.getvalue(), _LEVEL)


class _Reader(pickle.Unpickler):
    """Knows the classes of reports only, so that bytes can build nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        return _CLASSES[module, name]


def _read(state: bytes) -> list[SubjectReport] | None:
    """The reports; None for bytes of another version, which may fail in any way."""
    try:
        found: list[SubjectReport] = _Reader(io.BytesIO(zlib.decompress(state))).load()
    except Exception:
        return None
    return found
