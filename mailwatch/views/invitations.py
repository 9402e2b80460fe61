"""Invitations: made and withdrawn by administrators, taken by whoever has the link."""

from allauth.decorators import rate_limit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from mailwatch.access import Permission, granted_to, needs, open_to_strangers
from mailwatch.models import Invitation
from mailwatch.operations import invitations as operations
from mailwatch.operations.users import NotChanged
from mailwatch.printable import plain
from mailwatch.sign_in_forms import JoinForm
from mailwatch.user_forms import InviteForm, NewUserForm
from mailwatch.views.confirmed import confirmed
from mailwatch.views.people import person
from mailwatch.views.users import REFUSED, user_list


@needs(Permission.USERS)
@require_POST
@never_cache
@confirmed(Permission.USERS)
def invite(request: HttpRequest) -> HttpResponse:
    """The link goes out by mail, or is shown once."""
    giver = granted_to(request.user)
    form = InviteForm(request.POST, giver=giver, prefix="invite")
    adding = NewUserForm(giver=giver)
    if not form.is_valid():
        return user_list(request, adding, invite_form=form, status=REFUSED)
    email = form.cleaned_data["email"]
    try:
        invitation, token = operations.invite(
            by=person(request), email=email, wanted=form.wanted, giver=giver, at=now()
        )
    except NotChanged as error:
        form.add_error(None, str(error))
        return user_list(request, adding, invite_form=form, status=REFUSED)
    path = reverse("invitation", args=[token])
    link = f"{settings.MAILWATCH_URL}{path}" if settings.MAILWATCH_URL else request.build_absolute_uri(path)
    if operations.send(invitation, link):
        said = gettext("The invitation went out to {address}.")
        messages.success(request, said.replace("{address}", plain(email)))
        return redirect("users")
    return user_list(request, adding, link=link, invited=invitation)


@needs(Permission.USERS)
@require_POST
@confirmed(Permission.USERS)
def withdraw_invitation(request: HttpRequest, invitation_id: int) -> HttpResponse:
    invitation = Invitation.objects.filter(pk=invitation_id).first()
    if invitation is None or not operations.is_seen(granted_to(request.user), invitation):
        raise Http404
    operations.withdraw(invitation, at=now())
    messages.success(request, gettext("The invitation no longer holds."))
    return redirect("users")


@open_to_strangers
@login_not_required
@rate_limit(action="signup")  # type: ignore[untyped-decorator]
@sensitive_post_parameters("password", "again")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponseBase:
    """Where somebody who was invited chooses name and password. A link that does not hold says no more."""
    found = operations.opened(token, at=now())
    if found is None:
        return _closed(request)
    form = JoinForm(request.POST or None, email=found.email)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        try:
            operations.join(token, username=chosen["username"], password=chosen["password"], at=now())
        except NotChanged as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, gettext("You are a user now. Sign in with what you chose."))
            return redirect("account_login")
    status = REFUSED if request.method == "POST" else 200
    return render(request, "users/join.html", {"form": form, "found": found}, status=status)


def _closed(request: HttpRequest) -> HttpResponse:
    return render(request, "users/invitation_closed.html", status=404)
