"""What one address, account or local user did over time: findings, counts, and the attack it belongs to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from heapq import merge
from typing import Any, NamedTuple, Protocol

from ingest.exim.events import Stage
from ingest.languages import ENGLISH, LANGUAGES, language, reading
from ingest.rules.allowed import Allowance, allowances_of, covering
from ingest.rules.definition import Limits, Refusals, Severity, SubjectFinding, Translation, Watch, worst
from ingest.rules.envelope_senders import told_beside
from ingest.rules.facts import (
    LogHostFacts,
    MessageFacts,
    Outcome,
    RejectionFacts,
    SubjectKind,
    strangers,
)
from ingest.rules.helo import is_only_noted
from ingest.rules.logins import EMPTY_ID
from ingest.rules.relaying import RELAY_REFUSED
from ingest.rules.replies import says_relay_refused
from ingest.rules.subject_rules import SUBJECT_RULES, readers
from ingest.rules.windows import Distinct, Span

_PLACES = {rule.code: place for place, rule in enumerate(SUBJECT_RULES)}
_WAITING = frozenset({"queued", "frozen"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectReport:
    """One suspect, or one address whose attempts were refused (severity info)."""

    kind: SubjectKind
    value: str
    severity: Severity
    findings: tuple[SubjectFinding, ...]  # worst first; those that count
    messages: int
    recipients: int
    delivered: int
    deferred: int
    bounced: int
    rejections: int  # without failed logins
    failed_logins: int
    first_at: datetime
    last_at: datetime
    message_ids: tuple[str, ...]  # at most 10, of the worst finding
    attack: str  # the same for all subjects of one attack: "A01:plain"
    helo_names: tuple[str, ...]
    authenticators: tuple[str, ...]
    queued: int = 0  # messages that still wait
    sender_host_addresses: tuple[str, ...] = ()  # at most 10, the most frequent
    refused_since: int = 0  # refusals and failed logins after its last message
    logins_after_guessing: tuple[str, ...] = ()  # ids it logged in as after failed logins
    outside: int = 0  # of the recipients, those that are not local: strangers written to
    allowed: tuple[SubjectFinding, ...] = ()  # those that somebody has allowed: they count in nothing else

    @property
    def rules(self) -> tuple[str, ...]:
        """The codes of the rules that found something."""
        return tuple(finding.rule for finding in self.findings)

    @property
    def harm(self) -> tuple[int, ...]:
        """Sorts the worst first: by severity, then by strangers written to, recipients reached, messages, attempts."""
        attempts = self.rejections + self.failed_logins
        return self.severity.rank, -self.outside, -self.delivered, -self.messages, -attempts

    @property
    def is_suspect(self) -> bool:
        """Whether it belongs into the list of suspects: more than noted."""
        return self.severity is not Severity.INFO

    def as_json(self) -> dict[str, Any]:
        """One entry of ``suspects`` in ``relays --json``."""
        return {
            "kind": str(self.kind),
            "value": self.value,
            "severity": str(self.severity),
            "rules": list(self.rules),
            "attack": self.attack,
            "messages": self.messages,
            "recipients": self.recipients,
            "outside": self.outside,
            "delivered": self.delivered,
            "deferred": self.deferred,
            "bounced": self.bounced,
            "first_at": self.first_at.isoformat(),
            "last_at": self.last_at.isoformat(),
            "message_ids": list(self.message_ids),
            "queued": self.queued,
            "rejections": self.rejections,
            "failed_logins": self.failed_logins,
            "findings": [
                {
                    "rule": finding.rule,
                    "severity": str(finding.severity),
                    "title": finding.title,
                    "evidence": finding.evidence,
                }
                for finding in self.findings
            ],
            "allowed": [allowed_as_json(finding) for finding in self.allowed],
        }

    def spoken(self) -> "SubjectReport":
        """The report with its findings in the reader's language."""
        if language() == ENGLISH:
            return self
        counted, allowed = (tuple(each.spoken() for each in found) for found in (self.findings, self.allowed))
        return replace(self, findings=counted, allowed=allowed)

    def allowing(self, allowances: Iterable[Allowance]) -> "SubjectReport":
        """The same report by what is allowed now: none of the findings is lost.

        Refused relay attempts prove that relaying is closed: only an entry for that very rule covers them.
        """
        of_subject = allowances_of(allowances, self.kind, self.value)
        of_a_rule = [entry for entry in of_subject if entry.rule]
        if not of_subject and not self.allowed:
            return self
        every = [
            replace(
                finding,
                allowed_by=covering(
                    of_a_rule if finding.rule == RELAY_REFUSED.code else of_subject,
                    finding.rule,
                    finding.last_at,
                ),
            )
            for finding in sorted((*self.findings, *self.allowed), key=_order)
        ]
        counted = [finding for finding in every if finding.allowed_by is None]
        return replace(
            self,
            severity=worst(finding.severity for finding in counted),
            findings=tuple(counted),
            allowed=tuple(finding for finding in every if finding.allowed_by is not None),
            message_ids=every[0].message_ids if not counted else counted[0].message_ids,
            attack=_attack(counted, self.value) if counted else f"allowed:{self.value}",
        )

    def finding(self, rule: str) -> SubjectFinding | None:
        """What one rule found."""
        return next((finding for finding in self.findings if finding.rule == rule), None)


class _Found(Protocol):
    """A finding, of whatever kind."""

    @property
    def rule(self) -> str: ...
    @property
    def severity(self) -> Severity: ...
    @property
    def title(self) -> str: ...
    @property
    def evidence(self) -> str: ...
    @property
    def allowed_by(self) -> Allowance | None: ...


def allowed_as_json(finding: _Found) -> dict[str, Any]:
    """A finding that somebody has allowed, with the entry."""
    assert finding.allowed_by is not None
    return {
        "rule": finding.rule,
        "severity": str(finding.severity),
        "title": finding.title,
        "evidence": finding.evidence,
        **finding.allowed_by.as_json(),
    }


def _which(rejection: RejectionFacts) -> tuple[Refusals, ...]:
    if rejection.stage is Stage.AUTH:
        return (Refusals.LOGINS,)
    is_relaying = rejection.stage is Stage.RCPT and says_relay_refused(rejection.text)
    if rejection.authenticator is None and not rejection.account:
        return (Refusals.RELAYING,) if is_relaying else ()
    return (Refusals.RELAYING, Refusals.AFTER_LOGIN) if is_relaying else (Refusals.AFTER_LOGIN,)


class RefusalCounts(NamedTuple):
    """Refusals of one subject under one HELO name, as the report counts them."""

    helo_name: str | None
    rejections: int
    failed_logins: int
    first_at: datetime
    last_at: datetime


class SubjectAccumulator:
    """Reads the facts of one subject once, in time order; keeps counts and what the rules need.

    Memory does not grow with the number of messages, except by what the windows of the rules hold. A rule's watch
    is made when the first fact comes that it reads.
    """

    def __init__(
        self, kind: SubjectKind, value: str, host: LogHostFacts, limits: Limits | None = None
    ) -> None:
        self._kind = kind
        self._value = value
        self._host = host
        self._limits = limits = limits or host.limits
        self._watches: dict[int, Watch] = {}  # by the place of the rule
        self._span = Span()
        self._outcomes = dict.fromkeys(Outcome, 0)
        self._messages = self._recipients = self._outside = self._queued = 0
        self._rejections = self._failed_logins = self._refused_since = 0
        self._helo_names = Distinct(limits.kept_values)
        self._authenticators = Distinct(limits.kept_values)
        self._addresses = Distinct(limits.kept_values)
        self._logins_after = Distinct(limits.kept_values)

    @property
    def value(self) -> str:
        """Whose facts these are."""
        return self._value

    @property
    def facts(self) -> int:
        """How many facts were read."""
        return self._messages + self._rejections + self._failed_logins

    @property
    def first_at(self) -> datetime | None:
        """The time of the earliest fact."""
        return self._span.first_at

    @property
    def last_at(self) -> datetime | None:
        """The time of the latest fact."""
        return self._span.last_at

    def _watch(self, place: int) -> Watch:
        watch = self._watches.get(place)
        if watch is None:
            rule = SUBJECT_RULES[place]
            is_account = self._kind is SubjectKind.AUTHENTICATED_ID
            make = (rule.account_watch if is_account else None) or rule.watch
            assert make is not None  # _readers names only these
            watch = self._watches[place] = make(self._host, self._limits)
        return watch

    def message(self, message: MessageFacts) -> None:
        """Reads one message."""
        if message.received_at is not None:
            self._span.add(message.received_at)
        self._messages += 1
        self._refused_since = 0
        self._recipients += max(len(message.recipients), len(message.listed_recipients or ()))
        self._outside += len(strangers(message, self._host))
        self._queued += message.status in _WAITING
        for recipient in message.recipients:
            self._outcomes[recipient.outcome] += 1
        self._name(message)
        for place in readers(self._kind).of_messages:
            self._watch(place).message(message)

    def _name(self, message: MessageFacts) -> None:
        if message.helo_name:
            self._helo_names.add(message.helo_name)
        if message.authenticator:
            self._authenticators.add(message.authenticator)
        if message.sender_host_address:
            self._addresses.add(message.sender_host_address)
        if message.authenticated_id and self._failed_logins:
            self._logins_after.add(message.authenticated_id)

    def rejection(self, rejection: RejectionFacts) -> None:
        """Reads one refusal or failed login."""
        at, is_failed_login = rejection.logged_at, rejection.is_failed_login
        self.count(RefusalCounts(rejection.helo_name, not is_failed_login, is_failed_login, at, at))
        self.watch(rejection)

    def count(self, refused: RefusalCounts) -> None:
        """Counts refusals that came after all that was read."""
        self._span.add(refused.first_at)
        self._span.add(refused.last_at)
        self._refused_since += refused.rejections + refused.failed_logins
        self._failed_logins += refused.failed_logins
        self._rejections += refused.rejections
        if refused.helo_name:
            self._helo_names.add(refused.helo_name, refused.rejections + refused.failed_logins)

    def watch(self, rejection: RejectionFacts) -> None:
        """Shows a refusal that is counted to the rules that read it."""
        of_refusals = readers(self._kind).of_refusals
        for which in _which(rejection):
            for place in of_refusals[which]:
                self._watch(place).rejection(rejection)

    def report(self) -> SubjectReport | None:
        """The report, None if no rule found anything."""
        watches = [self._watches[place] for place in sorted(self._watches)]
        found = told_beside([finding for watch in watches if (finding := _told(watch)) is not None])
        if all(map(is_only_noted, found)) or self._span.first_at is None or self._span.last_at is None:
            return None
        found.sort(key=_order)
        return SubjectReport(
            kind=self._kind,
            value=self._value,
            severity=worst(finding.severity for finding in found),
            findings=tuple(found),
            messages=self._messages,
            recipients=self._recipients,
            delivered=self._outcomes[Outcome.DELIVERED],
            deferred=self._outcomes[Outcome.DEFERRED],
            bounced=self._outcomes[Outcome.BOUNCED],
            rejections=self._rejections,
            failed_logins=self._failed_logins,
            first_at=self._span.first_at,
            last_at=self._span.last_at,
            message_ids=found[0].message_ids,
            attack=_attack(found, self._value),
            helo_names=self._helo_names.most(),
            authenticators=self._authenticators.most(),
            queued=self._queued,
            sender_host_addresses=self._addresses.most(),
            refused_since=self._refused_since,
            logins_after_guessing=self._logins_after.most(),
            outside=self._outside,
        )


def _told(watch: Watch) -> SubjectFinding | None:
    """What a rule found, in English and told in every other language."""
    finding = watch.finding() if language() == ENGLISH else _said_in(ENGLISH, watch)
    if finding is None:
        return None
    told = [
        Translation(other, words.title, words.evidence)
        for other in LANGUAGES
        if other != ENGLISH and (words := _said_in(other, watch)) is not None
    ]
    return replace(finding, told=tuple(told)) if told else finding


def _said_in(which: str, watch: Watch) -> SubjectFinding | None:
    with reading(which):
        return watch.finding()


def _order(finding: SubjectFinding) -> tuple[int, int]:
    """Worst first, then as they explain an attack."""
    return finding.severity.rank, _PLACES[finding.rule]


def _attack(found: list[SubjectFinding], value: str) -> str:
    """Addresses that use one broken authenticator are one attack, whoever they are."""
    for finding in found:
        if finding.rule == EMPTY_ID.code and finding.values:
            return f"{EMPTY_ID.code}:{finding.values[0]}"
    return f"{found[0].rule}:{value}"


def subject_findings(
    kind: SubjectKind,
    value: str,
    messages: Iterable[MessageFacts],
    rejections: Iterable[RejectionFacts],
    host: LogHostFacts,
    limits: Limits | None = None,
) -> SubjectReport | None:
    """Judges one subject by facts in time order, each read once; None if no rule finds anything."""
    accumulator = SubjectAccumulator(kind, value, host, limits)
    for fact in _in_time_order(messages, rejections):
        if isinstance(fact, MessageFacts):
            accumulator.message(fact)
        else:
            accumulator.rejection(fact)
    return accumulator.report()


_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


def _in_time_order(
    messages: Iterable[MessageFacts], rejections: Iterable[RejectionFacts]
) -> Iterator[MessageFacts | RejectionFacts]:
    def at(fact: MessageFacts | RejectionFacts) -> datetime:
        if isinstance(fact, MessageFacts):
            return fact.received_at or _BEGINNING
        return fact.logged_at

    return merge(messages, rejections, key=at)
