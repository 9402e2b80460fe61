"""What others make of our mail: too much (B02), spam (B03); and bounces, ours (B04) and those of others (B05)."""

from ingest.languages import later, say, say_of
from ingest.rules.definition import Evidence, Limits, Rule, Scope, Severity, SubjectFinding, Watch, Worth
from ingest.rules.facts import LogHostFacts, MessageFacts, Outcome, RejectionFacts, SubjectKind, domain_of
from ingest.rules.replies import says_content_refused, says_sender_unproven
from ingest.rules.signs import Sign, Signs, summed, with_counts
from ingest.rules.tallies import Tally
from ingest.rules.windows import Window
from ingest.rules.words import count, duration, listing, together


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
    if spam:
        text = say_of(
            len(domains),
            "{domains} refuses it as spam.",
            "{domains} refuse it as spam.",
            domains=listing(domains),
        )
        return Evidence(Severity.LOW, text, domains)
    text = say_of(
        len(domains),
        "{domains} refuses it because SPF, DKIM or DMARC does not vouch for the sender.",
        "{domains} refuse it because SPF, DKIM or DMARC does not vouch for the sender.",
        domains=listing(domains),
    )
    return Evidence(Severity.LOW, text, domains, say(_UNPROVEN))


_UNPROVEN = later("Refused for want of SPF or DKIM")


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
        if evidence.title is not None:
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
        if not self._spam.count:
            text = say_of(
                tally.count,
                "{number:,} message was refused by {names} because SPF, DKIM or DMARC does not vouch for the sender.",
                "{number:,} messages were refused by {names} because SPF, DKIM or DMARC does not vouch for the sender.",
                names=tally.values.listing(),
            )
            return tally.finding(SPAM_REFUSED, Evidence(Severity.LOW, text, title=say(_UNPROVEN)))
        text = say_of(
            tally.count,
            "{number:,} message was refused as spam by {names}, at most {peak:,} within {span}.",
            "{number:,} messages were refused as spam by {names}, at most {peak:,} within {span}.",
            names=tally.values.listing(),
            peak=self._peak,
            span=duration(self._limits.content_refusals_window),
        )
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

# --- B02 ------------------------------------------------------------------------------------------


def _throttled(signs: Signs) -> SubjectFinding | None:
    chosen = signs.of(Sign.THROTTLED, signs.limits.throttled)
    if not chosen:
        return None
    text = say_of(
        len(chosen),
        "{names} puts mail off because too much comes from this host: {attempts}, at most {peak:,} of one hour.",
        "{names} put mail off because too much comes from this host: {attempts}, at most {peak:,} of one hour.",
        names=listing(with_counts(chosen)),
        attempts=count(sum(told.count for told in chosen), "attempt"),
        peak=max(told.peak for told in chosen),
    )
    return summed(THROTTLED, chosen, Evidence(Severity.MEDIUM, text))


THROTTLED = Rule(
    code="B02",
    title="A provider slows us down",
    severity=Severity.MEDIUM,
    scope=Scope.LOG_HOST,
    explanation=(
        "A provider answers “later” because it gets too much from here, or does not trust this host. It is often "
        "the first sign of spam going out."
    ),
    guards=(
        "Five attempts within an hour, by the hour in which the messages came in.",
        "A newsletter, or a new server that nobody knows yet, is slowed down too.",
        "Greylisting is not this: it puts off everybody once.",
    ),
    next_steps=("See who sends to that provider, and how much. Wait: the queue empties by itself.",),
    log_host=_throttled,
)

# --- B04 ------------------------------------------------------------------------------------------


def _backscatter(signs: Signs) -> SubjectFinding | None:
    chosen = signs.of(Sign.BACKSCATTER, signs.limits.backscatter)
    if not chosen:
        return None
    text = say_of(
        sum(told.count for told in chosen),
        "{number:,} bounce was sent to foreign addresses for messages that strangers handed in, at most {peak:,} "
        "within an hour.",
        "{number:,} bounces were sent to foreign addresses for messages that strangers handed in, at most {peak:,} "
        "within an hour.",
        peak=max(told.peak for told in chosen),
    )
    return summed(BACKSCATTER, chosen, Evidence(Severity.MEDIUM, text))


BACKSCATTER = Rule(
    code="B04",
    title="Bounces to people who sent nothing",
    severity=Severity.MEDIUM,
    scope=Scope.LOG_HOST,
    explanation=(
        "Mail was accepted from strangers and bounced afterwards. The senders of spam are forged, so the bounces hit "
        "people who sent nothing, and get this host on blocklists."
    ),
    guards=(
        "Twenty within an hour; bounces for our own people, and for clients in private networks, do not count.",
        "A backup MX whose main server refuses does this without a fault of its own.",
    ),
    next_steps=(
        "Refuse unknown recipients at once: require verify = recipient in acl_smtp_rcpt.",
        "Do not bounce what a content filter finds: refuse it in acl_smtp_data.",
    ),
    log_host=_backscatter,
)

# --- B05 ------------------------------------------------------------------------------------------


def _joe_job(signs: Signs) -> SubjectFinding | None:
    """Whoever sent as much as bounced may be answered for what he sent."""
    reached = signs.of(Sign.BOUNCES_IN, signs.limits.bounces_received)
    named = [told for told in reached if signs.sent.get(told.value, 0) < told.count]
    refused = signs.of(Sign.BOUNCES_REFUSED, signs.limits.bounces_received)
    if not (named or refused):
        return None
    parts = []
    if named:
        sent = sum(signs.sent.get(told.value, 0) for told in named)
        some = later("Bounces came for {names}, who sent only {messages} through this host.")
        nothing = later("Bounces came for {names}, who sent nothing through this host.")
        parts.append(
            say(
                some if sent else nothing,
                names=listing(with_counts(named)),
                messages=count(sent, "message"),
            )
        )
    if refused:
        parts.append(
            say_of(
                sum(told.count for told in refused),
                "{number:,} bounce for recipients that do not exist was refused.",
                "{number:,} bounces for recipients that do not exist were refused.",
            )
        )
    return summed(JOE_JOB, [*named, *refused], Evidence(Severity.INFO, together(parts)))


JOE_JOB = Rule(
    code="B05",
    title="Somebody writes under our addresses elsewhere",
    severity=Severity.INFO,
    scope=Scope.LOG_HOST,
    explanation=(
        "Bounces come in for mail that this host did not send: somebody uses an address of ours as the sender of his "
        "spam, on another server. It is not this server."
    ),
    guards=(
        "Twenty within an hour for one recipient, or refused for recipients that do not exist.",
        "Recipients who sent as much through this host as came back do not count: the bounces may be theirs.",
    ),
    next_steps=("Publish SPF, DKIM and DMARC, so that others can tell. Nothing has to be closed here.",),
    log_host=_joe_job,
)
