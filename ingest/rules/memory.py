"""What the reading of a subject's facts has come to, as bytes, so that a later run goes on from there.

A state is good for the same rules and the same knowledge of the log host only: whoever stores it stores ``basis``
beside it. The host's facts, the limits and the rules are not in it; they are put back when it is read.
"""

import hashlib
import io
import pickle
import zlib
from collections import deque
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

from ingest.languages import LANGUAGES
from ingest.rules.definition import VERSION, Limits, Rule, Severity
from ingest.rules.facts import LogHostFacts, Outcome, SubjectKind
from ingest.rules.relays import SubjectAccumulator
from ingest.rules.subject_rules import SUBJECT_RULES

_PROTOCOL = 5
_LEVEL = 1  # half the size for 30 us
_RULES = {rule.code: rule for rule in SUBJECT_RULES}
_OF_PYTHON = {
    "collections.deque": deque,
    "datetime.datetime": datetime,
    "datetime.timedelta": timedelta,
    "datetime.timezone": timezone,
}
_OURS = "ingest.rules."


class UnreadableState(Exception):
    """A state that these rules did not write: the subject must be judged from its rows."""


_OF_LIMITS = 12  # characters


def basis(host: LogHostFacts) -> str:
    """Equal for knowledge of a log host that leads to the same findings from the same facts."""
    return _digest(_known(host), 10) + _digest(_decided_by(host), _OF_LIMITS // 2)


def has_other_limits(basis: str, host: LogHostFacts) -> bool:
    """Whether what was decided with this basis was decided by other rules or thresholds; not where nothing was."""
    return basis != "" and basis[-_OF_LIMITS:] != _digest(_decided_by(host), _OF_LIMITS // 2)


def _decided_by(host: LogHostFacts) -> tuple[object, ...]:
    """Rules, thresholds, and the languages that findings are told in: what is stored lacks a language that is new."""
    return VERSION, LANGUAGES, host.limits


def as_known(host: LogHostFacts, before: str) -> str:
    """The basis of what is known now, and of the rules and thresholds of an earlier basis, if there is one."""
    return basis(host)[:-_OF_LIMITS] + (before or basis(host))[-_OF_LIMITS:]


def _digest(known: object, size: int) -> str:
    return hashlib.blake2b(repr(known).encode(), digest_size=size).hexdigest()


def _known(host: LogHostFacts) -> tuple[object, ...]:
    logins = sorted((name, count.named > 0, count.nameless > 0) for name, count in host.logins.items())
    return (
        sorted(host.local_domains),
        host.local_domains_inferred,
        sorted(map(str, host.trusted_networks)),
        sorted(host.own_addresses),
        sorted(map(str, host.smarthosts)),
        sorted(host.known_accounts),
        logins,
        host.origins,
    )


# ---- writing: these stand in the bytes by name, and are called when they are read


def _host() -> None: ...


def _limits() -> None: ...


def _rule(code: str) -> Rule:
    return _RULES[code]


def _by_value(member: StrEnum) -> tuple[type[StrEnum], tuple[str]]:
    return type(member), (member.value,)


_REDUCED: dict[type, Any] = {
    **dict.fromkeys((Severity, Outcome, SubjectKind), _by_value),
    LogHostFacts: lambda _: (_host, ()),
    Limits: lambda _: (_limits, ()),
    Rule: lambda rule: (_rule, (rule.code,)),
}


def written(accumulator: SubjectAccumulator) -> bytes:
    """The state of an accumulator."""
    target = io.BytesIO()
    pickler = pickle.Pickler(target, _PROTOCOL)
    pickler.dispatch_table = _REDUCED
    pickler.dump(accumulator)
    return zlib.compress(target.getvalue(), _LEVEL)


# ---- reading


class _Reader(pickle.Unpickler):
    """Knows the classes of ingest.rules and few others, so that bytes can build nothing else."""

    def __init__(self, state: bytes, host: LogHostFacts, limits: Limits) -> None:
        super().__init__(io.BytesIO(zlib.decompress(state)))
        self._given = {"_host": lambda: host, "_limits": lambda: limits}

    def find_class(self, module: str, name: str) -> Any:
        if module == __name__ and name in self._given:
            return self._given[name]
        if module.startswith(_OURS):
            return super().find_class(module, name)
        return _OF_PYTHON[f"{module}.{name}"]


def read(state: bytes, host: LogHostFacts, limits: Limits) -> SubjectAccumulator:
    """The accumulator as it was; raises UnreadableState for bytes of other rules."""
    try:
        accumulator = _Reader(state, host, limits).load()
    except Exception as error:  # bytes of another version may fail in any way
        raise UnreadableState from error
    if not isinstance(accumulator, SubjectAccumulator):
        raise UnreadableState
    return accumulator
