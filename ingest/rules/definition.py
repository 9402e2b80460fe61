"""What a rule is: words and evidence functions in one value.

A rule is used at ingest, in the report, on the timeline, by ``explain`` and in ``docs/rules.md``; it is never
written a second time.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ingest.exim.configuration import Authenticator, Configuration
from ingest.languages import language
from ingest.rules.allowed import Allowance
from ingest.rules.facts import Coverage, LogHostFacts, MessageFacts, RejectionFacts, SubjectKind
from ingest.rules.limits import Limits

if TYPE_CHECKING:
    from ingest.rules.signs import Signs

__all__ = [
    "SEVERITIES",
    "VERSION",
    "AuthenticatorEvidence",
    "Check",
    "ConfigurationEvidence",
    "CoverageEvidence",
    "CoverageGap",
    "Evidence",
    "HostEvidence",
    "Limits",
    "MessageEvidence",
    "MessageFinding",
    "Refusals",
    "Rule",
    "Scope",
    "Severity",
    "State",
    "SubjectFinding",
    "Translation",
    "Watch",
    "WatchMaker",
    "Worth",
    "worst",
]

VERSION = 5
"""Version of the rules; findings and shared reports name it. Raise it when a rule gives other findings."""


class Severity(StrEnum):
    """How much a finding matters, worst first. Compare by ``rank``: the texts do not sort."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return SEVERITIES.index(self)

    @property
    def milder(self) -> "Severity":
        """One step less severe."""
        return SEVERITIES[min(self.rank + 1, len(SEVERITIES) - 1)]


SEVERITIES = tuple(Severity)


def worst(severities: Iterable[Severity]) -> Severity:
    """The worst of some severities, info for none."""
    return min(severities, key=lambda severity: severity.rank, default=Severity.INFO)


class Scope(StrEnum):
    """What a rule judges."""

    MESSAGE = "message"
    SUBJECT = "subject"
    LOG_HOST = "log_host"
    CONFIGURATION = "configuration"


class State(StrEnum):
    """What the text of a configuration says about one rule."""

    BAD = "bad"
    OK = "ok"
    UNDECIDED = "undecided"


class Evidence(NamedTuple):
    """Why a rule says what it says about one fact."""

    severity: Severity
    text: str  # one or more sentences
    values: tuple[str, ...] = ()  # what is counted over a subject: recipient domains, authenticators, ...
    title: str | None = None  # where it differs from the rule's


class MessageFinding(NamedTuple):
    """What a rule found on one message."""

    rule: str
    severity: Severity
    title: str
    evidence: str
    allowed_by: Allowance | None = None  # the entry that silences it; None: it counts


class Translation(NamedTuple):
    """Title and evidence of a finding in one more language."""

    language: str
    title: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectFinding:
    """What a rule found in the behaviour of one address, account or local user, or of a log host as a whole."""

    rule: str
    severity: Severity
    title: str
    evidence: str
    first_at: datetime
    last_at: datetime
    count: int  # messages, attempts or recipients that made the finding
    message_ids: tuple[str, ...] = ()  # at most 10: the first and the last
    lines: tuple[int, ...] = ()  # at most 10 opaque references to raw lines
    values: tuple[str, ...] = ()  # at most 10 of what was counted: domains, authenticators, ids
    peak: int = 0  # the most within one window, for rules over windows
    allowed_by: Allowance | None = None  # the entry that silences it; None: it counts
    told: tuple[Translation, ...] = ()  # the same in other languages

    def spoken(self) -> "SubjectFinding":
        """The finding in the reader's language, as it is where it was not told in that."""
        for other in self.told:
            if other.language == language():
                return replace(self, title=other.title, evidence=other.evidence)
        return self


class Check(NamedTuple):
    """What a configuration rule says about one authenticator, list, ACL or setting."""

    state: State
    title: str  # of this result: what is wrong, or that it is fine
    option: str  # the option that was judged
    explanation: str
    fix: str = ""  # the repaired option, complete
    command: str = ""  # how to see it, or to prove the repair, on the machine
    severity: Severity | None = None  # where it differs from the rule's
    where: str = ""  # "acl acl_check_rcpt, line 12, accept"; of an authenticator its option tells
    evidence: str = ""  # the text as it stands; likewise
    line: int = 0


class CoverageGap(NamedTuple):
    """A question that the log leaves open."""

    rule: str  # the rule that suffers, S01 where the question has none
    why: str
    remedy: str  # what to set or to do
    selector: str = ""  # the log_selector item that would tell, with its plus sign


class Worth(StrEnum):
    """What must at least have happened before a subject is worth judging by a rule.

    A run asks this of all subjects that it touched, in a few queries (ingest.candidates), and judges
    only those for which the answer of one rule is yes. It may be yes too often; it must never be no where the
    rule would find something.
    """

    TOUCHED = "touched"  # any line of the subject: costs the most, and is what a rule has that names nothing
    FOUND_ON_MESSAGE = "found on message"  # the rule found something on one of the messages just stored
    REFUSED = "refused"  # a refusal that the rule reads (Rule.refusals) was just stored
    BOUNCES = "bounces"  # several bounced recipients within the longest window around what was just stored
    CONNECTION = "connection"  # several messages by one address and port, likewise
    LOGIN_AFTER_FAILURES = "login after failures"  # by one address or of one account, within a day
    MANY_NETWORKS = "many networks"  # of one account, or countries, in a day
    MANY_RECIPIENTS = "many recipients"  # of one account within an hour
    SENDERS = "senders"  # of other domains, or several within an hour, of one account
    MANY_IDS = "many ids"  # logins as several users from one address, ever
    LOCAL_VOLUME = "local volume"  # many recipients, or several senders, of a local user within an hour


class Refusals(StrEnum):
    """Which refusals the watch of a rule reads."""

    NONE = "none"
    LOGINS = "logins"  # stage AUTH
    RELAYING = "relaying"  # a recipient refused because we do not relay
    AFTER_LOGIN = "after login"  # any other, of a client that had logged in


class Watch(Protocol):
    """A rule at work on one subject: reads its facts once, in time order, and keeps little of them.

    What it keeps is stored between runs (ingest.rules.memory): plain values, the classes of ingest.rules, the log
    host's facts, limits and rules, nothing else. It reads only the refusals that ``Rule.refusals`` names.
    """

    def message(self, message: MessageFacts) -> None:
        """Reads one message."""

    def rejection(self, rejection: RejectionFacts) -> None:
        """Reads one refusal or failed login."""

    def finding(self) -> SubjectFinding | None:
        """What was found in all that was read."""


HostEvidence = Callable[["Signs"], SubjectFinding | None]
MessageEvidence = Callable[[MessageFacts, LogHostFacts, Limits], Evidence | None]
WatchMaker = Callable[[LogHostFacts, Limits], Watch]
CoverageEvidence = Callable[[Coverage], tuple[CoverageGap, ...]]
AuthenticatorEvidence = Callable[[Authenticator, Configuration], Check | None]
ConfigurationEvidence = Callable[[Configuration, Limits], Iterable[Check]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. It has an evidence function for each kind of thing that it judges."""

    code: str
    title: str
    severity: Severity  # the usual one; the evidence may say another
    scope: Scope
    explanation: str  # why this matters, in plain words
    guards: tuple[str, ...]  # why it may be wrong, and what was done about that
    next_steps: tuple[str, ...]
    message: MessageEvidence | None = None
    watch: WatchMaker | None = None
    account_watch: WatchMaker | None = None  # for accounts, where they are watched in another way
    kinds: tuple[SubjectKind, ...] = ()  # the subjects that ``watch`` is for
    refusals: frozenset[Refusals] = frozenset()  # those that ``watch`` reads
    worth_judging: frozenset[Worth] = frozenset(
        {Worth.TOUCHED}
    )  # one of them, for ``watch`` to find something
    log_host: HostEvidence | None = None
    coverage: CoverageEvidence | None = None
    authenticator: AuthenticatorEvidence | None = None
    configuration: ConfigurationEvidence | None = None

    @property
    def is_of_somebody(self) -> bool:
        """Whether it judges messages, addresses, accounts or local users."""
        return bool(self.message or self.watch)

    @property
    def is_of_log_host(self) -> bool:
        """Whether it judges the log host as a whole, its configuration, or what its log cannot tell."""
        return bool(self.log_host or self.coverage or self.authenticator or self.configuration)
