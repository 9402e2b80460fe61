"""What sender addresses one account writes: another's (C10), many (C11)."""

from collections.abc import Sequence
from dataclasses import replace

from ingest.languages import say
from ingest.rules.definition import (
    Evidence,
    Limits,
    Rule,
    Scope,
    Severity,
    SubjectFinding,
    Watch,
    Worth,
)
from ingest.rules.facts import LogHostFacts, MessageFacts, RejectionFacts, SubjectKind, domain_of
from ingest.rules.relaying import is_rewritten
from ingest.rules.tallies import Tally
from ingest.rules.windows import Window
from ingest.rules.words import count, duration

_ACCOUNT = (SubjectKind.AUTHENTICATED_ID,)
_BULK = frozenset({"C05", "C06", "C07", "C08", "C09"})

# --- C10 ------------------------------------------------------------------------------------------


def is_anothers(sender: str | None, account: str, host: LogHostFacts) -> bool:
    """Whether the envelope sender belongs neither to the account nor to its domain nor to this host."""
    if not sender or is_rewritten(sender) or host.is_local(sender):
        return False
    domain, own = domain_of(sender), domain_of(account)
    if not own:
        return not host.local_domains_inferred and sender.partition("@")[0].lower() != account.lower()
    return not (f".{domain}".endswith(f".{own}") or f".{own}".endswith(f".{domain}"))


class _AnothersSenderWatch:
    """Counts the messages whose sender is not the account."""

    def __init__(self, host: LogHostFacts, limits: Limits) -> None:
        self._host = host
        self._limits = limits
        self._messages = 0
        self._tally = Tally(limits)

    def message(self, message: MessageFacts) -> None:
        """Compares one."""
        if not message.authenticated_id or not message.envelope_sender or message.received_at is None:
            return
        self._messages += 1
        if is_anothers(message.envelope_sender, message.authenticated_id, self._host):
            values = (domain_of(message.envelope_sender),)
            self._tally.message(message, Evidence(Severity.LOW, "", values))

    def rejection(self, rejection: RejectionFacts) -> None:
        """Refusals do not count."""

    def finding(self) -> SubjectFinding | None:
        """Most of what the account sent."""
        found, limits = self._tally.count, self._limits
        if found < limits.anothers_senders or found < limits.anothers_senders_share * self._messages:
            return None
        text = say(
            "{found:,} of {messages} of this account have an envelope sender of another domain ({names}).",
            found=found,
            messages=count(self._messages, "message"),
            names=self._tally.values.listing(),
        )
        return self._tally.finding(ANOTHERS_SENDER, Evidence(Severity.LOW, text))


def _watch_anothers_sender(host: LogHostFacts, limits: Limits) -> Watch:
    return _AnothersSenderWatch(host, limits)


ANOTHERS_SENDER = Rule(
    code="C10",
    title="The account writes as somebody else",
    severity=Severity.LOW,
    scope=Scope.SUBJECT,
    explanation="Whoever steals a password seldom writes under the address that belongs to it.",
    guards=(
        "Other addresses of the account's domain and of local domains do not count: shared mailboxes, aliases. "
        "Neither do bounces and senders rewritten by SRS.",
        "An account without a domain is compared only where the local domains were given.",
        "Low by itself: people send their other addresses' mail through one account. High beside C05 to C09.",
    ),
    next_steps=(
        "Refuse senders that do not belong to the account, where customers need no others.",
        "Look at the other findings.",
    ),
    watch=_watch_anothers_sender,
    kinds=_ACCOUNT,
    worth_judging=frozenset({Worth.SENDERS}),
)

# --- C11 ------------------------------------------------------------------------------------------


def _written_as(sender: str) -> str:
    """The sender without what changes from message to message: tags, and the recipient in a VERP address."""
    local_part, _, domain = sender.lower().rpartition("@")
    if "=" in local_part:
        return domain
    return f"{local_part.partition('+')[0]}@{domain}"


class _ManySendersWatch:
    """Counts different envelope senders within an hour."""

    def __init__(self, host: LogHostFacts, limits: Limits) -> None:
        self._limits = limits
        self._senders = Window(limits.many_senders_window)
        self._peak = 0
        self._tally = Tally(limits)

    def message(self, message: MessageFacts) -> None:
        """Notes the sender of one message."""
        sender, at = message.envelope_sender, message.received_at
        if at is None or not sender or is_rewritten(sender):
            return
        self._senders.add(at, _written_as(sender))
        if self._senders.distinct >= self._limits.many_senders:
            self._peak = max(self._peak, self._senders.distinct)
            self._tally.message(message, Evidence(Severity.MEDIUM, "", (sender,)))

    def rejection(self, rejection: RejectionFacts) -> None:
        """Refusals do not count."""

    def finding(self) -> SubjectFinding | None:
        """The hour with the most."""
        if not self._tally.count:
            return None
        text = say(
            "{senders} within {span} ({names}).",
            senders=count(self._peak, "different envelope sender"),
            span=duration(self._limits.many_senders_window),
            names=self._tally.values.listing(),
        )
        return self._tally.finding(MANY_SENDERS, Evidence(Severity.MEDIUM, text), self._peak)


def _watch_many_senders(host: LogHostFacts, limits: Limits) -> Watch:
    return _ManySendersWatch(host, limits)


MANY_SENDERS = Rule(
    code="C11",
    title="One account writes as many senders",
    severity=Severity.MEDIUM,
    scope=Scope.SUBJECT,
    explanation="A person has one or two addresses. A program that sends spam makes up a new one for each message.",
    guards=(
        "Tags (name+tag@) and senders with the recipient in them (VERP) count once, senders rewritten by SRS not.",
        "A shop or a help desk that sends for many people through one account does the same.",
    ),
    next_steps=("Look at the senders: made up names mean spam.",),
    watch=_watch_many_senders,
    kinds=_ACCOUNT,
    worth_judging=frozenset({Worth.SENDERS}),
)


def told_beside(found: Sequence[SubjectFinding]) -> list[SubjectFinding]:
    """The findings on one subject, C10 as severe as it is beside the others."""
    is_bulk = not _BULK.isdisjoint(finding.rule for finding in found)
    return [
        replace(finding, severity=Severity.HIGH)
        if is_bulk and finding.rule == ANOTHERS_SENDER.code
        else finding
        for finding in found
    ]
