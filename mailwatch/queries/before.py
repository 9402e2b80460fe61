"""The period of the same length before a range, and what became of its attacks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from mailwatch.queries.attacks import Attack, Counts, total
from mailwatch.queries.ranges import Bounds, Span


class Change(StrEnum):
    """An attack against the period before."""

    NEW = "new"
    MORE = "more"
    LESS = "less"
    SAME = "as before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One attack now and before."""

    change: Change
    counts: Counts  # before; nothing for a new one


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All attacks now and before."""

    by_attack: Mapping[str, Compared]  # by the key of the attack now
    gone: Sequence[Attack]  # the most harmful first
    now: Counts
    before: Counts

    @property
    def numbers(self) -> Mapping[Change, int]:
        """How many attacks are new, more, less, the same."""
        changes = [compared.change for compared in self.by_attack.values()]
        return {change: changes.count(change) for change in Change}


def before(bounds: Bounds, span: Span) -> Bounds | None:
    """The period before a range; None where the range has no beginning, or nothing lies in it."""
    until = bounds.until or span.last_at
    if bounds.since is None or until is None or until <= bounds.since:
        return None
    return Bounds(since=bounds.since - (until - bounds.since), until=bounds.since)


def compare(now: Sequence[Attack], earlier: Sequence[Attack]) -> Comparison:
    """An attack is the same as one before where both have a member, a hole or an account in common."""
    by_mark: dict[tuple[int, str], int] = {}
    for place, attack in enumerate(earlier):
        for mark in attack.marks:
            by_mark.setdefault((attack.log_host.pk, mark), place)
    came_back: set[int] = set()
    found: dict[str, Compared] = {}
    for attack in now:
        places = {by_mark[key] for mark in attack.marks if (key := (attack.log_host.pk, mark)) in by_mark}
        came_back |= places
        found[attack.key] = _compared(attack, [earlier[place] for place in sorted(places)])
    return Comparison(
        by_attack=found,
        gone=[attack for place, attack in enumerate(earlier) if place not in came_back],
        now=total(attack.counts for attack in now),
        before=total(attack.counts for attack in earlier),
    )


def _compared(attack: Attack, earlier: Sequence[Attack]) -> Compared:
    if not earlier:
        return Compared(change=Change.NEW, counts=Counts())
    counts = total(other.counts for other in earlier)
    now, then = attack.counts, counts
    of_now, of_then = (
        (now.messages, then.messages) if now.messages or then.messages else (now.attempts, then.attempts)
    )
    change = Change.SAME if of_now == of_then else Change.MORE if of_now > of_then else Change.LESS
    return Compared(change=change, counts=counts)
