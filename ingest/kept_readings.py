"""What was read of many rows about suspects, kept beside what was found on them: the same question costs one row.

A reading is of suspects and a range of a log. Every line of a suspect that comes or goes has it judged, and whoever is
judged gets a new row (ingest.judged_ranges): as long as the same ones are there, the same rows would be read.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import lru_cache

from ingest import kept_bytes
from ingest.judged_ranges import Bases
from ingest.models import KeptReading
from ingest.rules.facts import SubjectKind

MOST_KEPT = 400  # of one log host
WORTH_KEEPING = 2000  # messages and attempts; fewer are read again as fast


def kept[T](
    bases: Bases,
    *,
    since: datetime | None,
    until: datetime | None,
    what: str,
    of: Mapping[SubjectKind, Collection[str]],
    classes: tuple[type, ...],
    read: Callable[[], T],
) -> T:
    """What ``read`` reads of a range, or read when it was last asked for the same.

    ``what`` names the reading, ``of`` the suspects whose rows it reads; ``classes`` are those that it is made of.
    Where one of them is no suspect, it is read each time.
    """
    known, suspects = _expected(classes), bases.of_subjects(of)
    if suspects is None:
        return read()
    basis = f"{suspects} {_shape(classes)}"
    what = _named(what, of)
    rows = KeptReading.objects.filter(log_host=bases.log_host, since=since, until=until, what=what)
    state = rows.filter(basis=basis).values_list("reading", flat=True).first()
    before: T | None = kept_bytes.read(bytes(state), known) if state is not None else None
    if before is not None:
        return before
    found = read()
    row = KeptReading(
        log_host=bases.log_host,
        since=since,
        until=until,
        what=what,
        basis=basis,
        reading=kept_bytes.written(found, known),
    )
    KeptReading.objects.bulk_create(  # as an upsert: two may ask at once
        [row],
        update_conflicts=True,
        unique_fields=["log_host", "what", "since", "until"],
        update_fields=["basis", "read_at", "reading"],
    )
    newest = KeptReading.objects.filter(log_host=bases.log_host).order_by("-read_at", "-pk")
    KeptReading.objects.filter(pk__in=newest.values_list("pk", flat=True)[MOST_KEPT:]).delete()
    return found


def _named(what: str, of: Mapping[SubjectKind, Collection[str]]) -> str:
    suspects = repr([(str(kind), sorted(of[kind])) for kind in sorted(of)])
    return f"{what} {hashlib.blake2b(suspects.encode(), digest_size=12).hexdigest()}"


@lru_cache
def _expected(classes: tuple[type, ...]) -> kept_bytes.Classes:
    return kept_bytes.expected(classes)


@lru_cache
def _shape(classes: tuple[type, ...]) -> str:
    """Another one where a class has other fields: what an older version kept is read again."""
    shapes = [
        (one.__qualname__, [field.name for field in fields(one)] if is_dataclass(one) else ())
        for one in classes
    ]
    return hashlib.blake2b(repr(shapes).encode(), digest_size=4).hexdigest()
