"""How people are signed in: what django-allauth leaves to us, and what holds for whoever is signed in.

No answer tells a stranger whether somebody has an account: the same sentence for each name, locked or not.
"""

import logging
from base64 import b32encode
from collections.abc import Callable, Mapping
from datetime import timedelta
from secrets import token_bytes
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.userkit import filter_users_by_email
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from ingest.sealing import Unsealable, seal, unseal
from mailwatch import notices, sign_in_attempts
from mailwatch.access import Needs, needed_by, role_of
from mailwatch.client_address import client_address
from mailwatch.models import Access, Role

_log = logging.getLogger(__name__)
SEEN = "seen_at"  # in a session: when it was last written down, seconds
_SEEN_EVERY = timedelta(minutes=5)

_MISMATCH = _("User name and password do not match.")
_TOO_MANY = _("Too many attempts have failed. Wait a quarter of an hour, then try again.")
_NO_SUCH_CODE = _("This code is not right, or it is too old or was used.")
_TOLD: Mapping[str, Any] = {
    "account/messages/password_changed.txt": _("The password was changed."),
    "account/messages/password_set.txt": _("The password was set."),
    "mfa/messages/totp_activated.txt": _("The codes of your app are asked for from now on."),
    "mfa/messages/totp_deactivated.txt": _("The codes of your app are no longer asked for."),
    "mfa/messages/webauthn_added.txt": _("The passkey was added."),
    "mfa/messages/webauthn_removed.txt": _("The passkey was removed."),
    "mfa/messages/recovery_codes_generated.txt": _("New recovery codes were made. The old ones are void."),
    "socialaccount/messages/account_connected.txt": _("Connected."),
    "socialaccount/messages/account_connected_other.txt": _("That account is connected to somebody else."),
}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Names, passwords and mails. Nobody signs up; people are invited (mailwatch.operations.invitations)."""

    error_messages: Mapping[str, Any] = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _MISMATCH,
        "email_password_mismatch": _MISMATCH,
        "too_many_login_attempts": _TOO_MANY,
        "enter_current_password": _("This is not your password."),
        "incorrect_password": _("This is not your password."),
        "incorrect_code": _NO_SUCH_CODE,
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """As the whole of Mailwatch sees it. Raises PermissionDenied where the web server does not say."""
        address = client_address(request)
        if address is None:
            raise PermissionDenied
        return str(address)

    def add_message(self, request: HttpRequest, level: int, template: str = "", *_: Any, **more: Any) -> None:
        """In our words; what has none here need not be said."""
        said = more.get("message") or _TOLD.get(more.get("message_template") or template)
        if said:
            messages.add_message(request, level, str(said))

    def format_email_subject(self, subject: str) -> str:
        return subject

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("mfa_index")

    def get_reset_password_from_key_url(self, key: str) -> str:
        """At the address where people reach the pages, whatever host was asked for the mail."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return f"{settings.MAILWATCH_URL}{path.replace('UID-KEY', key)}"

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        """Whoever has no password here gets none by mail: their identity provider knows them."""
        if user.is_active and user.has_usable_password():
            super().send_password_reset_mail(user, email, context)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        notices.send_beside(lambda: self.render_mail(template_prefix, email, context))

    def send_notification_mail(self, template_prefix: str, user: User, *_: Any, **__: Any) -> None:
        """What somebody changed of their own account; who did it with a stolen session stays no secret."""
        if template_prefix in notices.CHANGED:
            address = self.get_client_ip(self.request)
            notices.tell(user, notices.CHANGED[template_prefix], address=address, at=now())

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """By address of its own: allauth forgets what failed by name when a code was right, not this."""
        self._by_address = sign_in_attempts.count_by_address(request)
        if self._by_address is None:
            raise self.validation_error("too_many_login_attempts")
        super().pre_authenticate(request, **credentials)

    def _rollback_login_failed_rl_usage(self) -> None:
        super()._rollback_login_failed_rl_usage()
        if self._by_address:
            self._by_address.rollback()

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        return sign_in_attempts.name_key(credentials.get("email", credentials.get("username", "")))


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Codes and passkeys; their secrets are sealed at rest."""

    error_messages: Mapping[str, Any] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _NO_SUCH_CODE,
        "cannot_delete_authenticator": _("Your role must have a second factor. Add another one first."),
    }

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """What was sealed with another key becomes a secret that nobody has: no code fits it."""
        try:
            return unseal(encrypted_text)
        except Unsealable:
            return b32encode(token_bytes(20)).decode()

    def get_totp_label(self, user: User) -> str:
        return str(user.get_username())

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Not the last one of somebody who must have one."""
        others = second_factors(authenticator.user).exclude(pk=authenticator.pk)
        return not is_second_factor_demanded(authenticator.user) or others.exists()


class IdentityAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """People whom an OpenID Connect provider vouches for."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return True

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Who has a user here already connects it once signed in: a claimed mail address alone proves nothing."""
        if sociallogin.state.get("process") == "connect":
            return
        if sociallogin.is_existing:
            _follow(sociallogin.user, sociallogin.account.extra_data)
            return
        addresses = [one.email for one in sociallogin.email_addresses]
        if any(filter_users_by_email(address) for address in addresses):
            raise ImmediateHttpResponse(redirect("socialaccount_login_error"))

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        user: User = super().save_user(request, sociallogin, form)
        role = role_from(sociallogin.account.extra_data)
        if role is not None:
            _become(user, role)
        return user

    def get_connect_redirect_url(self, request: HttpRequest, socialaccount: Any) -> str:
        return reverse("mfa_index")

    def on_authentication_error(self, request: HttpRequest, provider: Any, *_: Any, **more: Any) -> None:
        _log.warning(
            "sign-in by OpenID Connect failed: %s %s", more.get("error"), more.get("exception") or ""
        )


def _follow(user: User, claims: Mapping[str, Any]) -> None:
    """The role of today, where a claim is named for it; who is in no group any more reads nothing.

    Whoever has a password here was given their role here, and keeps it.
    """
    if not settings.MAILWATCH_OIDC_FOLLOWS or user.has_usable_password():
        return
    role = role_from(claims)
    if role is not None:
        _become(user, role)
    else:
        Access.objects.filter(user=user).delete()
        _mark(user, is_administrator=False)


def _become(user: User, role: Role) -> None:
    """Log hosts stay as they were granted."""
    all_hosts = settings.MAILWATCH_OIDC_ALL_LOG_HOSTS
    Access.objects.update_or_create(
        user=user,
        defaults={"role": role},
        create_defaults={"role": role, "has_all_log_hosts": all_hosts},
    )
    _mark(user, is_administrator=role == Role.ADMINISTRATOR)


def _mark(user: User, *, is_administrator: bool) -> None:
    user.is_superuser = user.is_staff = is_administrator
    user.save(update_fields=["is_superuser", "is_staff"])


def role_from(claims: Mapping[str, Any]) -> Role | None:
    """Of somebody new: the highest role that a claim gives them, else that of the setting; None: none."""
    said = {**(claims.get("id_token") or {}), **(claims.get("userinfo") or claims)}
    values = said.get(settings.MAILWATCH_OIDC_CLAIM, [])
    values = values if isinstance(values, list) else [values]
    given = {settings.MAILWATCH_OIDC_ROLES.get(str(value)) for value in values}
    if by_claim := [role for role in Role if role.value in given]:
        return by_claim[-1]
    return Role(settings.MAILWATCH_OIDC_ROLE) if settings.MAILWATCH_OIDC_ROLE else None


def second_factors(user: User) -> Any:
    """Apps for codes and passkeys of somebody; recovery codes alone are none."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return Authenticator.objects.filter(user_id=user.pk, type__in=kinds)


def is_second_factor_demanded(user: User) -> bool:
    return role_of(user) in settings.MAILWATCH_SECOND_FACTOR


# What somebody needs to get their second factor, and to leave.
_WITHOUT_SECOND_FACTOR = frozenset(
    {
        "mfa_index",
        "mfa_list_webauthn",
        "mfa_activate_totp",
        "mfa_add_webauthn",
        "mfa_view_recovery_codes",
        "account_reauthenticate",
        "account_change_password",
        "logout",
        "times",
    }
)


class SignedInMiddleware:
    """Whoever must have a second factor gets one before anything else. Sessions know when they were last used."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._answer(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., object], *_: object
    ) -> HttpResponse | None:
        if needed_by(view) == Needs(None, None) or not isinstance(request.user, User):
            return None
        _note(request)
        name = request.resolver_match.url_name if request.resolver_match else None
        if name in _WITHOUT_SECOND_FACTOR or not is_second_factor_demanded(request.user):
            return None
        return None if second_factors(request.user).exists() else redirect("mfa_index")


def _note(request: HttpRequest) -> None:
    at = now()
    if at.timestamp() - request.session.get(SEEN, 0) < _SEEN_EVERY.total_seconds():
        return
    request.session[SEEN] = at.timestamp()
    address = client_address(request)
    sessions = UserSession.objects.filter(session_key=request.session.session_key)
    sessions.update(last_seen_at=at, **({"ip": str(address)} if address else {}))
