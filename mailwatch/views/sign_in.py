"""Getting in: django-allauth's views, each with what it needs. Their pages are ours (templates/account, mfa)."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account import views as account
from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.socialaccount import views as identity
from allauth.socialaccount.providers.openid_connect import views as openid
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout as sign_out
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from mailwatch.access import Permission, needs, open_to_strangers
from mailwatch.sign_in import SecondFactorAdapter, second_factors
from mailwatch.views.people import person

type View = Callable[..., HttpResponseBase]


def _strangers(view: View) -> View:
    return open_to_strangers(login_not_required(never_cache(view)))


def _own(view: View) -> View:
    return needs(Permission.READ)(never_cache(view))


def _where_mail_is_set(view: View) -> View:
    @wraps(view)
    def wrapped(request: HttpRequest, **named: Any) -> HttpResponseBase:
        if not (settings.MAIL_SERVER and settings.MAILWATCH_URL):
            raise Http404
        return view(request, **named)

    return wrapped


def _with_password(view: View) -> View:
    """Whoever comes by an identity provider has none here."""

    @wraps(view)
    def wrapped(request: HttpRequest) -> HttpResponseBase:
        if not person(request).has_usable_password():
            raise Http404
        return view(request)

    return wrapped


class _Login(account.LoginView):  # type: ignore[misc]
    def get_context_data(self, **named: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**named)
        return {
            **context,
            "identity_provider": settings.MAILWATCH_OIDC_NAME if settings.MAILWATCH_OIDC_ISSUER else "",
            "has_reset": bool(settings.MAIL_SERVER and settings.MAILWATCH_URL),
        }


login = _strangers(_Login.as_view())


@needs(Permission.READ)
@require_POST
@never_cache
def logout(request: HttpRequest) -> HttpResponse:
    """The session is over on the server, for each window that has it; pages that the browser kept are thrown away."""
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    sign_out(request)
    answer = redirect("account_login")
    answer["Clear-Site-Data"] = '"cache"'
    return answer


inactive = _strangers(account.account_inactive)
passkey_login = _strangers(webauthn.login_webauthn)
second_factor = _strangers(mfa.authenticate)

reset = _strangers(_where_mail_is_set(account.password_reset))
reset_sent = _strangers(_where_mail_is_set(account.password_reset_done))
reset_from_key = _strangers(_where_mail_is_set(account.password_reset_from_key))
reset_done = _strangers(_where_mail_is_set(account.password_reset_from_key_done))

confirm = _own(account.reauthenticate)
confirm_by_code = _own(mfa.reauthenticate)
confirm_by_passkey = _own(webauthn.reauthenticate_webauthn)
password = _own(_with_password(account.password_change))
add_app = _own(totp.activate_totp)
remove_app = _own(totp.deactivate_totp)
recovery_codes = _own(recovery.view_recovery_codes)
new_recovery_codes = _own(recovery.generate_recovery_codes)
add_passkey = _own(webauthn.add_webauthn)


@_own
def remove_passkey(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Not the last second factor of somebody who must have one."""
    found = second_factors(person(request)).filter(pk=pk).first()
    if found is not None and not SecondFactorAdapter().can_delete_authenticator(found):
        messages.error(request, gettext("Your role must have a second factor. Add another one first."))
        return redirect("mfa_index")
    answer: HttpResponse = webauthn.remove_webauthn(request, pk=pk)
    return answer


@_strangers
def oidc(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """To the provider. To connect it with somebody who is signed in, they show once more that it is they."""
    _only_with_issuer()
    if request.GET.get("process") == "connect":
        raise_if_reauthentication_required(request, app="allauth.mfa")
    answer: HttpResponse = openid.login(request, provider_id=provider_id)
    return answer


@_strangers
def oidc_back(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """From the provider."""
    _only_with_issuer()
    answer: HttpResponse = openid.callback(request, provider_id=provider_id)
    return answer


oidc_failed = _strangers(identity.login_error)
oidc_cancelled = _strangers(identity.login_cancelled)


def _only_with_issuer() -> None:
    if not settings.MAILWATCH_OIDC_ISSUER:
        raise Http404
