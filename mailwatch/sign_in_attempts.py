"""Attempts to sign in, as django-allauth counts them: who is locked, until when, and how that ends sooner."""

from collections.abc import Iterator
from datetime import UTC, datetime

from allauth.core.internal import ratelimit
from allauth.core.internal.cryptokit import normalize_user_code
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpRequest

_APP = "allauth.account"
_BY_NAME, _BY_ADDRESS = "login_failed", "login_failed_by_address"
_CODE_HOLDS = 150  # seconds, at most: a step of half a minute, the tolerance on both sides, and one to spare

type Counted = ratelimit.RateLimitUsage


def name_key(typed: str) -> str:
    """By what was typed alone: the name of the host that is asked gives no further attempts."""
    return f"sign-in:{typed.casefold()}"


def count_by_address(request: HttpRequest) -> Counted | None:
    """Count an attempt; None where the address has no more. ``rollback`` takes it back."""
    return ratelimit.consume(request, app=_APP, action=_BY_ADDRESS)


def count_code(request: HttpRequest, user: User) -> Counted | None:
    """Count a code that was typed after the password; None where there were too many."""
    return ratelimit.consume(request, app=_APP, action=_BY_NAME, key=_code_key(user))


def is_first_use(user: User, code: str) -> bool:
    """Whether a code of an app is used for the first time while it holds. Of two at once, for one."""
    used: bool = cache.add(f"code-used:{user.pk}:{normalize_user_code(code)}", True, timeout=_CODE_HOLDS)
    return used


def locked_until(user: User, *, at: datetime) -> datetime | None:
    """When somebody may try again by name, mail address and code; None: now."""
    found = [until for key, rate in _counts(user) if (until := _until(key, rate, at))]
    return max(found, default=None)


def unlock(user: User) -> None:
    """Forget what failed for somebody. Addresses that failed stay locked."""
    for key, _ in _counts(user):
        cache.delete(key)


def unlock_address(address: str) -> None:
    """Forget what failed from an IP address; of IPv6 from its /64."""
    for rate in ratelimit.get_rates(app=_APP, action=_BY_ADDRESS):
        place = ratelimit.truncate_ip(address)
        cache.delete(":".join(["allauth", "rl", _APP, _BY_ADDRESS, str(rate), "ip", place]))


def _code_key(user: User) -> str:
    return f"mfa-auth-user-{user.pk}"  # as allauth's own forms count passkeys after a password


def _counts(user: User) -> Iterator[tuple[str, ratelimit.Rate]]:
    typed = {name_key(name) for name in (user.get_username(), user.email) if name}
    for rate in ratelimit.get_rates(app=_APP, action=_BY_NAME):
        for key in (*typed, _code_key(user)):
            asked = HttpRequest()
            yield ratelimit.get_cache_key(asked, app=_APP, action=_BY_NAME, rate=rate, key=key), rate


def _until(key: str, rate: ratelimit.Rate, at: datetime) -> datetime | None:
    """The oldest attempt that still counts makes room when it is over; the newest stands first."""
    history = cache.get(key, [])
    if len(history) < rate.amount:
        return None
    until = datetime.fromtimestamp(history[rate.amount - 1] + rate.duration, UTC)
    return until if until > at else None
