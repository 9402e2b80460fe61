"""Tokens of the JSON API: made by whoever wants one for themselves, shown once, revoked."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from mailwatch import trail
from mailwatch.access import Permission, needs
from mailwatch.operations import api_tokens as operations
from mailwatch.printable import plain
from mailwatch.queries import api_tokens as queries
from mailwatch.token_forms import TokenForm
from mailwatch.views.confirmed import confirmed
from mailwatch.views.people import may, person

REFUSED = 422


@needs(Permission.READ)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@confirmed(Permission.READ)
def tokens(request: HttpRequest) -> HttpResponse:
    """One's own, and a new one, which this answer shows once; for administrators those of others."""
    if request.method != "POST":
        return _page(request, TokenForm(initial={"days": settings.MAILWATCH_TOKEN_DAYS}))
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=REFUSED)
    try:
        made, text = operations.make(owner=person(request), wanted=form.wanted, at=now())
    except operations.NotMade:
        said = gettext("You have {most} tokens that hold. Revoke one first.")
        form.add_error(None, said.replace("{most}", str(operations.MOST_OPEN)))
        return _page(request, form, status=REFUSED)
    fresh = TokenForm(initial={"days": settings.MAILWATCH_TOKEN_DAYS})
    return _page(request, fresh, made=made, text=text)


@needs(Permission.READ)
@require_POST
def revoke_token(request: HttpRequest, token_id: int) -> HttpResponse:
    """One's own, or as an administrator somebody else's."""
    token = queries.one(person(request), token_id)
    if token is None:
        raise Http404
    trail.tell(subject=token.name)
    operations.revoke(token, by=person(request), at=now())
    said = gettext("The token {name} holds no more.")
    messages.success(request, said.replace("{name}", plain(token.name)))
    return redirect("tokens")


def _page(request: HttpRequest, form: TokenForm, *, status: int = 200, **more: object) -> HttpResponse:
    at, is_administrator = now(), may(request, Permission.USERS)
    context = {
        "form": form,
        "own": queries.own(person(request), at=at),
        "is_administrator": is_administrator,
        "others": queries.of_others(person(request), at=at) if is_administrator else [],
        "most_days": settings.MAILWATCH_TOKEN_MOST_DAYS,
        **more,
    }
    return render(request, "tokens/tokens.html", context, status=status)
