"""What the hours of a log show of the log host as a whole: the facts of rules that judge no single sender.

The lines are counted by the hour where they are stored (ingest.signs); what counts as a sign, and from which number
on it is a finding, is said here and in the rules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ingest.languages import say
from ingest.rules.definition import Evidence, Limits, Rule, SubjectFinding
from ingest.rules.facts import Coverage, LogHostFacts


class Sign(StrEnum):
    """What is counted; behind each: of whom (``Told.value``), and what else is kept."""

    LOGINS = "logins"  # authenticator; seen: foreign addresses
    FAILED_LOGINS = "failed logins"  # authenticator
    UNRECORDED = "unrecorded logins"  # authenticator; logins without an id
    CLEARTEXT = "cleartext logins"  # authenticator; seen: foreign addresses
    ODD_IDS = "odd ids"  # authenticator; ids shaped like passwords, seen: their hashes
    NEW_IDS = "new ids"  # id of no domain of the host; seen: authenticators; not by the hour
    GATEWAY = "gateway"  # private address, by day; total: handed to other servers, seen: public HELO names
    OWN_MAIL = "mail of the host"  # envelope sender, from loopback without a login; counts foreign recipients
    SCRIPT = "script"  # directory; programs that handed in a message
    NOT_ADVERTISED = "login not advertised"  # seen: addresses
    UNKNOWN_RECIPIENTS = "unknown recipients"  # address; counts different ones
    SENDERS_REFUSED = "senders refused"  # address
    LISTED = "listed"  # address
    PROTOCOL = "protocol errors"  # address
    THROTTLED = "throttled"  # provider
    BACKSCATTER = "backscatter"  # bounces to strangers for messages of strangers
    BOUNCES_IN = "bounces received"  # recipient
    BOUNCES_REFUSED = "bounces refused"  # for recipients that do not exist
    FROZEN = "frozen"
    OPEN = "not completed"
    RETRIES = "retry timeouts"  # domain


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One sign of one value, summed up over the hours of a range; GATEWAY: of a day; OPEN: of an hour."""

    sign: Sign
    value: str
    count: int
    peak: int  # the most in one hour of the clock
    total: int = 0
    seen: frozenset[str] = frozenset()
    first_at: datetime
    last_at: datetime
    message_ids: tuple[str, ...] = ()  # at most 10
    lines: tuple[int, ...] = ()  # at most 10 opaque references to raw lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """Everything that is told of one log host, with what is known of it."""

    told: Sequence[Told]
    host: LogHostFacts
    coverage: Coverage
    limits: Limits
    sent: Mapping[str, int] = field(default_factory=dict)  # messages by sender, of the values of BOUNCES_IN
    known_ids: frozenset[str] = frozenset()  # that logged in, without those of NEW_IDS

    def of(self, sign: Sign, peak: int = 0) -> list[Told]:
        """Those of one sign that reached ``peak`` within an hour, the most frequent first."""
        chosen = [told for told in self.told if told.sign is sign and told.peak >= peak]
        return sorted(chosen, key=lambda told: (-told.count, told.value))


def summed(rule: Rule, chosen: Sequence[Told], evidence: Evidence) -> SubjectFinding:
    """One finding on the log host from some things told, in the words of ``evidence``; ``chosen`` must not be empty."""
    return SubjectFinding(
        rule=rule.code,
        severity=evidence.severity,
        title=evidence.title or say(rule.title),
        evidence=evidence.text,
        first_at=min(told.first_at for told in chosen),
        last_at=max(told.last_at for told in chosen),
        count=sum(told.count for told in chosen),
        message_ids=ends([name for told in chosen for name in told.message_ids]),
        lines=ends([line for told in chosen for line in told.lines]),
        values=tuple(told.value for told in chosen if told.value)[:10],
        peak=max(told.peak for told in chosen),
    )


def ends[T](items: Sequence[T]) -> tuple[T, ...]:
    """Some of each: the first five and the last five."""
    return tuple(items) if len(items) <= 10 else (*items[:5], *items[-5:])


def with_counts(chosen: Sequence[Told]) -> tuple[str, ...]:
    """``203.0.113.5 (410)`` of each."""
    return tuple(f"{told.value} ({told.count:,})" for told in chosen)
