"""Passwords that were guessed (C02): failed logins, and then one that succeeds."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from ingest.languages import say
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
from ingest.rules.facts import LogHostFacts, MessageFacts, RejectionFacts, SubjectKind
from ingest.rules.networks import is_remote_login, neighbours_of
from ingest.rules.tallies import Tally
from ingest.rules.volumes import recipients_of
from ingest.rules.windows import Window
from ingest.rules.words import count, duration, listing, together

_TIMES_OF_A_DEVICE = 10  # what a telephone tries in a day with an old password, to a person's typing errors


class _Failures:
    """Failed logins of one address, or of one account: whether there were many shortly before a login."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._window = Window(limits.guessed_window)
        self._begun_at: datetime | None = None  # the first of the failures that have not paused since
        self._last_at: datetime | None = None
        self._many_at: datetime | None = None  # the last that had enough others in the window before it
        self.most = 0

    def add(self, rejection: RejectionFacts) -> None:
        """Counts one."""
        at = rejection.logged_at
        if self._last_at is None or at - self._last_at >= self._limits.guessed_window:
            self._begun_at = at
        self._last_at = at
        self._window.add(at, rejection.account)
        if self._window.total >= self._limits.failed_logins:
            self._many_at = at
            self.most = max(self.most, self._window.total)

    def were_many_before(self, at: datetime) -> bool:
        """Whether there were enough of them, no longer ago than the window."""
        return self._many_at is not None and timedelta() <= at - self._many_at <= self._limits.guessed_window

    @property
    def begun_at(self) -> datetime | None:
        """When the series of failures began that is going on."""
        return self._begun_at

    def times(self, name: str) -> int:
        """How often this name failed, in the window."""
        return self._window.times(name)

    def by_name(self) -> Iterator[tuple[str, int]]:
        """The names that failed, and how often, in the window."""
        return ((str(name or ""), self._window.times(name)) for name in self._window.keys)


class _Use:
    """What a name wrote from an address, from the login on that came after the failures."""

    def __init__(self, at: datetime, limits: Limits) -> None:
        self._begun_at = self._last_at = at
        self._day = Window(limits.guessed_window)
        self._most = 0

    def add(self, at: datetime, message: MessageFacts) -> None:
        """Counts the recipients of one message."""
        self._last_at = at
        self._day.add(at, amount=recipients_of(message))
        self._most = max(self._most, self._day.total)

    def is_quiet(self, limits: Limits) -> bool:
        """Whether the name came back a day later, and wrote to few on each day."""
        is_back = self._last_at - self._begun_at >= limits.guessed_window
        return is_back and self._most < limits.new_place_recipients


class _GuessedByAddressWatch:
    """Of one address: many failures, and a login by a name that it had not logged in as before them."""

    def __init__(self, host: LogHostFacts, limits: Limits) -> None:
        self._host = host
        self._limits = limits
        self._failures = _Failures(limits)
        self._known: dict[str, datetime] = {}  # ids, with their first login
        self._tried: dict[str, int] = {}  # names that failed before a login, as often as they did in a row
        self._guessed: dict[str, int] = {}  # ids that logged in without having done so before, likewise
        self._uses: dict[str, _Use] = {}  # of these ids
        self._regulars: set[str] = set()  # ids that logged in a day before the failures, or again a day later
        self._looked_up_at: datetime | None = None  # for which beginning of the failures
        self._tally = Tally(limits)

    def rejection(self, rejection: RejectionFacts) -> None:
        """Counts a failed login."""
        if rejection.is_failed_login:
            self._failures.add(rejection)

    def message(self, message: MessageFacts) -> None:
        """Compares a login with the failures before it."""
        account, at = message.authenticated_id, message.received_at
        if at is None or not account or not is_remote_login(message, self._host):
            return
        first_at = self._known.get(account, at)
        if len(self._known) < self._limits.kept_ids:
            self._known.setdefault(account, at)
        if at - first_at >= self._limits.guessed_window:
            self._regulars.add(account)
        is_guessed = self._failures.were_many_before(at)
        begun_at = self._failures.begun_at
        if is_guessed and (begun_at is None or first_at >= begun_at):
            self._note(account, at)
        if account in self._uses:
            self._uses[account].add(at, message)
        if is_guessed:
            self._tally.message(message, Evidence(Severity.LOW, "", (account,)))

    def _note(self, account: str, at: datetime) -> None:
        """Keeps what failed before the login of somebody who was not known."""
        for name, times in self._failures.by_name():
            if name in self._tried or len(self._tried) < self._limits.kept_values:
                self._tried[name] = max(times, self._tried.get(name, 0))
        self._guessed[account] = max(self._guessed.get(account, 0), self._failures.times(account))
        if account not in self._uses:
            self._uses[account] = _Use(at, self._limits)
        begun_at = self._failures.begun_at
        if begun_at is not None and begun_at != self._looked_up_at:
            self._looked_up_at, since = begun_at, begun_at - self._limits.guessed_window
            self._regulars.update(name for name, first_at in self._known.items() if first_at <= since)

    def _severity(self) -> Severity:
        """By the names that failed: those who never got in, and those who got in then for the first time."""
        strange = [name for name in self._tried if name not in self._known]
        own = [name for name, times in self._guessed.items() if times]
        if not self._guessed or not (strange or own):
            return Severity.LOW
        if len(strange) + bool(own) >= self._limits.failed_accounts:
            return Severity.CRITICAL
        if self._is_shared():
            return Severity.LOW
        if strange and (own or len(strange) > 1):
            return Severity.HIGH
        if self._has_many_newcomers():
            return Severity.MEDIUM
        most = max(self._tried.get(name, 0) for name in (*strange, *own))
        if most < self._limits.failed_logins_typo or (not strange and self._is_late_device(most)):
            return Severity.LOW
        return Severity.MEDIUM

    def _is_late_device(self, failures: int) -> bool:
        """Whether it looks as if a device got the new password late, as its owner still uses it as people do."""
        most = _TIMES_OF_A_DEVICE * self._limits.failed_logins_typo
        return failures < most and all(use.is_quiet(self._limits) for use in self._uses.values())

    def _is_shared(self) -> bool:
        """Whether so many regulars log in here that some of them mistype their names too."""
        return len(self._regulars.difference(self._guessed)) >= self._limits.failed_accounts

    def _has_many_newcomers(self) -> bool:
        """Whether so many failed and then got in that a house would have to be new here, and may yet turn out to be."""
        own = [use for name, use in self._uses.items() if self._guessed[name]]
        new = [use for use in own if not use.is_quiet(self._limits)]
        return len(new) >= self._limits.failed_accounts

    def finding(self) -> SubjectFinding | None:
        """Who was logged in as, after how many failures."""
        if not self._tally.count:
            return None
        names = self._tally.values
        text = say(
            "{failures:,} logins were refused within {span}, then this address logged in as {names}: {messages}.",
            failures=self._failures.most,
            span=duration(self._limits.guessed_window),
            names=names.listing(),
            messages=count(self._tally.count, "message"),
        )
        severity = self._severity()
        return self._tally.finding(GUESSED, Evidence(severity, together((text, self._doubt(severity)))))

    def _doubt(self, severity: Severity) -> str:
        """What it may be as well; "" where it is not mild."""
        if severity is Severity.LOW and not self._guessed:
            return say("It had logged in so before the failures: a changed password looks like this.")
        if severity is Severity.LOW:
            return say(
                "Those whose logins failed get in here too, and write as people do: a shared address, a typing error "
                "or a new password looks like this."
            )
        if severity is Severity.MEDIUM and self._has_many_newcomers():
            return say(
                "Those who failed got in, for the first time from here: a house that is new looks like this too."
            )
        if severity is Severity.MEDIUM:
            return say("Only one name was tried: a person with a new password looks like this too.")
        return ""


class _GuessedAccountWatch:
    """Of one account: many failures from anywhere, then a login from a country where it never was."""

    def __init__(self, host: LogHostFacts, limits: Limits) -> None:
        self._host = host
        self._limits = limits
        self._failures = _Failures(limits)
        self._countries: set[str] = set()
        self._failed_from: set[str] = set()  # neighbourhoods
        self._foreign: dict[str, datetime] = {}  # countries first seen after many failures, with that time
        self._recipients: dict[str, int] = {}  # of these countries, within a day
        self._tally = Tally(limits)

    def rejection(self, rejection: RejectionFacts) -> None:
        """Counts a failed login."""
        if not rejection.is_failed_login:
            return
        self._failures.add(rejection)
        if rejection.sender_host_address and len(self._failed_from) < self._limits.kept_ids:
            self._failed_from.add(neighbours_of(rejection.sender_host_address))

    def message(self, message: MessageFacts) -> None:
        """Compares the country of a login with those of all logins before it."""
        at, country = message.received_at, message.country
        if at is None or country is None or not is_remote_login(message, self._host):
            return
        if country not in self._countries:
            if self._countries and self._failures.were_many_before(at):
                self._foreign[country] = at
            self._countries.add(country)
        since = self._foreign.get(country)
        if since is not None and at - since < self._limits.guessed_window:
            address = message.sender_host_address or ""
            sent = self._recipients.get(country, 0) + recipients_of(message)
            self._recipients[country] = sent
            is_thief = (
                neighbours_of(address) in self._failed_from or sent >= self._limits.new_place_recipients
            )
            severity = Severity.HIGH if is_thief else Severity.MEDIUM
            self._tally.message(message, Evidence(severity, "", (address,)))

    def finding(self) -> SubjectFinding | None:
        """From where the new logins came."""
        if not self._tally.count:
            return None
        text = say(
            "{failures:,} logins to this account were refused within {span}, then it was used from {addresses} "
            "({countries}), a country where it was never used before: {messages}. Countries by data of {origins}.",
            failures=self._failures.most,
            span=duration(self._limits.guessed_window),
            addresses=self._tally.values.listing(),
            countries=listing(tuple(self._foreign)),
            messages=count(self._tally.count, "message"),
            origins=self._host.origins,
        )
        if self._tally.worst is not Severity.HIGH:
            doubt = say(
                "Those who guessed came from elsewhere, and little was sent: a journey looks like this too."
            )
            text = together((text, doubt))
        return self._tally.finding(GUESSED, Evidence(self._tally.worst, text))


def _watch_address(host: LogHostFacts, limits: Limits) -> Watch:
    return _GuessedByAddressWatch(host, limits)


def _watch_account(host: LogHostFacts, limits: Limits) -> Watch:
    return _GuessedAccountWatch(host, limits)


GUESSED = Rule(
    code="C02",
    title="A login after many that failed",
    severity=Severity.CRITICAL,
    scope=Scope.SUBJECT,
    explanation=(
        "Somebody tried passwords, was refused again and again, and then got in. The account is in the hands of "
        "whoever guessed."
    ),
    guards=(
        "The login must come within a day after at least five failures within a day.",
        "Low if this address had logged in as the same user before the failures began: somebody changed the "
        "password and a phone still had the old one.",
        "Names that failed and that get in from this address too do not count: a house behind one address, where "
        "people mistype. Five who were never seen there are medium until they come back a day later and write to few.",
        "Of a name tried alone, fewer than ten failures are low and more are medium: a person sets up a mail "
        "program like this. High if several were tried, critical from five on.",
        "Low too, of fewer than a hundred failures, once that name has come back to the address after a day or more "
        "and never wrote to fifty recipients from there within a day: a telephone that got the new password late. "
        "Whoever guesses a password uses it.",
        "Where five others logged in a day before, or do again a day later, fewer than five names that fail are low.",
        "For an account that others guess at: only a login from a country where the account was never used "
        "counts, as popular names are guessed at all day. Medium unless it comes from a network that guessed, or "
        "writes to fifty at once: people whose names are guessed travel too.",
        "Trusted networks and loopback do not count (webmail).",
    ),
    next_steps=(
        "Change the password of the account now, and end its sessions.",
        "See what the account sent since, and remove what waits in the queue.",
        "Let fail2ban or the firewall block addresses that guess.",
    ),
    watch=_watch_address,
    account_watch=_watch_account,
    kinds=(SubjectKind.SENDER_HOST_ADDRESS, SubjectKind.AUTHENTICATED_ID),
    refusals=frozenset({Refusals.LOGINS}),
    worth_judging=frozenset({Worth.LOGIN_AFTER_FAILURES}),
)
