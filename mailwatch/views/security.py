"""How one's own account is kept safe: password, second factor, passkeys, and the browsers that are signed in."""

from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from mailwatch.access import Permission, needs
from mailwatch.queries import security as queries
from mailwatch.sign_in import is_second_factor_demanded
from mailwatch.views.people import person


@needs(Permission.READ)
@require_safe
@never_cache
def security(request: HttpRequest) -> HttpResponse:
    user = person(request)
    view = queries.security(user, session_key=request.session.session_key)
    context = {
        "view": view,
        "is_demanded": is_second_factor_demanded(user) and not view.has_second_factor,
        "identity_provider": settings.MAILWATCH_OIDC_NAME if settings.MAILWATCH_OIDC_ISSUER else "",
        "is_connected": SocialAccount.objects.filter(user=user).exists(),
    }
    return render(request, "security/security.html", context)


@needs(Permission.READ)
@require_POST
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """Sign one browser out: what it asks for next leads to the sign-in."""
    found = UserSession.objects.filter(user=person(request), pk=session_id).first()
    if found is None:
        raise Http404
    is_this = found.session_key == request.session.session_key
    found.end()
    if is_this:
        request.session.flush()
        return redirect("account_login")
    messages.success(request, gettext("That browser is signed out."))
    return redirect("mfa_index")


@needs(Permission.READ)
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    others = UserSession.objects.filter(user=person(request)).exclude(session_key=request.session.session_key)
    for one in others:
        one.end()
    messages.success(request, gettext("All other browsers are signed out."))
    return redirect("mfa_index")
