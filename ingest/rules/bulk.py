"""Signs of bulk mail: recipients that do not exist (C09), long connections (C12), blocklists (B01)."""

from datetime import datetime

from ingest.exim.events import Stage
from ingest.languages import say, say_of
from ingest.rules.definition import (
    Evidence,
    Limits,
    Refusals,
    Rule,
    Scope,
    Severity,
    SubjectFinding,
    Watch,
    Worth,
)
from ingest.rules.facts import (
    LogHostFacts,
    MessageFacts,
    Outcome,
    RecipientFacts,
    RejectionFacts,
    SubjectKind,
    domain_of,
)
from ingest.rules.replies import blocklist_named, says_unknown_recipient
from ingest.rules.tallies import Tally, TallyWatch
from ingest.rules.windows import Window
from ingest.rules.words import duration, listing, together

_ALL = tuple(SubjectKind)

# --- C09 ------------------------------------------------------------------------------------------


class _UnknownRecipientsWatch:
    """Counts different recipients that do not exist, by the time their messages came in.

    Not by the time of the bounce: what a queue run delivers at once was not sent at once.
    """

    def __init__(self, host: LogHostFacts, limits: Limits) -> None:
        self._limits = limits
        self._unknown = Window(limits.unknown_recipients_window)
        self._sent = Window(limits.unknown_recipients_window)
        self._tally = Tally(limits)
        self._peak = 0
        self._worst_share = 0.0
        self._is_many = False

    def message(self, message: MessageFacts) -> None:
        """Reads the outcomes of one message that was handed in for others, not received for us."""
        at = message.received_at
        if at is None or not message.recipients:
            return
        is_submission = message.authenticator is not None or message.sender_host_address is None
        unknown = [item.recipient for item in message.recipients if _does_not_exist(item, is_submission)]
        self._sent.add(at, amount=max(len(message.recipients), len(message.listed_recipients or ())))
        for recipient in unknown:
            self._tally.message(message, _unknown(recipient))
            self._unknown.add(at, recipient.lower())
        if unknown:
            self._compare()

    def rejection(self, rejection: RejectionFacts) -> None:
        """Reads a recipient refused to a client that had logged in; strangers' guesses are not this."""
        if rejection.stage is not Stage.RCPT or not rejection.account or not rejection.recipient:
            return
        if says_unknown_recipient(rejection.text):
            self._tally.rejection(rejection, _unknown(rejection.recipient))
            self._sent.add(rejection.logged_at)
            self._unknown.add(rejection.logged_at, rejection.recipient.lower())
            self._compare()

    def _compare(self) -> None:
        self._peak = max(self._peak, self._unknown.distinct)
        if self._sent.total >= self._limits.unknown_recipients_sent:
            share = self._unknown.distinct / self._sent.total
            self._worst_share = max(self._worst_share, share)
            is_many = self._unknown.distinct >= self._limits.unknown_recipients
            self._is_many |= is_many and share >= self._limits.unknown_recipients_least_share

    def finding(self) -> SubjectFinding | None:
        """High from the number or the share on, medium from the warning on."""
        limits = self._limits
        is_shared = self._worst_share >= limits.unknown_recipients_share
        is_high = is_shared or self._is_many
        if not is_high and self._peak < limits.unknown_recipients_warning:
            return None
        span = duration(limits.unknown_recipients_window)
        if is_shared:
            text = say_of(
                self._peak,
                "{number:,} recipient within {span} does not exist, at worst {share:.0%} of all within {span}; "
                "{all:,} in all.",
                "{number:,} recipients within {span} do not exist, at worst {share:.0%} of all within {span}; "
                "{all:,} in all.",
                span=span,
                share=self._worst_share,
                all=self._tally.count,
            )
        else:
            text = say_of(
                self._peak,
                "{number:,} recipient within {span} does not exist; {all:,} in all.",
                "{number:,} recipients within {span} do not exist; {all:,} in all.",
                span=span,
                all=self._tally.count,
            )
        severity = Severity.HIGH if is_high else Severity.MEDIUM
        return self._tally.finding(UNKNOWN_RECIPIENTS, Evidence(severity, text), self._peak)


def _does_not_exist(recipient: RecipientFacts, is_submission: bool) -> bool:
    return (
        recipient.outcome is Outcome.BOUNCED
        and (is_submission or recipient.is_remote)
        and says_unknown_recipient(recipient.text)
    )


def _unknown(recipient: str) -> Evidence:
    domain = domain_of(recipient)
    return Evidence(Severity.MEDIUM, "", (domain,) if domain else ())


def _watch_unknown(host: LogHostFacts, limits: Limits) -> Watch:
    return _UnknownRecipientsWatch(host, limits)


UNKNOWN_RECIPIENTS = Rule(
    code="C09",
    title="Many recipients do not exist",
    severity=Severity.HIGH,
    scope=Scope.SUBJECT,
    explanation=(
        "Lists that are bought or guessed are full of dead addresses; people's correspondence is not."
    ),
    guards=(
        "Each recipient counts once within an hour.",
        "A newsletter with an old list does the same: look at who sends it. Medium while they are fewer than one "
        "in twenty of all recipients of the hour: lists that are kept lose one in a hundred.",
        "Unknown local recipients that strangers try do not count, nor refusals because of a blocklist.",
    ),
    next_steps=(
        "Ask the owner whether this was sent. If not, change the password and remove what waits in the "
        "queue.",
        "For a local user, look for the script that sends.",
    ),
    watch=_watch_unknown,
    kinds=_ALL,
    refusals=frozenset({Refusals.AFTER_LOGIN}),
    worth_judging=frozenset({Worth.BOUNCES, Worth.REFUSED}),
)

# --- C12 ------------------------------------------------------------------------------------------


def _said_by_log(message: MessageFacts, host: LogHostFacts, limits: Limits) -> Evidence | None:
    if message.connection_limit is None or host.is_trusted(message.sender_host_address or ""):
        return None
    text = say(
        "More than {limit} messages came in one connection; this one was queued.",
        limit=message.connection_limit,
    )
    return Evidence(Severity.LOW if message.authenticator is not None else Severity.INFO, text)


class _ConnectionWatch:
    """Counts messages with the same address and port, without a long pause; and the log's own word."""

    def __init__(self, host: LogHostFacts, limits: Limits) -> None:
        self._host = host
        self._limits = limits
        self._open: dict[tuple[str, int], tuple[int, datetime]] = {}
        self._peak = 0
        self._tally = Tally(limits)
        self._limit: int | None = None

    def message(self, message: MessageFacts) -> None:
        """Counts one message of a connection."""
        evidence = _said_by_log(message, self._host, self._limits)
        if evidence is not None:
            self._limit = message.connection_limit
        length = self._length(message)
        if message.authenticator is not None and length >= self._limits.connection_messages:
            evidence = Evidence(Severity.LOW, "")
        if evidence is not None:
            self._tally.message(message, evidence)
            self._peak = max(self._peak, length)

    def _length(self, message: MessageFacts) -> int:
        """Place of the message in its connection; 0 where the log has no ports."""
        address, port, at = message.sender_host_address, message.sender_host_port, message.received_at
        if address is None or port is None or at is None or self._host.is_trusted(address):
            return 0
        number, last_at = self._open.get((address, port), (0, at))
        number = 1 if at - last_at > self._limits.connection_pause else number + 1
        self._open[address, port] = (number, at)
        return number

    def rejection(self, rejection: RejectionFacts) -> None:
        """Refusals do not count."""

    def finding(self) -> SubjectFinding | None:
        """The longest connection, or what the log said itself."""
        parts = []
        if self._peak >= self._limits.connection_messages:
            parts.append(say("{messages:,} messages in one connection.", messages=self._peak))
        if self._limit is not None:
            parts.append(
                say(
                    "The log says itself that more than {limit} messages came in one connection.",
                    limit=self._limit,
                )
            )
        return self._tally.finding(
            MANY_IN_CONNECTION, Evidence(self._tally.worst, together(parts)), self._peak
        )


def _watch_connections(host: LogHostFacts, limits: Limits) -> Watch:
    return _ConnectionWatch(host, limits)


MANY_IN_CONNECTION = Rule(
    code="C12",
    title="Many messages in one connection",
    severity=Severity.LOW,
    scope=Scope.SUBJECT,
    explanation=(
        "A person's mail program sends one or two messages per connection; a program that sends in bulk "
        "keeps the connection open. After smtp_accept_queue_per_connection messages (10 unless set) Exim "
        "only queues and says so."
    ),
    guards=(
        "Low by itself. Big mail providers also send us many messages per connection: without a login it is "
        "only noted.",
        "Trusted networks do not count. Without ports in the log only Exim's own line can tell.",
    ),
    next_steps=("Look at what was sent in that connection.",),
    message=_said_by_log,
    watch=_watch_connections,
    kinds=(SubjectKind.SENDER_HOST_ADDRESS, SubjectKind.AUTHENTICATED_ID),
    worth_judging=frozenset({Worth.FOUND_ON_MESSAGE, Worth.CONNECTION}),
)

# --- B01 ------------------------------------------------------------------------------------------


def _blocked(message: MessageFacts, host: LogHostFacts, limits: Limits) -> Evidence | None:
    providers: list[str] = []
    lists: list[str] = []
    for recipient in message.recipients:
        if recipient.outcome is Outcome.DELIVERED or not recipient.is_remote:
            continue
        name = blocklist_named(recipient.text)
        if name is not None:
            providers.append(domain_of(recipient.recipient) or recipient.recipient)
            lists += [name] if name else []
    if not providers:
        return None
    providers = list(dict.fromkeys(providers))
    if lists:
        text = say_of(
            len(providers),
            "{providers} refuses mail from this host because of {lists}.",
            "{providers} refuse mail from this host because of {lists}.",
            providers=listing(providers),
            lists=listing(tuple(dict.fromkeys(lists))),
        )
    else:
        text = say_of(
            len(providers),
            "{providers} refuses mail from this host, naming a blocklist.",
            "{providers} refuse mail from this host, naming a blocklist.",
            providers=listing(providers),
        )
    return Evidence(Severity.LOW, text, tuple(providers))


def _blocked_by_subject(tally: Tally, host: LogHostFacts, limits: Limits) -> Evidence:
    number = len(tally.values)
    is_wide = number >= limits.blocking_providers
    text = say_of(
        tally.count,
        "{number:,} message was refused or put off because this host is on a blocklist; {providers} ({names}).",
        "{number:,} messages were refused or put off because this host is on a blocklist; {providers} ({names}).",
        providers=say_of(
            number, "{providers} provider refuses", "{providers} providers refuse", providers=tally.values
        ),
        names=tally.values.listing(),
    )
    return Evidence(Severity.MEDIUM if is_wide else Severity.LOW, text)


def _watch_blocked(host: LogHostFacts, limits: Limits) -> Watch:
    return TallyWatch(BLOCKLISTED, _blocked_by_subject, host, limits)


BLOCKLISTED = Rule(
    code="B01",
    title="We are on a blocklist",
    severity=Severity.HIGH,
    scope=Scope.LOG_HOST,
    explanation=(
        "Other servers refuse mail because this host is listed as a source of spam. It concerns everybody "
        "who sends through this host, not only the one whose message was refused."
    ),
    guards=(
        "For one sender it is a consequence, so it counts little there; for the host it is high from three "
        "providers on.",
        "A single provider may list by mistake, or because of one forwarded message.",
    ),
    next_steps=(
        "Stop the spam first: a listing that is lifted too early comes back.",
        "Then ask each list for removal, with the time the hole was closed.",
    ),
    message=_blocked,
    watch=_watch_blocked,
    kinds=_ALL,
    worth_judging=frozenset({Worth.FOUND_ON_MESSAGE}),
)
