"""Open a link for whoever comes with it: a view is counted once; for a while its files need no other look."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address

from django.contrib.auth.hashers import check_password
from django.core import signing
from django.db import models, transaction
from django.db.models import F

from ingest import granted
from mailwatch import trail
from mailwatch.client_address import network_of
from mailwatch.models import ReportOpening, SharedReport, WrongGuess
from mailwatch.queries import shared as queries

GUESSES_REMEMBERED = timedelta(minutes=10)
MOST_GUESSES = 30  # from one address (IPv6: from one /64), of links and passwords together
MOST_WRONG_PASSWORDS = 10  # of one link, wherever they come from
PASS_HOLDS = timedelta(minutes=30)
_SALT = "mailwatch.shared.pass"


class NotOpen(Exception):
    """There is no such link, or it is closed: nobody learns which."""


class WrongPassword(Exception):
    """The link is open to whoever knows another password."""


class TooManyGuesses(Exception):
    """For a while nothing is answered: neither what is right nor what is wrong."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who comes with a link, as far as a request says."""

    address: IPv4Address | IPv6Address | None
    user_agent: str  # what the browser calls itself

    @classmethod
    def of(cls, address: IPv4Address | IPv6Address | None, headers: Mapping[str, str]) -> "Visitor":
        return cls(address, headers.get("User-Agent", "")[:200])


@dataclass(frozen=True, slots=True)
class Revealed:
    """A report that may be read, and what to come back with for its files."""

    report: SharedReport
    pass_: str


def look(token: str, visitor: Visitor, *, now: datetime) -> SharedReport:
    """The report behind a link, which this neither shows nor counts.

    Raises NotOpen and TooManyGuesses.
    """
    refuse_guesser(visitor, now)
    report = queries.to_be_revealed(token, now=now)
    if report is None:
        remember(visitor, None, now)
        raise NotOpen
    return report


def reveal(token: str, visitor: Visitor, *, password: str, now: datetime) -> Revealed:
    """Count a view and give the report. Raises NotOpen, WrongPassword and TooManyGuesses."""
    report = look(token, visitor, now=now)
    if report.password:
        _check(password, report, visitor, now)
    with transaction.atomic():
        if not _count_view(report, now):
            raise NotOpen  # somebody else has used up the last view
        _record(report, visitor, now)
    trail.tell(subject=report.title)
    trail.tell_log_hosts(report.log_host_ids)
    return Revealed(report, signing.dumps(report.pk, salt=_SALT))


def _check(password: str, report: SharedReport, visitor: Visitor, now: datetime) -> None:
    """A guess counts before the slow check, so that many at once are no way round; what was right is no guess."""
    guess = remember(visitor, report, now)
    is_refused = _recent(now).filter(report=report).count() > MOST_WRONG_PASSWORDS
    if is_refused or check_password(password, report.password):
        guess.delete()  # nor is what nobody looked at
    else:
        raise WrongPassword
    if is_refused:
        raise TooManyGuesses


def again(token: str, pass_: str, visitor: Visitor, *, now: datetime) -> Revealed:
    """The report for whoever has just read it: for its files. Raises NotOpen and TooManyGuesses."""
    refuse_guesser(visitor, now)
    report = queries.open_report(token, now=now)
    if report is None or not _holds(pass_, report):
        remember(visitor, None, now)
        raise NotOpen
    return Revealed(report, pass_)


def forget_guesses(*, now: datetime) -> None:
    WrongGuess.objects.filter(guessed_at__lt=now - GUESSES_REMEMBERED).delete()


def _holds(pass_: str, report: SharedReport) -> bool:
    try:
        return bool(signing.loads(pass_, salt=_SALT, max_age=PASS_HOLDS) == report.pk)
    except signing.BadSignature:
        return False


def _count_view(report: SharedReport, now: datetime) -> bool:
    """One statement, so that two who come at once cannot both have the last view."""
    with granted.everything():  # whoever has the link is granted nothing else
        open_one = SharedReport.objects.open_at(now).with_views_left().filter(pk=report.pk)
        return open_one.update(views=F("views") + 1, last_viewed_at=now) == 1


def _record(report: SharedReport, visitor: Visitor, now: datetime) -> None:
    address = visitor.address
    ReportOpening.objects.create(
        report=report,
        opened_at=now,
        network=str(network_of(address, v4=24, v6=48)) if address else None,
        prefix=(24 if address.version == 4 else 48) if address else 0,
        user_agent=visitor.user_agent,
    )


def refuse_guesser(visitor: Visitor, now: datetime) -> None:
    """Raises TooManyGuesses where somebody has guessed links or tokens too often."""
    if visitor.address is not None:
        guesses = _recent(now).filter(network=_guessing_network(visitor.address))
        if guesses.count() >= MOST_GUESSES:
            raise TooManyGuesses


def _recent(now: datetime) -> models.QuerySet[WrongGuess]:
    return WrongGuess.objects.filter(guessed_at__gt=now - GUESSES_REMEMBERED)


def remember(visitor: Visitor, report: SharedReport | None, now: datetime) -> WrongGuess:
    """Count a link, a token (both ``report`` None) or a password of a link that is none."""
    network = _guessing_network(visitor.address) if visitor.address else "0.0.0.0"  # nobody's address
    return WrongGuess.objects.create(network=network, report=report, guessed_at=now)


def _guessing_network(address: IPv4Address | IPv6Address) -> str:
    return str(network_of(address, v4=32, v6=64))
