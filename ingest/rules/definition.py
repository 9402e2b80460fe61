"""What a rule is: words and evidence functions in one value.

A rule is used at ingest, in the report, on the timeline, by ``explain`` and in ``docs/rules.md``; it is never
written a second time.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ingest.exim.configuration import Authenticator, Configuration
from ingest.rules.facts import Coverage, LogHostFacts, MessageFacts, RejectionFacts, SubjectKind

if TYPE_CHECKING:
    from ingest.rules.signs import Signs

VERSION = 2
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """All thresholds. Defaults are those of common tools where one has them (named behind each)."""

    local_domain_deliveries: int = 3
    relayed_domains: int = 2  # R01 is "probable" below
    many_ids: int = 5  # A04
    many_ids_window: timedelta = timedelta(hours=24)
    many_ids_near_unique: float = 0.8  # ids per login from which on ids look made up
    failed_logins: int = 5  # C01; fail2ban: 5 in 10 minutes
    failed_logins_window: timedelta = timedelta(minutes=10)
    failed_logins_typo: int = 10  # fewer failures with one single id are a person's typing error
    failed_accounts: int = 5  # C01, slow guessing: different ids ...
    failed_accounts_window: timedelta = timedelta(hours=24)  # ... within this time
    unknown_recipients: int = 100  # C09, high; Exim wiki "BlockCracking", DirectAdmin: 100 in an hour
    unknown_recipients_warning: int = 20  # C09, medium
    unknown_recipients_share: float = 0.25  # C09, high, of at least ...
    unknown_recipients_sent: int = 20  # ... so many recipients in the window
    unknown_recipients_window: timedelta = timedelta(hours=1)
    connection_messages: int = 20  # C12, by address and port
    connection_pause: timedelta = timedelta(minutes=10)  # a longer pause means another connection
    blocking_providers: int = 3  # B01, from there on high
    content_refusals: int = 3  # B03, high
    content_refusals_window: timedelta = timedelta(hours=1)
    script_recipients: int = 20  # L02, a web server's user ...
    script_window: timedelta = timedelta(minutes=10)  # ... within this time
    script_senders: int = 5  # L02, a web server's user, within local_volume_window
    script_runs: int = 100  # L01, of one directory in an hour; CSF LF_SCRIPT_LIMIT: 100
    local_volume: int = 100  # L02, anybody else; CSF RT_LOCALRELAY: 100 in an hour
    local_volume_window: timedelta = timedelta(hours=1)
    forged_senders: int = 10  # L04, within local_volume_window
    own_mail: int = 100  # L03, of one sender in an hour; CSF RT_LOCALHOSTRELAY: 100
    gateway_names: int = 21  # R03, names of foreign servers on one day
    gateway_relayed: float = 0.2  # R03, critical from more than this share on
    never_refused_addresses: int = 20  # A05, foreign addresses ...
    never_refused_span: timedelta = timedelta(days=7)  # ... over this time
    odd_ids: int = 5  # A08, different ids that look like passwords ...
    odd_ids_share: float = 0.5  # ... in this share of all logins
    guessed_recipients: int = 10  # D01, different ones in an hour
    refusals: int = 10  # D02 to D04, in an hour; CSF LF_EXIMSYNTAX: 10
    throttled: int = 5  # B02, attempts in an hour
    backscatter: int = 20  # B04, in an hour
    bounces_received: int = 20  # B05, in an hour
    frozen_messages: int = 20  # Q01, low, of one hour
    open_messages: int = 2000  # Q02; CSF LF_QUEUE_ALERT: 2000
    retry_timeouts: int = 20  # Q03, low, of one hour
    guessed_window: timedelta = timedelta(hours=24)  # C02: of the failures, and from them to the login
    distributed_logins: int = 5  # C03; CSF LF_DISTSMTP: 5 logins ...
    distributed_networks: int = 3  # ... from 3 networks ...
    distributed_window: timedelta = timedelta(minutes=5)  # ... within 5 minutes
    distributed_networks_of_day: int = 10  # C03; Exim wiki: 10 in a day
    distributed_day: timedelta = timedelta(hours=24)
    distributed_times_usual: int = 3  # C03: so many times the networks of the account's other days
    travel_countries: int = 3  # C04
    travel_networks: int = 4  # C04, of different operators; needs a file of networks
    travel_window: timedelta = timedelta(hours=24)
    new_place_recipients: int = 50  # C05
    new_place_window: timedelta = timedelta(hours=1)
    new_place_forgotten: timedelta = timedelta(days=30)  # C05: a network that was not used for so long is new
    account_volume: int = 100  # C06, more than; CSF RT_AUTHRELAY: 100 in an hour
    account_volume_window: timedelta = timedelta(hours=1)
    habit_least: int = 50  # C07: so many recipients in an hour are never unusual
    habit_spreads: int = 6  # C07: so many times the usual distance from the usual
    habit_weeks: int = 4
    habit_times_busiest: int = 2  # C07: and so many times the busiest other hour
    fan_out_domains: int = 30  # C08
    fan_out_new: float = 0.8  # C08: share of them that the account never wrote to
    fan_out_window: timedelta = timedelta(hours=1)
    anothers_senders: int = 10  # C10: messages, and ...
    anothers_senders_share: float = 0.5  # ... share of all of the account
    many_senders: int = 5  # C11
    many_senders_window: timedelta = timedelta(hours=1)
    silence: timedelta = timedelta(hours=12)  # S01: so long without a line
    over_after: timedelta = timedelta(hours=6)  # quiet at the end of the log for so long: over
    history: timedelta = timedelta(days=14)  # C05, C07, C08: so long an account must be known for habits
    kept_values: int = 1000  # distinct values counted exactly; more are said as "more than"
    kept_ids: int = 10_000  # A04: authenticated ids followed for one address


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectFinding:
    """What a rule found in the behaviour of one address, account or local user."""

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
ConfigurationEvidence = Callable[[Configuration], Iterable[Check]]


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
