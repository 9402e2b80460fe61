"""Changes that are taken only from somebody who has shown lately that it is they."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from mailwatch import trail
from mailwatch.access import Permission
from mailwatch.views.people import person, require


def confirmed[**More, Answer: HttpResponseBase](
    permission: Permission,
) -> Callable[
    [Callable[Concatenate[HttpRequest, More], Answer]], Callable[Concatenate[HttpRequest, More], Answer]
]:
    """What is sent waits until its sender has typed the password, a code, or used a passkey.

    It holds for MAILWATCH_CONFIRM_MINUTES, and so does a sign-in. What waited may be sent by somebody who has lost the
    ``permission`` meanwhile, so it is asked for here too.
    """

    def declared(
        view: Callable[Concatenate[HttpRequest, More], Answer],
    ) -> Callable[Concatenate[HttpRequest, More], Answer]:
        @wraps(view)
        def wrapped(request: HttpRequest, /, *more: More.args, **named: More.kwargs) -> Answer:
            if request.method == "POST":
                if not was_shown_lately(request):
                    trail.tell_nothing_done()
                    raise ReauthenticationRequired
                trail.tell_page(view.__name__)
                require(request, permission)
            return view(request, *more, **named)

        return wrapped

    return declared


def was_shown_lately(request: HttpRequest) -> bool:
    """Whoever has neither password nor second factor here cannot show it: their identity provider did."""
    user = person(request)
    since = time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    if any(record["at"] > since for record in get_authentication_records(request, user)):
        return True
    return not get_reauthentication_flows(user)
