"""Thresholds as pages show them: what holds for all log hosts, and where one of them differs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from ingest.languages import later, say
from ingest.models import LogHost
from ingest.rules.definition import Limits
from ingest.rules.rule import RULES
from ingest.rules.thresholds import THRESHOLDS, Threshold

_FAMILIES = {
    "R": later("Relaying"),
    "A": later("Authenticators"),
    "C": later("Accounts and senders"),
    "L": later("Programs on the host"),
    "D": later("What strangers try"),
    "B": later("Reputation"),
    "Q": later("The queue"),
    "X": later("Configuration"),
    "S": later("What the log cannot tell"),
    "": later("The answer"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRow:
    """A threshold on one log host, its values as they are typed."""

    threshold: Threshold
    default: str  # of all log hosts
    own: str  # of this one; "": the default holds


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitGroup:
    """The thresholds of one rule; others may ask for some of them too."""

    code: str  # "": those of the answer
    title: str
    rows: Sequence[LimitRow]

    @property
    def changed(self) -> int:
        return sum(bool(row.own) for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitFamily:
    """The thresholds of rules that look for the same kind of thing."""

    title: str
    groups: Sequence[LimitGroup]

    @property
    def count(self) -> int:
        return sum(len(group.rows) for group in self.groups)

    @property
    def changed(self) -> int:
        return sum(group.changed for group in self.groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A log host for which a threshold has another value."""

    log_host: LogHost
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentLimit:
    """A threshold as it holds now."""

    threshold: Threshold
    value: str
    differences: Sequence[Difference]


def families(*, defaults: Limits, own: Limits) -> list[LimitFamily]:
    """All thresholds of a log host: those of one rule together, and rules of one letter."""
    rows = [
        LimitRow(threshold=threshold, default=default, own="" if value == default else value)
        for threshold in THRESHOLDS.values()
        for default, value in [(_written(threshold, defaults), _written(threshold, own))]
    ]
    groups = [
        LimitGroup(code=code, title=say(RULES[code].title) if code else "", rows=list(of_rule))
        for code, of_rule in groupby(rows, lambda row: "".join(row.threshold.rules[:1]))
    ]
    return [LimitFamily(title=title, groups=list(of_family)) for title, of_family in groupby(groups, _family)]


def _family(group: LimitGroup) -> str:
    return say(_FAMILIES[group.code[:1]])


def current(*, defaults: Limits, hosts: Mapping[LogHost, Limits]) -> dict[str, list[CurrentLimit]]:
    """The thresholds of each rule, by its code; "" for those of the answer itself."""
    found: dict[str, list[CurrentLimit]] = {}
    for threshold in THRESHOLDS.values():
        limit = _current(threshold, defaults, hosts)
        for code in threshold.rules or ("",):
            found.setdefault(code, []).append(limit)
    return found


def _current(threshold: Threshold, defaults: Limits, hosts: Mapping[LogHost, Limits]) -> CurrentLimit:
    value = _written(threshold, defaults)
    others = [
        Difference(log_host=host, value=own)
        for host, limits in hosts.items()
        if (own := _written(threshold, limits)) != value
    ]
    return CurrentLimit(threshold=threshold, value=value, differences=others)


def _written(threshold: Threshold, limits: Limits) -> str:
    return threshold.written(getattr(limits, threshold.name))
