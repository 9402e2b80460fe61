"""People with a session each, made in the home for the time of a measurement.

They are signed in already, as most people are who come: to check a password takes most of a second on purpose, and
would be what is measured.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from ingest.models import LogHost
from mailwatch.models import Access, Role, SharedReport, Upload

_NAME = "load-{:02}"
_LIMITED = 5  # one person in so many sees a single log host


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody, and the value of the cookie that says so."""

    user: User
    session: str


@contextmanager
def signed_in(count: int, *, limited: int) -> Iterator[list[SignedIn]]:
    """So many of the helpdesk; their names are gone afterwards, with all that is theirs but the runs.

    Every fifth of the first ``limited`` sees a single log host.
    """
    names = [_NAME.format(number) for number in range(count)]
    _forget(names)  # of a measurement that was cut short
    first = LogHost.objects.order_by("pk").first()
    try:
        yield [
            _sign_in(name, only=first if number < limited and number % _LIMITED == _LIMITED - 1 else None)
            for number, name in enumerate(names)
        ]
    finally:
        _forget(names)


def _sign_in(name: str, *, only: LogHost | None) -> SignedIn:
    user = User.objects.create(username=name)
    kept, _ = Access.objects.update_or_create(
        user=user, defaults={"role": Role.HELPDESK, "has_all_log_hosts": only is None}
    )
    kept.log_hosts.set([only] if only else [])
    client = Client()
    client.force_login(user)
    return SignedIn(user, client.cookies[settings.SESSION_COOKIE_NAME].value)


def _forget(names: list[str]) -> None:
    users = User.objects.filter(username__in=names)
    SharedReport.objects.filter(made_by__in=users).delete()
    Upload.objects.filter(owner__in=users).delete()
    users.delete()
