"""Users: who may do what, and read which log hosts."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from mailwatch import notices, sign_in_attempts, trail
from mailwatch.access import MAY, WORDS, Permission, granted_to, needs
from mailwatch.client_address import client_address
from mailwatch.operations import users as operations
from mailwatch.printable import plain
from mailwatch.queries import users as queries
from mailwatch.user_forms import AccessForm, InviteForm, NewUserForm
from mailwatch.views.confirmed import confirmed
from mailwatch.views.people import person

REFUSED = 422


@needs(Permission.USERS)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@confirmed(Permission.USERS)
def users(request: HttpRequest) -> HttpResponse:
    """All of them, and a new one, whose password is shown once."""
    giver = granted_to(request.user)
    if request.method != "POST":
        return user_list(request, NewUserForm(giver=giver))
    form = NewUserForm(request.POST, giver=giver)
    if not form.is_valid():
        return user_list(request, form, status=REFUSED)
    names = {"username": form.cleaned_data["username"], "email": form.cleaned_data["email"]}
    try:
        user, password = operations.add(**names, wanted=form.wanted, giver=giver)
    except operations.NotChanged as error:
        form.add_error(None, str(error))
        return user_list(request, form, status=REFUSED)
    return user_list(request, NewUserForm(giver=giver), told=user.get_username(), password=password)


def user_list(request: HttpRequest, form: NewUserForm, *, status: int = 200, **more: object) -> HttpResponse:
    """The page of all users, with what was just made or is wrong."""
    giver = granted_to(request.user)
    context = {
        "form": form,
        "invite_form": InviteForm(giver=giver, prefix="invite"),
        "rows": queries.listed(person(request)),
        "invitations": queries.invited(person(request), at=now()),
        "roles": _roles(),
        **more,
    }
    return render(request, "users/users.html", context, status=status)


def _roles() -> list[tuple[str, list[object]]]:
    """What each role may besides those before it."""
    told: list[tuple[str, list[object]]] = []
    before: frozenset[Permission] = frozenset()
    for role, permissions in MAY.items():
        told.append((str(role.label), [WORDS[one] for one in Permission if one in permissions - before]))
        before = permissions
    return told


@needs(Permission.USERS)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@confirmed(Permission.USERS)
def user(request: HttpRequest, user_id: int) -> HttpResponse:
    """One of them, and the change of role and log hosts."""
    view = _view(request, user_id)
    giver = granted_to(request.user)
    if request.method != "POST":
        return _page(request, view, AccessForm(giver=giver, initial=AccessForm.of(view.user)))
    form = AccessForm(request.POST, giver=giver)
    if form.is_valid():
        try:
            operations.change(view.user, wanted=form.wanted, giver=giver)
        except operations.NotChanged as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, gettext("Changed."))
            return redirect("users")
    return _page(request, view, form, status=REFUSED)


@needs(Permission.USERS)
@require_POST
@confirmed(Permission.USERS)
def activate_user(request: HttpRequest, user_id: int) -> HttpResponse:
    """With ``active`` yes or no."""
    view = _view(request, user_id)
    is_active = request.POST.get("active") == "yes"
    name = plain(view.user.get_username())
    try:
        operations.activate(view.user, is_active=is_active)
    except operations.NotChanged as error:
        messages.error(request, str(error))
        trail.tell_nothing_done()
        return redirect("user", user_id=user_id)
    said = gettext("{name} can sign in again.") if is_active else gettext("{name} can no longer sign in.")
    messages.success(request, said.replace("{name}", name))
    return redirect("users")


@needs(Permission.USERS)
@require_POST
@never_cache
@confirmed(Permission.USERS)
def reset_password(request: HttpRequest, user_id: int) -> HttpResponse:
    """A new password, shown once."""
    view = _view(request, user_id)
    password = operations.reset_password(view.user)
    _tell(request, view, notices.PASSWORD_BY_ADMINISTRATOR)
    form = AccessForm(giver=granted_to(request.user), initial=AccessForm.of(view.user))
    return _page(request, view, form, told=view.user.get_username(), password=password)


@needs(Permission.USERS)
@require_POST
@confirmed(Permission.USERS)
def remove_second_factors(request: HttpRequest, user_id: int) -> HttpResponse:
    """For somebody who has lost theirs."""
    view = _view(request, user_id)
    operations.remove_second_factors(view.user)
    _tell(request, view, notices.FACTORS_BY_ADMINISTRATOR)
    said = gettext("{name} signs in with the password alone.")
    messages.success(request, said.replace("{name}", plain(view.user.get_username())))
    return redirect("user", user_id=user_id)


@needs(Permission.USERS)
@require_POST
@confirmed(Permission.USERS)
def unlock_user(request: HttpRequest, user_id: int) -> HttpResponse:
    """For somebody who typed something wrong too often, or for whom somebody else did."""
    view = _view(request, user_id)
    sign_in_attempts.unlock(view.user)
    trail.tell(subject=view.user.get_username())
    said = gettext("{name} can try again at once.")
    messages.success(request, said.replace("{name}", plain(view.user.get_username())))
    return redirect("user", user_id=user_id)


def _tell(request: HttpRequest, view: queries.UserView, what: object) -> None:
    notices.tell(view.user, what, address=str(client_address(request) or ""), at=now())


def _view(request: HttpRequest, user_id: int) -> queries.UserView:
    view = queries.one(person(request), user_id)
    if view is None:
        raise Http404
    return view


def _page(
    request: HttpRequest, view: queries.UserView, form: AccessForm, *, status: int = 200, **more: object
) -> HttpResponse:
    context = {
        "view": view,
        "form": form,
        "roles": _roles(),
        "has_second_factor": queries.has_second_factor(view.user),
        "locked_until": sign_in_attempts.locked_until(view.user, at=now()),
        **more,
    }
    return render(request, "users/user.html", context, status=status)
