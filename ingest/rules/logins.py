"""Logins: without a user name (A01), as many users from one address (A04), guessed (C01)."""

from datetime import datetime, timedelta

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
from ingest.rules.facts import LogHostFacts, LoginCounts, MessageFacts, RejectionFacts, SubjectKind
from ingest.rules.relaying import relayed_recipients
from ingest.rules.tallies import Tally, TallyWatch
from ingest.rules.windows import Sample, Window
from ingest.rules.words import count, duration, listing, together

# --- A01 ------------------------------------------------------------------------------------------


def _nameless(message: MessageFacts, host: LogHostFacts, limits: Limits) -> Evidence | None:
    if message.authenticator is None or message.authenticated_id != "":
        return None
    name = message.authenticator
    text = say("Logged in through {name}, and where the user name belongs there is nothing.", name=name)
    logins = host.logins.get(name, LoginCounts())
    if logins.named:
        return Evidence(Severity.CRITICAL, together((text, _others(name))), (name,))
    return _nameless_alone(message, host, text)


def _others(name: str) -> str:
    """Without their number: what was found would otherwise change with every login of others."""
    return say("Other logins through {name} carry a user name, so the log does record names.", name=name)


def _nameless_alone(message: MessageFacts, host: LogHostFacts, text: str) -> Evidence:
    """No other login tells whether names are recorded: the mail itself has to."""
    values = (message.authenticator or "",)
    if host.is_local(message.envelope_sender):
        likely = say("The sender is local: a wrong server_set_id, which writes the same, is likely.")
        return Evidence(Severity.HIGH, together((text, likely)), values)
    if message.connection_limit is not None:
        limit = message.connection_limit
        bulk = say("More than {limit} messages came in the same connection.", limit=limit)
        return Evidence(Severity.CRITICAL, together((text, bulk)), values)
    if not relayed_recipients(message, host):
        return Evidence(Severity.HIGH, text, values)
    text = together((text, say("Sender and recipient are foreign.")))
    if host.local_domains_inferred:
        text = together((text, say("Which domains are local was only inferred.")))
        return Evidence(Severity.HIGH, text, values)
    return Evidence(Severity.CRITICAL, text, values)


def _nameless_refused(rejection: RejectionFacts, host: LogHostFacts, limits: Limits) -> Evidence | None:
    """A client that had logged in without a name and was then refused for another reason."""
    if rejection.stage is Stage.AUTH or rejection.authenticator is None or rejection.account != "":
        return None
    text = say("Logged in without a user name, then refused.")
    return Evidence(Severity.HIGH, text, (rejection.authenticator,))


def _nameless_by_subject(tally: Tally, host: LogHostFacts, limits: Limits) -> Evidence:
    names = tally.values.most()
    parts = [
        say(
            "{logins} through {names} with an empty authenticated id.",
            logins=count(tally.count, "login"),
            names=listing(names),
        )
    ]
    for name in names:
        logins = host.logins.get(name, LoginCounts())
        nobody = say("No login through {name} carries a user name.", name=name)
        parts.append(_others(name) if logins.named else nobody)
    if len(tally.envelope_senders):
        parts.append(_senders(tally, host))
    is_mistaken = _looks_mistaken(tally, host)
    title = say("Empty authenticated id: wrong server_set_id likely") if is_mistaken else None
    return Evidence(tally.worst, together(parts), title=title)


def _senders(tally: Tally, host: LogHostFacts) -> str:
    """How many envelope senders, and how many of them are local where that is known."""
    senders, number = tally.envelope_senders, len(tally.envelope_senders)
    if not host.local_domains:
        return say_of(number, "{senders} envelope sender.", "{senders} envelope senders.", senders=senders)
    local = sum(host.is_local(sender) for sender in senders)
    if not local:
        return say_of(
            number,
            "{senders} envelope sender, none of them local.",
            "{senders} envelope senders, none of them local.",
            senders=senders,
        )
    return say_of(
        number,
        "{senders} envelope sender, {local} of them local.",
        "{senders} envelope senders, {local} of them local.",
        senders=senders,
        local=local,
    )


def _looks_mistaken(tally: Tally, host: LogHostFacts) -> bool:
    """No login carries a name, and all senders are local: our own people, badly logged."""
    return (
        all(not host.logins.get(name, LoginCounts()).named for name in tally.values)
        and len(tally.envelope_senders) > 0
        and all(host.is_local(sender) for sender in tally.envelope_senders)
    )


def _watch_nameless(host: LogHostFacts, limits: Limits) -> Watch:
    return TallyWatch(EMPTY_ID, _nameless_by_subject, host, limits, _nameless_refused)


EMPTY_ID = Rule(
    code="A01",
    title="Empty authenticated id",
    severity=Severity.CRITICAL,
    scope=Scope.MESSAGE,
    explanation=(
        "A login succeeded and the log shows no user name for it. The usual cause is a password check that "
        "compares an empty password with the empty result of a lookup that found nobody: then anyone gets in "
        "who leaves both empty."
    ),
    guards=(
        "A wrong server_set_id ($auth1 with PLAIN) writes the same line with a sound check. The log alone "
        "never makes this more than suspected; the configuration decides (X01, X02, X07).",
        "Critical if other logins through the same authenticator carry a name, if sender and recipient are "
        "foreign, or if the mail came in bulk from a sender that is not local; high otherwise.",
    ),
    next_steps=(
        "Show the authenticator: exim -bP authenticators. Paste it into the configuration page.",
        "Try a login with nothing in it; it must be answered 535.",
        "Repair the authenticator, then reload Exim. Blocking one address leaves the hole open.",
        "Remove the messages that still wait in the queue.",
    ),
    message=_nameless,
    watch=_watch_nameless,
    kinds=(SubjectKind.SENDER_HOST_ADDRESS,),
    refusals=frozenset({Refusals.AFTER_LOGIN}),
    worth_judging=frozenset({Worth.FOUND_ON_MESSAGE, Worth.REFUSED}),
)

# --- A04 ------------------------------------------------------------------------------------------


class _Use:
    """The logins of one id from one address."""

    __slots__ = ("first_at", "is_own_sender", "last_at", "logins", "message_id")

    def __init__(self, at: datetime, message_id: str) -> None:
        self.first_at = self.last_at = at
        self.message_id = message_id
        self.logins = 0
        self.is_own_sender = True


class _ManyIdsWatch:
    """Follows which ids an address logs in as; an id that comes back after the window is a regular."""

    def __init__(self, host: LogHostFacts, limits: Limits) -> None:
        self._host = host
        self._limits = limits
        self._uses: dict[str, _Use] = {}
        self._is_cut = False
        self._failed_logins = 0

    def message(self, message: MessageFacts) -> None:
        """Notes the id of a login."""
        account, at = message.authenticated_id, message.received_at
        if not account or at is None or self._host.is_trusted(message.sender_host_address or ""):
            return
        use = self._uses.get(account)
        if use is None:
            if len(self._uses) >= self._limits.kept_ids:
                self._is_cut = True
                return
            use = self._uses[account] = _Use(at, message.message_id)
        use.last_at = max(use.last_at, at)
        use.logins += 1
        use.is_own_sender &= self._writes_as_itself(account, message.envelope_sender)

    def _writes_as_itself(self, account: str, sender: str | None) -> bool:
        if not sender or not self._host.is_local(sender):
            return False
        return sender.lower() == account.lower() or sender.partition("@")[0].lower() == account.lower()

    def rejection(self, rejection: RejectionFacts) -> None:
        """Counts failed logins: people mistype, an authenticator that takes everything never refuses."""
        self._failed_logins += rejection.is_failed_login

    def finding(self) -> SubjectFinding | None:
        """The window with the most ids that were new in it and did not come back later."""
        window = self._limits.many_ids_window
        passing = [(name, use) for name, use in self._uses.items() if use.last_at - use.first_at < window]
        passing.sort(key=lambda item: item[1].first_at)
        start, stop = _fullest(tuple(use.first_at for _, use in passing), window)
        found = passing[start:stop]
        logins = sum(use.logins for _, use in found)
        looks_made_up = logins > 0 and len(found) / logins >= self._limits.many_ids_near_unique
        if len(found) < self._limits.many_ids or (self._failed_logins and not looks_made_up):
            return None
        return self._described(found, logins)

    def _described(self, found: list[tuple[str, _Use]], logins: int) -> SubjectFinding:
        users = say("more than {number:,}", number=len(found)) if self._is_cut else f"{len(found):,}"
        names = tuple(name for name, _ in found)
        text = say(
            "This address logged in as {users} different users within {span} ({names}), {messages} in all; {logins} "
            "failed.",
            users=users,
            span=duration(self._limits.many_ids_window),
            names=listing(names),
            messages=count(logins, "message"),
            logins=count(self._failed_logins, "login"),
        )
        severity = Severity.CRITICAL
        if all(use.is_own_sender for _, use in found):
            severity = Severity.MEDIUM
            office = say("Each writes under its own local address: it may be an office behind one address.")
            text = together((text, office))
        return SubjectFinding(
            rule=MANY_IDS.code,
            severity=severity,
            title=say(MANY_IDS.title),
            evidence=text,
            first_at=found[0][1].first_at,
            last_at=max(use.last_at for _, use in found),
            count=logins,
            message_ids=_first_and_last(tuple(use.message_id for _, use in found)),
            values=names[:10],
            peak=len(found),
        )


def _first_and_last(message_ids: tuple[str, ...]) -> tuple[str, ...]:
    sample = Sample[str]()
    for message_id in message_ids:
        sample.add(message_id)
    return sample.items()


def _fullest(times: tuple[datetime, ...], length: timedelta) -> tuple[int, int]:
    """Start and stop of the slice of sorted times that lie less than ``length`` apart and are the most."""
    best = (0, 0)
    start = 0
    for stop, at in enumerate(times, start=1):
        while at - times[start] >= length:
            start += 1
        if stop - start > best[1] - best[0]:
            best = (start, stop)
    return best


def _watch_many_ids(host: LogHostFacts, limits: Limits) -> Watch:
    return _ManyIdsWatch(host, limits)


MANY_IDS = Rule(
    code="A04",
    title="One address logs in as many users",
    severity=Severity.CRITICAL,
    scope=Scope.SUBJECT,
    explanation=(
        "One address succeeded with many user names and hardly ever failed. Either the authenticator accepts "
        "any name, or somebody holds a list of stolen passwords."
    ),
    guards=(
        "Trusted networks and loopback do not count (webmail).",
        "An id that is used again after a day is a regular of this address and does not count.",
        "With failed logins in between, only ids that look made up count (nearly every login has a new one).",
        "Medium if every id writes under its own local address: an office or carrier behind one address.",
    ),
    next_steps=(
        "Compare the ids with your accounts. Names that do not exist mean that the authenticator accepts "
        "anything.",
        "Check the authenticator's server_condition on the configuration page.",
        "If the names are real accounts, change their passwords.",
    ),
    watch=_watch_many_ids,
    kinds=(SubjectKind.SENDER_HOST_ADDRESS,),
    refusals=frozenset({Refusals.LOGINS}),
    worth_judging=frozenset({Worth.MANY_IDS}),  # refused logins can only take the finding away
)

# --- C01 ------------------------------------------------------------------------------------------


class _GuessingWatch:
    """Counts failed logins in a short window, and the different accounts tried in a long one."""

    def __init__(self, host: LogHostFacts, limits: Limits) -> None:
        self._limits = limits
        self._failures = Window(limits.failed_logins_window)
        self._tried = Window(limits.failed_accounts_window)
        self._tally = Tally(limits)
        self._peak = self._peak_accounts = 0

    def message(self, message: MessageFacts) -> None:
        """A message says nothing about failed logins."""

    def rejection(self, rejection: RejectionFacts) -> None:
        """Counts a failed login."""
        if not rejection.is_failed_login:
            return
        accounts = (rejection.account,) if rejection.account else ()
        self._tally.rejection(rejection, Evidence(Severity.LOW, "", accounts))
        self._failures.add(rejection.logged_at)
        self._peak = max(self._peak, self._failures.total)
        if rejection.account:
            self._tried.add(rejection.logged_at, rejection.account)
            self._peak_accounts = max(self._peak_accounts, self._tried.distinct)

    def _is_guessing(self) -> bool:
        limits = self._limits
        if self._peak_accounts >= limits.failed_accounts:
            return True
        is_typo = len(self._tally.values) == 1 and self._tally.count < limits.failed_logins_typo
        return self._peak >= limits.failed_logins and not is_typo

    def finding(self) -> SubjectFinding | None:
        """What was tried, if it was more than a person mistyping."""
        if not self._is_guessing():
            return None
        return self._tally.finding(GUESSING, Evidence(Severity.LOW, self._told()), self._peak)

    def _told(self) -> str:
        accounts, span = self._tally.values, duration(self._limits.failed_logins_window)
        if not len(accounts):
            return say_of(
                self._tally.count,
                "{number:,} login was refused, at most {peak:,} within {span}.",
                "{number:,} logins were refused, at most {peak:,} within {span}.",
                peak=self._peak,
                span=span,
            )
        return say_of(
            self._tally.count,
            "{number:,} login was refused, at most {peak:,} within {span}; {tried} ({names}).",
            "{number:,} logins were refused, at most {peak:,} within {span}; {tried} ({names}).",
            peak=self._peak,
            span=span,
            tried=say_of(
                len(accounts),
                "{accounts} user name tried",
                "{accounts} user names tried",
                accounts=accounts,
            ),
            names=accounts.listing(),
        )


def _watch_guessing(host: LogHostFacts, limits: Limits) -> Watch:
    return _GuessingWatch(host, limits)


GUESSING = Rule(
    code="C01",
    title="Password guessing",
    severity=Severity.LOW,
    scope=Scope.SUBJECT,
    explanation=(
        "An address tries passwords and is refused. Every server on the Internet sees this; it matters when "
        "a guess succeeds."
    ),
    guards=(
        "Fewer than ten failures with one single user name are a person's typing error or an old password in "
        "a phone.",
        "A login that was put off because the server could not check it (435) does not count.",
    ),
    next_steps=(
        "See whether the address logged in afterwards.",
        "Let fail2ban or the firewall block addresses that guess.",
    ),
    watch=_watch_guessing,
    kinds=(SubjectKind.SENDER_HOST_ADDRESS,),
    refusals=frozenset({Refusals.LOGINS}),
    worth_judging=frozenset({Worth.REFUSED}),
)
