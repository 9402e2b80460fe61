"""How much one account sends: in an hour (C06), against its habits (C07), to new domains (C08); limits hit (C13)."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from statistics import median

from ingest.exim.events import Stage
from ingest.languages import later, say, say_of
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
from ingest.rules.facts import LogHostFacts, MessageFacts, Outcome, RejectionFacts, SubjectKind, domain_of
from ingest.rules.tallies import Tally, TallyWatch
from ingest.rules.usual import Homes
from ingest.rules.windows import Distinct, Window
from ingest.rules.words import count, day_and_minute, duration, listing, together

_ACCOUNT = (SubjectKind.AUTHENTICATED_ID,)
_HOUR = timedelta(hours=1)
_HOURS_OF_WEEK = 7 * 24
_EPOCH_HOURS = 3600
_HOURS_KEPT = 2000  # of one account; then those too old to be compared with go
_OWN_LIMIT = re.compile(
    r"rate ?overlimit|rate[ -]?limit|exceeded the max (?:emails|defers and failures)|sending limit|hourly limit"
    r"|sending too (?:many|fast)|too many (?:messages|recipients|mails|emails) (?:sent|per|in|within)",
    re.IGNORECASE,
)


def recipients_of(message: MessageFacts) -> int:
    """How many a message went to: those that were tried, or those that the arrival lists."""
    return max(len(message.recipients), len(message.listed_recipients or ()))


def domains_of(message: MessageFacts) -> Iterator[str]:
    """Their domains, some of them several times."""
    for recipient in message.recipients:
        yield domain_of(recipient.original_recipient)
    for address in message.listed_recipients or ():
        yield domain_of(address)


_FROM_HOME = later(
    "It came from networks that the account is usually used from: a first newsletter looks like this."
)

# --- C06 ------------------------------------------------------------------------------------------


class _VolumeWatch:
    """Counts recipients within an hour."""

    def __init__(self, host: LogHostFacts, limits: Limits) -> None:
        self._host = host
        self._limits = limits
        self._sent = Window(limits.account_volume_window)
        self._peak = 0
        self._peak_at: datetime | None = None
        self._tally = Tally(limits)

    def message(self, message: MessageFacts) -> None:
        """Counts those of one message."""
        at = message.received_at
        if at is None:
            return
        self._sent.add(at, amount=recipients_of(message))
        if self._sent.total <= self._limits.account_volume:
            return
        if self._sent.total > self._peak:
            self._peak, self._peak_at = self._sent.total, at
        self._tally.message(message, Evidence(Severity.MEDIUM, ""))

    def rejection(self, rejection: RejectionFacts) -> None:
        """Refusals do not count."""

    def finding(self) -> SubjectFinding | None:
        """The fullest hour."""
        if self._peak_at is None:
            return None
        text = say(
            "{recipients} within {span}, up to {minute}.",
            recipients=count(self._peak, "recipient"),
            span=duration(self._limits.account_volume_window),
            minute=day_and_minute(self._peak_at, self._host.zone),
        )
        return self._tally.finding(VOLUME, Evidence(Severity.MEDIUM, text), self._peak)


def _watch_volume(host: LogHostFacts, limits: Limits) -> Watch:
    return _VolumeWatch(host, limits)


VOLUME = Rule(
    code="C06",
    title="One account sends much",
    severity=Severity.MEDIUM,
    scope=Scope.SUBJECT,
    explanation="More recipients within an hour than a person writes to.",
    guards=(
        "Newsletters, mailing lists and shops send as much and mean it, so it is medium: look at what else was "
        "found.",
        "A message to many counts as many as it lists.",
    ),
    next_steps=(
        "Ask the owner whether this was meant.",
        "Limit what one account may send: ratelimit = 100 / 1h / per_rcpt / $authenticated_id.",
    ),
    watch=_watch_volume,
    kinds=_ACCOUNT,
    worth_judging=frozenset({Worth.MANY_RECIPIENTS}),
)

# --- C07 ------------------------------------------------------------------------------------------


class _HabitWatch:
    """Compares each hour of the clock with the same hour of the same weekday in the weeks before."""

    def __init__(self, host: LogHostFacts, limits: Limits) -> None:
        self._host = host
        self._limits = limits
        self._hours: dict[int, int] = {}  # recipients by the number of the hour, of the last weeks
        self._hour: int | None = None  # the one that is being counted
        self._first_hour = 0
        self._samples: list[MessageFacts] = []
        self._elsewhere = 0  # recipients, in the hour that is being counted
        self._homes = Homes(host, limits)
        self._peak = 0
        self._usual = 0.0
        self._tally = Tally(limits)

    def message(self, message: MessageFacts) -> None:
        """Counts the recipients of one message."""
        at = message.received_at
        if at is None:
            return
        hour = int(at.timestamp()) // _EPOCH_HOURS
        if self._hour is None:
            self._hour = self._first_hour = hour
        elif hour > self._hour:
            self._close()
            self._hour = hour
            if len(self._hours) > _HOURS_KEPT:
                self._forget(hour)
        self._hours[self._hour] = self._hours.get(self._hour, 0) + recipients_of(message)
        self._elsewhere += 0 if self._homes.is_sent_from_home(message, at) else recipients_of(message)
        if len(self._samples) < self._limits.kept_values:
            self._samples.append(message)

    def rejection(self, rejection: RejectionFacts) -> None:
        """Refusals do not count."""

    def _close(self) -> None:
        """Judge the hour that is over."""
        hour, samples, self._samples = self._hour, self._samples, []
        elsewhere, self._elsewhere = self._elsewhere, 0
        if hour is None:
            return
        sent = self._hours[hour]
        is_known = hour - self._first_hour >= self._limits.history / _HOUR
        if sent <= self._limits.habit_least or not is_known:
            return
        self._forget(hour)
        oldest = max(self._first_hour, hour - self._limits.habit_weeks * _HOURS_OF_WEEK)
        same = range(hour - _HOURS_OF_WEEK, oldest - 1, -_HOURS_OF_WEEK)
        before = [self._hours.get(h, 0) for h in same] or [
            0
        ]  # known for less than a week, where that is enough
        usual = median(before)
        spread = median(abs(number - usual) for number in before)
        threshold = usual + self._limits.habit_spreads * spread
        busiest = max((number for h, number in self._hours.items() if h < hour), default=0)
        if sent > threshold and sent > self._limits.habit_times_busiest * busiest:
            if sent > self._peak:
                self._peak, self._usual = sent, usual
            severity = Severity.HIGH if elsewhere > self._limits.habit_least else Severity.MEDIUM
            for message in samples:
                self._tally.message(message, Evidence(severity, ""))

    def _forget(self, hour: int) -> None:
        """Let go what is too old to be compared with."""
        oldest = hour - self._limits.habit_weeks * _HOURS_OF_WEEK
        self._hours = {h: number for h, number in self._hours.items() if h >= oldest}

    def finding(self) -> SubjectFinding | None:
        """The hour with the most."""
        self._close()
        if not self._tally.count:
            return None
        text = say(
            "{recipients} in one hour; {usual:,.0f} in the same hour of the weeks before, and never nearly as many in "
            "any other.",
            recipients=count(self._peak, "recipient"),
            usual=self._usual,
        )
        if self._tally.worst is Severity.MEDIUM:
            text = together((text, say(_FROM_HOME)))
        return self._tally.finding(UNUSUAL_VOLUME, Evidence(self._tally.worst, text), self._peak)


def _watch_habit(host: LogHostFacts, limits: Limits) -> Watch:
    return _HabitWatch(host, limits)


UNUSUAL_VOLUME = Rule(
    code="C07",
    title="One account sends far more than usual",
    severity=Severity.HIGH,
    scope=Scope.SUBJECT,
    explanation=(
        "An account that wrote to a few people for weeks suddenly writes to many. That is what a stolen "
        "password looks like."
    ),
    guards=(
        "An hour is compared with the same hour of the same weekday in the four weeks before (the median, and "
        "six times the usual distance from it), and with the busiest other hour: a newsletter that comes now "
        "and then does not count twice.",
        "Up to 50 recipients never count.",
        "Medium if all but 50 recipients came from networks that the account was used from on three days before: its "
        "owner's own. Webmail is nobody's own.",
        "The account must be known for two weeks. A shorter log says so beside the verdict.",
    ),
    next_steps=(
        "Ask the owner whether this was sent. If not, change the password and remove what waits in the queue.",
    ),
    watch=_watch_habit,
    kinds=_ACCOUNT,
    worth_judging=frozenset({Worth.MANY_RECIPIENTS}),
)

# --- C08 ------------------------------------------------------------------------------------------


_NEW_DOMAINS = later("{domains} within {span}, {new:,} of them never written to before by this account.")
_NEW_DOMAINS_NAMED = later(
    "{domains} within {span}, {new:,} of them never written to before by this account ({names})."
)


class _FanOutWatch:
    """Counts the recipients' domains within an hour, and those that were never written to before it."""

    def __init__(self, host: LogHostFacts, limits: Limits) -> None:
        self._limits = limits
        self._homes = Homes(host, limits)
        self._elsewhere = Window(limits.fan_out_window)
        self._known_since: datetime | None = None
        self._known = Distinct(limits.kept_ids)
        self._all = Window(limits.fan_out_window)
        self._new = Window(limits.fan_out_window)
        self._peak = 0
        self._new_at_peak = 0
        self._tally = Tally(limits)

    def message(self, message: MessageFacts) -> None:
        """Notes the domains of one message."""
        at = message.received_at
        if at is None:
            return
        self._known_since = self._known_since or at
        is_from_home = self._homes.is_sent_from_home(message, at)
        new = []
        for domain in set(domains_of(message)):
            if not domain:
                continue
            self._all.add(at, domain)
            if domain not in self._known and not self._known.is_cut:
                self._known.add(domain)
                self._new.add(at, domain)
                new.append(domain)
                if not is_from_home:
                    self._elsewhere.add(at, domain)
        self._new.pass_to(at)
        self._elsewhere.pass_to(at)
        if at - self._known_since < self._limits.history or not self._is_wide():
            return
        if self._all.distinct > self._peak:
            self._peak, self._new_at_peak = self._all.distinct, self._new.distinct
        is_far = self._elsewhere.distinct >= self._limits.fan_out_new * self._limits.fan_out_domains
        severity = Severity.HIGH if is_far else Severity.MEDIUM
        self._tally.message(message, Evidence(severity, "", tuple(sorted(new))))

    def _is_wide(self) -> bool:
        domains = self._all.distinct
        return (
            domains >= self._limits.fan_out_domains
            and self._new.distinct >= self._limits.fan_out_new * domains
        )

    def rejection(self, rejection: RejectionFacts) -> None:
        """Refusals do not count."""

    def finding(self) -> SubjectFinding | None:
        """The hour with the most domains."""
        if not self._tally.count:
            return None
        names = listing(self._tally.values.most())
        text = say(
            _NEW_DOMAINS_NAMED if names else _NEW_DOMAINS,
            domains=count(self._peak, "recipient domain"),
            span=duration(self._limits.fan_out_window),
            new=self._new_at_peak,
            names=names,
        )
        if self._tally.worst is Severity.MEDIUM:
            text = together((text, say(_FROM_HOME)))
        return self._tally.finding(FAN_OUT, Evidence(self._tally.worst, text), self._peak)


def _watch_fan_out(host: LogHostFacts, limits: Limits) -> Watch:
    return _FanOutWatch(host, limits)


FAN_OUT = Rule(
    code="C08",
    title="One account writes to many domains for the first time",
    severity=Severity.HIGH,
    scope=Scope.SUBJECT,
    explanation="People write to those they know. Spam goes to addresses that the account never wrote to.",
    guards=(
        "The account must be known for two weeks, else every domain is new. A shorter log says so beside the "
        "verdict.",
        "The first newsletter of an account looks the same: medium if it came from networks that the account was used "
        "from on three days before, and what came from elsewhere is too little by itself. Webmail is nobody's own.",
    ),
    next_steps=(
        "Ask the owner whether this was sent. If not, change the password and remove what waits in the queue.",
    ),
    watch=_watch_fan_out,
    kinds=_ACCOUNT,
    worth_judging=frozenset({Worth.MANY_RECIPIENTS}),
)

# --- C13 ------------------------------------------------------------------------------------------


def _limited(message: MessageFacts, host: LogHostFacts, limits: Limits) -> Evidence | None:
    """Our own words only: what other servers say of us is not ours to count here."""
    if message.sender_host_address is not None and message.authenticator is None:
        return None
    for recipient in message.recipients:
        is_refused = recipient.outcome is not Outcome.DELIVERED and not recipient.is_remote
        if is_refused and recipient.text is not None and _OWN_LIMIT.search(recipient.text):
            return Evidence(Severity.HIGH, say("This server stopped it itself: {text}", text=recipient.text))
    return None


def _limited_refusal(rejection: RejectionFacts, host: LogHostFacts, limits: Limits) -> Evidence | None:
    if rejection.stage is Stage.AUTH or (rejection.authenticator is None and not rejection.account):
        return None
    return Evidence(Severity.HIGH, "") if _OWN_LIMIT.search(rejection.text) else None


def _limited_by_subject(tally: Tally, host: LogHostFacts, limits: Limits) -> Evidence:
    text = say_of(
        tally.count,
        "{number:,} message or recipient was stopped by a limit of this server itself.",
        "{number:,} messages or recipients were stopped by a limit of this server itself.",
    )
    return Evidence(Severity.HIGH, text)


def _watch_limited(host: LogHostFacts, limits: Limits) -> Watch:
    return TallyWatch(LIMITED, _limited_by_subject, host, limits, _limited_refusal)


LIMITED = Rule(
    code="C13",
    title="This server's own limit was hit",
    severity=Severity.HIGH,
    scope=Scope.MESSAGE,
    explanation=(
        "The server counts what each account may send, and stopped this one: its administrator decided "
        "beforehand that this is too much. What came before the limit was sent."
    ),
    guards=(
        "Only this server's own words about those who logged in, or sent on the machine itself, count; limits of "
        "other servers, and those for strangers, do not.",
        "A newsletter on an account that is meant for a person hits a limit too.",
    ),
    next_steps=(
        "Ask the owner whether this was sent. If not, change the password and remove what waits in the queue.",
        "Leave the limit as it is until that is known.",
    ),
    message=_limited,
    watch=_watch_limited,
    kinds=tuple(SubjectKind),
    refusals=frozenset({Refusals.AFTER_LOGIN}),
    worth_judging=frozenset({Worth.FOUND_ON_MESSAGE, Worth.REFUSED}),
)
