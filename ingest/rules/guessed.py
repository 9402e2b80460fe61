"""Passwords that were guessed (C02): failed logins, and then one that succeeds."""

from datetime import datetime, timedelta

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
from ingest.rules.networks import is_remote_login
from ingest.rules.tallies import Tally
from ingest.rules.windows import Distinct, Window
from ingest.rules.words import count, duration, listing


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

    @property
    def tried(self) -> int:
        """How many different names, in the window."""
        return self._window.distinct


class _GuessedByAddressWatch:
    """Of one address: many failures, and a login by a name that it had not logged in as before them."""

    def __init__(self, host: LogHostFacts, limits: Limits) -> None:
        self._host = host
        self._limits = limits
        self._failures = _Failures(limits)
        self._tried = Distinct(limits.kept_values)
        self._known: dict[str, datetime] = {}  # ids, with their first login
        self._tally = Tally(limits)

    def rejection(self, rejection: RejectionFacts) -> None:
        """Counts a failed login."""
        if rejection.is_failed_login:
            self._failures.add(rejection)
            self._tried.add(rejection.account or "")

    def message(self, message: MessageFacts) -> None:
        """Compares a login with the failures before it."""
        account, at = message.authenticated_id, message.received_at
        if at is None or not account or not is_remote_login(message, self._host):
            return
        first_at = self._known.get(account, at)
        if len(self._known) < self._limits.kept_ids:
            self._known.setdefault(account, at)
        if not self._failures.were_many_before(at):
            return
        begun_at = self._failures.begun_at
        is_regular = begun_at is not None and first_at < begun_at
        self._tally.message(message, Evidence(self._severity(is_regular, account), "", (account,)))

    def _severity(self, is_regular: bool, account: str) -> Severity:
        if is_regular:
            return Severity.LOW
        tried = self._failures.tried
        if tried >= self._limits.failed_accounts:
            return Severity.CRITICAL
        return Severity.HIGH if tried > 1 or account not in self._tried else Severity.MEDIUM

    def finding(self) -> SubjectFinding | None:
        """Who was logged in as, after how many failures."""
        if not self._tally.count:
            return None
        names = self._tally.values
        text = (
            f"{self._failures.most:,} logins were refused within {duration(self._limits.guessed_window)}, then "
            f"this address logged in as {names.listing()}: {count(self._tally.count, 'message')}."
        )
        severity = self._tally.worst
        if severity is Severity.LOW:
            text += " It had logged in so before the failures: a changed password looks like this."
        elif severity is Severity.MEDIUM:
            text += " Only this name was tried: a person with a new password looks like this too."
        return self._tally.finding(GUESSED, Evidence(severity, text))


class _GuessedAccountWatch:
    """Of one account: many failures from anywhere, then a login from a country where it never was."""

    def __init__(self, host: LogHostFacts, limits: Limits) -> None:
        self._host = host
        self._limits = limits
        self._failures = _Failures(limits)
        self._countries: set[str] = set()
        self._foreign: dict[str, datetime] = {}  # countries first seen after many failures, with that time
        self._tally = Tally(limits)

    def rejection(self, rejection: RejectionFacts) -> None:
        """Counts a failed login."""
        if rejection.is_failed_login:
            self._failures.add(rejection)

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
            values = (message.sender_host_address or "",)
            self._tally.message(message, Evidence(Severity.HIGH, "", values))

    def finding(self) -> SubjectFinding | None:
        """From where the new logins came."""
        if not self._tally.count:
            return None
        text = (
            f"{self._failures.most:,} logins to this account were refused within "
            f"{duration(self._limits.guessed_window)}, then it was used from {self._tally.values.listing()} "
            f"({listing(tuple(self._foreign))}), a country where it was never used before: "
            f"{count(self._tally.count, 'message')}. Countries by data of {self._host.origins}."
        )
        return self._tally.finding(GUESSED, Evidence(Severity.HIGH, text))


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
        "Medium if only one name was tried, and it is the one that got in: a person sets up a mail program "
        "like this. High if several were tried, critical from five on.",
        "For an account that others guess at: only a login from a country where the account was never used "
        "counts, as popular names are guessed at all day.",
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
