"""What others say of our mail: that it looks like spam (B03)."""

from ingest.rules.definition import Evidence, Limits, Rule, Scope, Severity, SubjectFinding, Watch, Worth
from ingest.rules.facts import LogHostFacts, MessageFacts, Outcome, RejectionFacts, SubjectKind, domain_of
from ingest.rules.replies import says_content_refused, says_sender_unproven
from ingest.rules.tallies import Tally
from ingest.rules.windows import Window
from ingest.rules.words import be, count, duration, listing


def _refused_as_spam(message: MessageFacts, host: LogHostFacts, limits: Limits) -> Evidence | None:
    """Mail that was forwarded for a recipient of ours is somebody else's spam."""
    refused = [
        item
        for item in message.recipients
        if item.is_remote
        and item.outcome is Outcome.BOUNCED
        and item.recipient.lower() == item.original_recipient.lower()
    ]
    spam = [item for item in refused if says_content_refused(item.text)]
    unproven = [item for item in refused if says_sender_unproven(item.text)]
    chosen = spam or unproven
    if not chosen:
        return None
    domains = tuple(dict.fromkeys(domain_of(item.recipient) or item.recipient for item in chosen))
    verb = "refuses" if len(domains) == 1 else "refuse"
    if spam:
        return Evidence(Severity.LOW, f"{listing(domains)} {verb} it as spam.", domains)
    text = f"{listing(domains)} {verb} it because SPF, DKIM or DMARC does not vouch for the sender."
    return Evidence(Severity.LOW, text, domains, _UNPROVEN)


_UNPROVEN = "Refused for want of SPF or DKIM"


class _SpamRefusedWatch:
    """Counts what was refused as spam within an hour; what only lacks SPF or DKIM is counted apart."""

    def __init__(self, host: LogHostFacts, limits: Limits) -> None:
        self._host = host
        self._limits = limits
        self._spam, self._unproven = Tally(limits), Tally(limits)
        self._window = Window(limits.content_refusals_window)
        self._peak = 0

    def message(self, message: MessageFacts) -> None:
        """Counts one message that was refused."""
        evidence = _refused_as_spam(message, self._host, self._limits)
        if evidence is None or message.received_at is None:
            return
        if evidence.title == _UNPROVEN:
            self._unproven.message(message, evidence)
            return
        self._spam.message(message, evidence)
        self._window.add(message.received_at)
        self._peak = max(self._peak, self._window.total)

    def rejection(self, rejection: RejectionFacts) -> None:
        """What we refuse says nothing of our mail."""

    def finding(self) -> SubjectFinding | None:
        """High from so many within an hour on; fewer are noted low, as are those without SPF or DKIM."""
        tally = self._spam if self._spam.count else self._unproven
        verb, by = be(tally.count), f"by {tally.values.listing()}"
        told = f"{count(tally.count, 'message')} {verb} refused"
        if not self._spam.count:
            text = f"{told} {by} because SPF, DKIM or DMARC does not vouch for the sender."
            return tally.finding(SPAM_REFUSED, Evidence(Severity.LOW, text, title=_UNPROVEN))
        span = duration(self._limits.content_refusals_window)
        text = f"{told} as spam {by}, at most {self._peak:,} within {span}."
        severity = Severity.HIGH if self._peak >= self._limits.content_refusals else Severity.LOW
        return tally.finding(SPAM_REFUSED, Evidence(severity, text), self._peak)


def _watch_spam_refused(host: LogHostFacts, limits: Limits) -> Watch:
    return _SpamRefusedWatch(host, limits)


SPAM_REFUSED = Rule(
    code="B03",
    title="Others refuse it as spam",
    severity=Severity.HIGH,
    scope=Scope.MESSAGE,
    explanation=(
        "Other servers looked at the message itself and called it spam. Several within an hour from one sender "
        "are seldom a mistake."
    ),
    guards=(
        "Fewer than three within an hour are low: filters err.",
        "Refusals because SPF, DKIM or DMARC does not vouch for the sender are told apart, and low: that is the "
        "domain's setup, not what was sent.",
        "Refusals because of a blocklist are B01.",
        "Mail forwarded for a recipient of ours does not count for whom it came from.",
    ),
    next_steps=(
        "Look at what was sent, and ask the owner of the account.",
        "If SPF or DKIM is missing, publish it for the sender's domain.",
    ),
    message=_refused_as_spam,
    watch=_watch_spam_refused,
    kinds=tuple(SubjectKind),
    worth_judging=frozenset({Worth.FOUND_ON_MESSAGE}),
)
