"""Tokens of the JSON API: made, shown once, looked up at each call, revoked.

A token reads ``mw_``, 27 characters that hold 160 random bits, and 6 of a checksum by which scanners of leaked secrets
tell one from anything else without asking us.
"""

import secrets
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from string import ascii_letters, digits

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Case, F, When

from ingest.granted import Granted
from ingest.models import LogHost
from mailwatch.access import Permission, granted_to, may, with_access
from mailwatch.client_address import network_of
from mailwatch.models import ApiToken, Scope, digest_of
from mailwatch.operations.revealing import Visitor, refuse_guesser, remember
from mailwatch.sign_in import is_second_factor_demanded, second_factors

PREFIX = "mw_"
_BITS = 160
_ALPHABET = digits + ascii_letters
_RANDOM, _CHECKSUM = 27, 6  # characters: 62 ** 27 is more than 2 ** 160, 62 ** 6 more than 2 ** 32
_LENGTH = len(PREFIX) + _RANDOM + _CHECKSUM
_SHOWN = 7  # characters of a token that are kept to tell it by
MOST_OPEN = 50  # of one person


class NotMade(Exception):
    """A token that cannot be; says why."""


class NoToken(Exception):
    """Nobody has this token, it is over, was revoked, or its owner is switched off: nobody learns which."""


class NoSecondFactor(Exception):
    """The role of the owner must have a second factor, and they have none."""


@dataclass(frozen=True, slots=True)
class TooManyCalls(Exception):
    """More than a token may in a minute; ``seconds``: when it may again."""

    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a token is to be."""

    name: str
    scopes: Sequence[Scope]
    days: int
    has_all_log_hosts: bool  # all that its owner may read at the time
    log_hosts: Sequence[LogHost] = ()


@dataclass(frozen=True, slots=True)
class Caller:
    """A program with a token that holds, whom it is for, and what may be read now."""

    token: ApiToken
    user: User
    granted: Granted

    def has(self, scope: Scope) -> bool:
        return scope in self.token.scopes


def new_token() -> str:
    """160 random bits with their checksum."""
    random = _written(secrets.randbits(_BITS), _RANDOM)
    return f"{PREFIX}{random}{_checksum(random)}"


def is_token(text: str) -> bool:
    """Whether a text has the shape of a token, and its checksum."""
    if len(text) != _LENGTH or not text.startswith(PREFIX):
        return False
    random, checksum = text[len(PREFIX) : -_CHECKSUM], text[-_CHECKSUM:]
    return set(random) <= set(_ALPHABET) and checksum == _checksum(random)


def _checksum(random: str) -> str:
    return _written(zlib.crc32(random.encode()), _CHECKSUM)


def _written(number: int, length: int) -> str:
    """In base 62, digits first."""
    written = ""
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        written = _ALPHABET[digit] + written
    return written


@transaction.atomic
def make(*, owner: User, wanted: Wanted, at: datetime) -> tuple[ApiToken, str]:
    """A token and its text, which is known now and never again. Raises NotMade."""
    User.objects.select_for_update().get(pk=owner.pk)  # of two at once, one counts the other
    open_ones = ApiToken.objects.filter(owner=owner, revoked_at=None, expires_at__gt=at)
    if open_ones.count() >= MOST_OPEN:
        raise NotMade
    text = new_token()
    token = ApiToken.objects.create(
        owner=owner,
        name=wanted.name,
        token_digest=digest_of(text),
        beginning=text[:_SHOWN],
        scopes=[scope for scope in Scope if scope in wanted.scopes],
        has_all_log_hosts=wanted.has_all_log_hosts,
        made_at=at,
        expires_at=at + timedelta(days=wanted.days),
    )
    token.log_hosts.set(() if wanted.has_all_log_hosts else wanted.log_hosts)
    return token, text


def revoke(token: ApiToken, *, by: User, at: datetime) -> bool:
    """From the next call on it holds no more. Says whether it held until now."""
    found = ApiToken.objects.filter(pk=token.pk, revoked_at=None, expires_at__gt=at)
    return found.update(revoked_at=at, revoked_by=by) == 1


def called(text: str, visitor: Visitor, *, now: datetime) -> Caller:
    """Who calls with a token, counted. Raises NoToken, TooManyGuesses, NoSecondFactor and TooManyCalls."""
    refuse_guesser(visitor, now)
    caller = _caller(text, now)
    if caller is None:
        remember(visitor, None, now)
        raise NoToken
    _count(caller.token, visitor, now)
    if is_second_factor_demanded(caller.user) and not second_factors(caller.user).exists():
        raise NoSecondFactor
    return caller


def _caller(text: str, now: datetime) -> Caller | None:
    if not is_token(text):
        return None
    token = ApiToken.objects.filter(token_digest=digest_of(text)).first()
    if token is None or not token.is_open(now):
        return None
    user = with_access(User.objects.filter(pk=token.owner_id)).first()
    if user is None or not may(user, Permission.READ):
        return None
    return Caller(token, user, readable_by(token, user))


def readable_by(token: ApiToken, owner: User) -> Granted:
    """What a token reads now: of what it was made for, as much as its owner may read."""
    granted = granted_to(owner)
    if token.has_all_log_hosts:
        return granted
    through = ApiToken.log_hosts.through._default_manager.filter(apitoken_id=token.pk)
    chosen = frozenset(through.values_list("loghost_id", flat=True))
    return Granted(frozenset(one for one in chosen if granted.holds(one)))


def _count(token: ApiToken, visitor: Visitor, now: datetime) -> None:
    """One more call of this minute. Raises TooManyCalls."""
    minute, address = now.replace(second=0, microsecond=0), visitor.address
    row = ApiToken.objects.filter(pk=token.pk)
    prefix = 0 if address is None else 24 if address.version == 4 else 48
    row.update(
        calls=Case(When(minute=minute, then=F("calls") + 1), default=1),
        minute=minute,
        last_used_at=minute.replace(minute=0),
        last_network=str(network_of(address, v4=24, v6=48)) if address else None,
        last_prefix=prefix,
    )
    calls = row.values_list("calls", flat=True).get()
    if calls > settings.MAILWATCH_API_PER_MINUTE:
        raise TooManyCalls(max(1, 60 - now.second))
