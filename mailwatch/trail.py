"""The audit trail is written: who asked for what, with what only the page knows (docs/decisions/0026).

``mailwatch.recorded`` says what of which address. A look is recorded once it was answered; what is sent is answered and
recorded in one transaction, so that neither is without the other.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, cast

from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import connection, transaction
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import Resolver404, resolve

from mailwatch.access import granted_to
from mailwatch.client_address import client_address
from mailwatch.models import TrailKind, TrailOutcome
from mailwatch.recorded import RECORDED, Recorded

_EXPORTS = ("csv", "json", "html", "eml", "arf", "xarf")
_LONGEST = 500  # characters of a subject
_MOST = 50  # mail addresses of one entry
_OF_THE_PAGE = (
    "after",
    "before",
    "line",
    "lane",
    "format",
    "columns",
    "sort",
    "page",
)  # not what was asked for


# ---- what only the page knows


@dataclass(slots=True)
class _Told:
    subject: str | None = None
    whose: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    log_host_ids: Sequence[int] | None = None
    has_log_hosts: bool = False
    is_undone: bool = False
    page: str = ""


_told: ContextVar[_Told | None] = ContextVar("told", default=None)


def tell(
    *, subject: str = "", whose: Sequence[str | None] = (), details: Mapping[str, object] | None = None
) -> None:
    """Say more of what is being answered: what it is about, whose mail it is (mail addresses), and details."""
    told = _told.get()
    if told is not None:
        told.subject = subject or told.subject
        told.whose.extend(one for one in whose if one and "@" in one)
        told.details.update(details or {})


def tell_log_hosts(ids: Sequence[int] | None) -> None:
    """Say which log hosts it is about; None: all."""
    told = _told.get()
    if told is not None:
        told.log_host_ids, told.has_log_hosts = ids, True


def tell_change(before: Mapping[str, object], after: Mapping[str, object]) -> None:
    """Say what a change has changed: each thing that differs, as it was and as it is."""
    changed = {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}
    tell(details=changed)


def tell_nothing_done() -> None:
    """Say that what was sent has changed nothing, although it is answered with a redirect."""
    told = _told.get()
    if told is not None:
        told.is_undone = True


def tell_page(name: str) -> None:
    """Say what page this answers for: what had waited until somebody showed who they are is sent from another one."""
    told = _told.get()
    if told is not None:
        told.page = name


# ---- written


class TrailMiddleware:
    """Records what a signed-in person asks for, and what strangers do who have a link. Behind the access."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        told = _Told()
        token = _told.set(told)
        try:
            with transaction.atomic() if self._is_together(request) else nullcontext():
                response = self._answer(request)
                if kind_and_outcome := _happened(request, response, told):
                    _record_answer(request, *kind_and_outcome, told)
                elif response.status_code >= 500 and self._is_together(request):
                    transaction.set_rollback(True)  # what failed half way is not done
        finally:
            _told.reset(token)
        return response

    def _is_together(self, request: HttpRequest) -> bool:
        """Whether what is sent is done in the transaction of its entry. The address is not resolved yet."""
        if _is_look(request):
            return False
        try:
            record = RECORDED.get(resolve(request.path_info).url_name or "")
        except Resolver404:
            return False
        return isinstance(record, Recorded) and record.send is not None and record.in_one_transaction


def _is_look(request: HttpRequest) -> bool:
    return request.method in ("GET", "HEAD", "OPTIONS")


def _happened(
    request: HttpRequest, response: HttpResponse, told: _Told
) -> tuple[TrailKind, TrailOutcome] | None:
    record = _record_of(request, told)
    if record is None:
        return None
    kind = record.look if _is_look(request) else record.send
    if kind is TrailKind.VIEW or kind is TrailKind.SEARCH:
        kind = TrailKind.EXPORT if request.GET.get("format") in _EXPORTS else kind
    somebody = isinstance(request.user, User) if not record.is_open else True
    if kind is None or not somebody:
        return None
    status = response.status_code
    if status == 403 and not record.is_open:  # a stranger could fill the trail with them
        return kind, TrailOutcome.REFUSED
    if status == 404 and _is_look(request):
        return kind, TrailOutcome.NOTHING
    is_done = status == 200 if _is_look(request) else status < 400
    if record.only_redirects:
        is_done = 300 <= status < 400
    return (kind, TrailOutcome.DONE) if is_done and not told.is_undone else None


def _record_of(request: HttpRequest, told: _Told) -> Recorded | None:
    record = RECORDED.get(_page(request, told))
    return record if isinstance(record, Recorded) else None


def _page(request: HttpRequest, told: _Told) -> str:
    match = request.resolver_match
    return told.page or (match.url_name or "" if match else "")


def _record_answer(request: HttpRequest, kind: TrailKind, outcome: TrailOutcome, told: _Told) -> None:
    record, match = _record_of(request, told), request.resolver_match
    assert record is not None and match is not None
    asked = request.GET if _is_look(request) else request.POST
    if outcome is TrailOutcome.REFUSED:
        asked = QueryDict()  # what nobody has checked may be anything
    named = {name: str(match.kwargs.get(name) or asked.get(name, "")) for name in record.names}
    details: dict[str, Any] = {name: asked[name] for name in record.fields if asked.get(name)}
    if _is_look(request):
        details |= {
            name: value
            for name, value in asked.items()
            if value and name not in record.names and name not in _OF_THE_PAGE
        }
    if kind is TrailKind.EXPORT and "format" in asked:
        details["format"] = asked["format"]
    host = match.kwargs.get("log_host") or asked.get("log_host") or ""
    host = str(match.kwargs.get("name", "")) if str(match.url_name) in _OF_LOG_HOST else host
    write(
        request,
        kind,
        outcome=outcome,
        user=None if record.is_open else cast("User", request.user),
        page=_page(request, told),
        subject=told.subject or " ".join(filter(None, named.values())),
        whose=[named[name] for name in record.whose if "@" in named[name].strip("@")] + told.whose,
        details=details | told.details,
        log_host=str(host),
        log_host_ids=told.log_host_ids if told.has_log_hosts else _read_by(request, record),
        is_once=_is_look(request),
    )


_OF_LOG_HOST = ("log_host", "known_accounts", "forget_accounts", "limits", "allow", "withdraw")


def _read_by(request: HttpRequest, record: Recorded) -> Sequence[int] | None:
    if record.is_open:  # neither session nor user is looked at
        return None
    return _readable(cast("User", request.user))


def _readable(user: User) -> Sequence[int] | None:
    ids = granted_to(user).log_hosts
    return None if ids is None else sorted(ids)


# One statement: who looks at the same again within a minute, as pages that look again do, is written once.
_WRITE = """
INSERT INTO mailwatch_trailentry
    (user_id, username, address, kind, page, outcome, subject, whose, details, log_host_ids)
SELECT
    %(user_id)s, %(username)s, %(address)s, %(kind)s, %(page)s, %(outcome)s, %(subject)s,
    %(whose)s::varchar[], %(details)s::jsonb,
    {log_host_ids}
WHERE NOT %(is_once)s OR NOT EXISTS (
    SELECT FROM mailwatch_trailentry
    WHERE user_id = %(user_id)s AND at > statement_timestamp() - interval '1 minute'
        AND kind = %(kind)s AND page = %(page)s AND outcome = %(outcome)s AND subject = %(subject)s
        AND details = %(details)s::jsonb AND address IS NOT DISTINCT FROM %(address)s::inet
)
"""


_OWN_IDS = "%(log_host_ids)s::bigint[]"
_ID_OF_NAME = f"coalesce((SELECT ARRAY[id] FROM ingest_loghost WHERE name = %(log_host)s), {_OWN_IDS})"


def write(
    request: HttpRequest | None,
    kind: TrailKind,
    *,
    page: str = "",
    outcome: TrailOutcome = TrailOutcome.DONE,
    user: User | None = None,
    subject: str = "",
    whose: Sequence[str] = (),
    details: Mapping[str, object] | None = None,
    log_host: str = "",
    log_host_ids: Sequence[int] | None = None,
    is_once: bool = False,
) -> None:
    """Write an entry of ``user``, or of somebody who is not signed in. It fails where it cannot be written."""
    address = client_address(request) if request else None
    values: dict[str, Any] = {
        "user_id": user.pk if user else 0,
        "username": user.get_username() if user else "",
        "address": str(address) if address else None,
        "kind": kind.value,
        "page": page,
        "outcome": outcome.value,
        "subject": _storable(subject)[:_LONGEST],
        "whose": [_storable(one).lower()[:320] for one in dict.fromkeys(whose)][:_MOST],
        "details": json.dumps(_short(details or {})),
        "log_host": log_host.replace("\0", ""),
        "log_host_ids": None if log_host_ids is None else list(log_host_ids),
        "is_once": is_once,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRITE.format(log_host_ids=_ID_OF_NAME if log_host else _OWN_IDS), values)


def _storable(text: str) -> str:
    """Without what PostgreSQL's text cannot hold."""
    return text.replace("\0", "").encode(errors="replace").decode()


def _short(details: Mapping[str, object]) -> dict[str, object]:
    return {
        _storable(name)[:60]: _storable(value)[:_LONGEST] if isinstance(value, str) else value
        for name, value in list(details.items())[:_MOST]
    }


# ---- who signs in


@receiver(user_logged_in)
def _signed_in(request: HttpRequest, user: User, **_: object) -> None:
    write(request, TrailKind.SIGN_IN, page="account_login", user=user, log_host_ids=_readable(user))


@receiver(user_logged_out)
def _signed_out(request: HttpRequest, user: User | None, **_: object) -> None:
    if user is not None:
        write(request, TrailKind.SIGN_OUT, page="logout", user=user, log_host_ids=_readable(user))


@receiver(user_login_failed)
def _not_signed_in(
    credentials: Mapping[str, object], request: HttpRequest | None = None, **_: object
) -> None:
    """The name only where there is such a user: people type passwords where names belong."""
    typed = str(credentials.get("username") or credentials.get("email") or "").replace("\0", "")
    user = (
        User.objects.filter(username__iexact=typed).first()
        or User.objects.filter(email__iexact=typed).first()
    )
    write(
        request,
        TrailKind.SIGN_IN,
        page="account_login",
        outcome=TrailOutcome.FAILED,
        user=user if typed else None,
        log_host_ids=_readable(user) if typed and user else None,
    )
