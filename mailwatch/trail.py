"""The audit trail is written: what of each address is recorded, and by whom it was asked for (docs/decisions/0026).

Every address of ``mailwatch.urls`` stands in ``RECORDED``, with what is recorded of it or why nothing is. A look is
recorded once it was answered; what is sent is answered and recorded in one transaction, so that neither is without the
other. Passwords, keys and the contents of logs never stand in the trail.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What is recorded of an address: the kind of a look, of an export, and of what is sent to it; None: nothing.

    ``names``: what it is about, by names of the address or of the form. ``whose``: those that are mail addresses.
    ``fields``: of the form, what is kept of it. ``only_redirects``: a page that answers with itself has done nothing.
    """

    look: TrailKind | None = None
    send: TrailKind | None = None
    names: tuple[str, ...] = ()
    whose: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    only_redirects: bool = False
    is_open: bool = False  # strangers do it: their entry has no user
    in_one_transaction: bool = True


@dataclass(frozen=True, slots=True)
class NotRecorded:
    """Why nothing is recorded of an address."""

    why: str


def _seen(*names: str, whose: tuple[str, ...] = ()) -> Recorded:
    return Recorded(look=TrailKind.VIEW, names=names, whose=whose)


def _set(*names: str, fields: tuple[str, ...] = ()) -> Recorded:
    return Recorded(send=TrailKind.SETTING, names=names, fields=fields)


def _people(*names: str, fields: tuple[str, ...] = ()) -> Recorded:
    return Recorded(send=TrailKind.PEOPLE, names=names, fields=fields)


def _secured() -> Recorded:
    return Recorded(send=TrailKind.SECURITY, only_redirects=True, in_one_transaction=False)


_SIGNING_IN = NotRecorded("whoever signs in, and whoever fails to, is recorded when it happens")
_COUNTS = NotRecorded("counts and findings of all, no mail of anybody that is named")
_NO_MAIL = NotRecorded("no mail is looked at")
_WORKS = NotRecorded("how the work goes on; no mail is looked at")
_OWN = NotRecorded("how somebody reads, for themselves")

RECORDED: Mapping[str, Recorded | NotRecorded] = {
    "overview": _COUNTS,
    "movers": _COUNTS,
    "search": Recorded(look=TrailKind.SEARCH, names=("q",), whose=("q",)),
    "suggestions": NotRecorded("what is chosen of them is searched for"),
    "search_columns": _OWN,
    "saved_searches": _OWN,
    "save_search": _set("name", fields=("q", "is_shared")),
    "remove_saved_search": _set("saved_id"),
    "message": _seen("log_host", "message_id"),
    "rejection": _seen("log_host", "key"),
    "sender": _seen("address"),
    "abuse_report": Recorded(look=TrailKind.EXPORT, send=TrailKind.EXPORT, names=("address",)),
    "abuse_contact": _set("address"),
    "network": _seen("network"),
    "account": _seen("authenticated_id", whose=("authenticated_id",)),
    "address": _seen("address", whose=("address",)),
    "domain": _seen("domain"),
    "transport": _seen("transport_name"),
    "remote_host": _seen("address"),
    "relays": _seen(),
    "newest_daily": NotRecorded("it leads to the day"),
    "daily_recipients": _set("log_host", fields=("address", "remove")),
    "daily": _seen("log_host", "day"),
    "explain": NotRecorded("only what is pasted is looked at"),
    "configuration": Recorded(send=TrailKind.SETTING, names=("log_host",), fields=("keep", "name")),
    "drop_configuration": _set("stored_id"),
    "rules": _COUNTS,
    "glossary": _NO_MAIL,
    # the transaction would last as long as the upload
    "uploads": Recorded(
        send=TrailKind.UPLOAD, fields=("log_host", "timezone"), only_redirects=True, in_one_transaction=False
    ),
    "begin_upload": NotRecorded("handing over what has arrived is recorded"),
    "finish_uploads": Recorded(send=TrailKind.UPLOAD, fields=("log_host", "timezone")),
    "upload_piece": NotRecorded("handing over what has arrived is recorded"),
    "discard_upload": _WORKS,
    "runs": _WORKS,
    "run": _WORKS,
    "cancel_run": Recorded(send=TrailKind.RUN, names=("run_id",)),
    "retry_run": Recorded(send=TrailKind.RUN, names=("run_id",)),
    "undo_run": Recorded(send=TrailKind.RUN, names=("run_id",)),
    "sources": _set("url", fields=("log_host", "timezone", "patterns", "every_minutes")),
    "source": _set("source_id", fields=("url", "log_host", "timezone", "patterns", "every_minutes")),
    "sync_source": Recorded(send=TrailKind.RUN, names=("source_id",)),
    "pause_source": _set("source_id", fields=("pause",)),
    "read_source_again": Recorded(send=TrailKind.RUN, names=("source_id",)),
    "ask_host_key": _set("source_id"),
    "confirm_host_key": _set("source_id", fields=("fingerprint",)),
    "remove_source": _set("source_id"),
    "log_hosts": _COUNTS,
    "log_host": Recorded(send=TrailKind.SETTING, names=("name",)),
    "known_accounts": _set("name", fields=("replace",)),
    "forget_accounts": _set("name"),
    "limits": _set("name", fields=("reset",)),
    "allow": _set("name", fields=("rule", "kind", "value", "reason", "until")),
    "withdraw": _set("name", "entry_id", fields=("undo",)),
    "zones": _set("log_host", fields=("timezone",)),
    "share": Recorded(
        send=TrailKind.SHARE,
        names=("log_host", "message_id"),
        fields=("kind", "range", "since", "until", "redaction", "days", "most_views"),
    ),
    "shares": _COUNTS,
    "opened_share": Recorded(look=TrailKind.VIEW, names=("report_id",)),
    "frozen_copy": Recorded(look=TrailKind.VIEW, names=("report_id",)),
    "switch_sharing": _set(fields=("to",)),
    "revoke": Recorded(send=TrailKind.SHARE, names=("report_id",)),
    "shared": Recorded(send=TrailKind.OPENING, is_open=True, in_one_transaction=False),
    "account_login": _SIGNING_IN,
    "mfa_login_webauthn": _SIGNING_IN,
    "mfa_authenticate": _SIGNING_IN,
    "account_inactive": _SIGNING_IN,
    "openid_connect_login": _SIGNING_IN,
    "openid_connect_callback": _SIGNING_IN,
    "socialaccount_login_error": _SIGNING_IN,
    "socialaccount_login_cancelled": _SIGNING_IN,
    "account_reset_password": NotRecorded(
        "a mail is asked for, perhaps by a stranger; the new password is recorded"
    ),
    "account_reset_password_done": _NO_MAIL,
    "account_reset_password_from_key": Recorded(
        send=TrailKind.SECURITY, only_redirects=True, is_open=True, in_one_transaction=False
    ),
    "account_reset_password_from_key_done": _NO_MAIL,
    "logout": _SIGNING_IN,
    "invitation": Recorded(
        send=TrailKind.PEOPLE,
        names=("username",),
        only_redirects=True,
        is_open=True,
        in_one_transaction=False,
    ),
    "mfa_index": _OWN,
    "account_change_password": _secured(),
    "account_reauthenticate": _SIGNING_IN,
    "mfa_reauthenticate": _SIGNING_IN,
    "mfa_reauthenticate_webauthn": _SIGNING_IN,
    "mfa_activate_totp": _secured(),
    "mfa_deactivate_totp": _secured(),
    "mfa_view_recovery_codes": _OWN,
    "mfa_generate_recovery_codes": _secured(),
    "mfa_list_webauthn": _OWN,
    "mfa_add_webauthn": _secured(),
    "mfa_remove_webauthn": _secured(),
    "end_session": Recorded(send=TrailKind.SECURITY),
    "end_other_sessions": Recorded(send=TrailKind.SECURITY),
    "users": _people("username"),
    "user": _people("user_id"),
    "activate_user": _people("user_id", fields=("active",)),
    "invite": _people(),
    "withdraw_invitation": _people("invitation_id"),
    "remove_second_factors": _people("user_id"),
    "reset_password": _people("user_id"),
    "unlock_user": _people("user_id"),
    "trail": Recorded(look=TrailKind.VIEW),
    "alerts": _COUNTS,
    "webhooks": _set(),  # an address may hold a secret of its own
    "test_webhook": _set("webhook_id"),
    "switch_webhook": _set("webhook_id"),
    "new_webhook_secret": _set("webhook_id"),
    "remove_webhook": _set("webhook_id"),
    "retry_delivery": _set("delivery_id"),
    "alert_choice": _OWN,
    "incidents": _COUNTS,
    "open_incident": Recorded(send=TrailKind.INCIDENT, fields=("title",)),
    "add_evidence": Recorded(send=TrailKind.INCIDENT, names=("incident",)),
    "incident": _seen("incident_id"),
    "change_incident": Recorded(
        send=TrailKind.INCIDENT, names=("incident_id",), fields=("title", "status", "severity", "owner")
    ),
    "write_note": Recorded(send=TrailKind.INCIDENT, names=("incident_id",)),
    "remove_note": Recorded(send=TrailKind.INCIDENT, names=("incident_id", "note_id")),
    "remove_evidence": Recorded(send=TrailKind.INCIDENT, names=("incident_id", "evidence_id")),
    "incident_report": Recorded(
        look=TrailKind.VIEW, send=TrailKind.INCIDENT, names=("incident_id",), only_redirects=True
    ),
    "tokens": Recorded(send=TrailKind.SECURITY, names=("name",), fields=("days", "reads")),
    "revoke_token": Recorded(send=TrailKind.SECURITY, names=("token_id",)),
    "api": _NO_MAIL,
    "api_description": _NO_MAIL,
    # of whoever the token is; its name stands in the details
    "api_search": Recorded(look=TrailKind.SEARCH, names=("q",), whose=("q",)),
    "api_message": _seen("log_host", "message_id"),
    "api_sender": _seen("address"),
    "api_relays": _seen(),
    "api_runs": _WORKS,
    "api_run": _WORKS,
    "preferences": _OWN,
    "theme": _OWN,
    "times": _OWN,
    "healthz": _NO_MAIL,
    "words": _NO_MAIL,
}


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
