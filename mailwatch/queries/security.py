"""How somebody's own account is kept safe, as its page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    pk: int
    name: str
    added_at: datetime
    used_at: datetime | None
    is_enough: bool  # without a password


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """A browser in which somebody is signed in."""

    pk: int
    address: str
    browser: str  # as it names itself
    since: datetime
    seen_at: datetime  # to five minutes
    is_this: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    has_password: bool
    has_app: bool
    passkeys: Sequence[Passkey]
    recovery_codes_left: int | None  # None: none were made
    sessions: Sequence[SessionView]

    @property
    def has_second_factor(self) -> bool:
        return self.has_app or bool(self.passkeys)


def security(user: User, *, session_key: str | None) -> Security:
    kept = list(Authenticator.objects.filter(user=user).order_by("pk"))
    codes = next((one for one in kept if one.type == Authenticator.Type.RECOVERY_CODES), None)
    return Security(
        has_password=user.has_usable_password(),
        has_app=any(one.type == Authenticator.Type.TOTP for one in kept),
        passkeys=[_passkey(one) for one in kept if one.type == Authenticator.Type.WEBAUTHN],
        recovery_codes_left=len(codes.wrap().get_unused_codes()) if codes else None,
        sessions=sessions(user, session_key=session_key),
    )


def sessions(user: User, *, session_key: str | None) -> list[SessionView]:
    """Those that hold; this one first, then by their last use."""
    kept = UserSession.objects.purge_and_list(user)
    found = [
        SessionView(
            pk=one.pk,
            address=one.ip,
            browser=one.user_agent,
            since=one.created_at,
            seen_at=one.last_seen_at,
            is_this=one.session_key == session_key,
        )
        for one in kept
    ]
    return sorted(found, key=lambda one: (one.is_this, one.seen_at), reverse=True)


def _passkey(kept: Authenticator) -> Passkey:
    wrapped = kept.wrap()
    return Passkey(
        pk=kept.pk,
        name=wrapped.name,
        added_at=kept.created_at,
        used_at=kept.last_used_at,
        is_enough=bool(wrapped.is_passwordless),
    )
