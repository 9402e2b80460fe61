"""Who did what, newest first: all of it for administrators, for others what they did themselves."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from ingest.models import LogHost
from mailwatch.access import Permission, may
from mailwatch.models import TrailEntry
from mailwatch.queries import keyset

ROWS = 100
_ORDER = ("at", "id")
# What an entry calls the address that somebody asked for.
PAGES: Mapping[str, Any] = {
    "search": _("search"),
    "save_search": _("saved search"),
    "remove_saved_search": _("saved search"),
    "message": _("message"),
    "rejection": _("rejection"),
    "sender": _("sender host"),
    "abuse_report": _("abuse report"),
    "abuse_contact": _("abuse contact"),
    "network": _("network"),
    "account": _("account"),
    "address": _("address"),
    "domain": _("domain"),
    "transport": _("transport"),
    "remote_host": _("remote host"),
    "relays": _("report on relays"),
    "daily_recipients": _("recipients of daily reports"),
    "daily": _("daily report"),
    "configuration": _("configuration"),
    "drop_configuration": _("configuration removed"),
    "uploads": _("upload"),
    "finish_uploads": _("upload"),
    "cancel_run": _("run cancelled"),
    "retry_run": _("run retried"),
    "undo_run": _("run undone"),
    "sources": _("new source"),
    "source": _("source"),
    "sync_source": _("source read"),
    "pause_source": _("source paused or resumed"),
    "read_source_again": _("source read again"),
    "ask_host_key": _("host key asked for"),
    "confirm_host_key": _("host key confirmed"),
    "remove_source": _("source removed"),
    "log_host": _("log host"),
    "known_accounts": _("known accounts"),
    "forget_accounts": _("known accounts given up"),
    "limits": _("thresholds"),
    "allow": _("allowed"),
    "withdraw": _("no longer allowed"),
    "zones": _("time zone"),
    "share": _("new link"),
    "opened_share": _("openings of a link"),
    "frozen_copy": _("frozen copy"),
    "switch_sharing": _("all links"),
    "revoke": _("link withdrawn"),
    "shared": _("link"),
    "account_reset_password_from_key": _("password by mail"),
    "invitation": _("invitation taken"),
    "account_change_password": _("password"),
    "mfa_activate_totp": _("app for codes added"),
    "mfa_deactivate_totp": _("app for codes removed"),
    "mfa_generate_recovery_codes": _("recovery codes"),
    "mfa_add_webauthn": _("passkey added"),
    "mfa_remove_webauthn": _("passkey removed"),
    "end_session": _("session ended"),
    "end_other_sessions": _("sessions ended"),
    "users": _("new user"),
    "user": _("role and log hosts"),
    "activate_user": _("may sign in, or not"),
    "invite": _("new invitation"),
    "withdraw_invitation": _("invitation withdrawn"),
    "remove_second_factors": _("second factors removed"),
    "reset_password": _("new password"),
    "unlock_user": _("sign-in unlocked"),
    "trail": _("audit trail"),
    "webhooks": _("new webhook"),
    "test_webhook": _("webhook tried"),
    "switch_webhook": _("webhook switched"),
    "new_webhook_secret": _("new secret of a webhook"),
    "remove_webhook": _("webhook removed"),
    "retry_delivery": _("alert sent again"),
    "open_incident": _("new incident"),
    "add_evidence": _("evidence added"),
    "incident": _("incident"),
    "change_incident": _("incident changed"),
    "write_note": _("note written"),
    "remove_note": _("note removed"),
    "remove_evidence": _("evidence removed"),
    "incident_report": _("report of an incident"),
    "account_login": "",
    "logout": "",
}
_AT_ONCE = 2_000  # rows of an export that are fetched together


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose entries, and which of them. Empty: all. ``until`` itself is not in it."""

    reader: User
    username: str = ""
    kind: str = ""
    about: str = ""  # a mail address, or how a subject begins
    log_host: LogHost | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class TrailRow:
    """An entry as the page shows it."""

    entry: TrailEntry
    page: str
    log_hosts: str  # names; "": all
    changes: tuple[tuple[str, str, str], ...]  # name, before, after
    details: tuple[tuple[str, str], ...]


def sees_all(reader: User) -> bool:
    return may(reader, Permission.USERS)


def listed(asked: Asked, *, before: str = "") -> keyset.Page[TrailRow]:
    """A page of entries, or of those older than the cursor ``before``."""
    after = keyset.decode(before, shapes=((datetime, int),)) if before else None
    rows = keyset.newest_first(_entries(asked), fields=_ORDER, after=after[0] if after else None)
    found = list(rows[: ROWS + 1])
    shown = found[:ROWS]
    older = keyset.encode((shown[-1].at, shown[-1].pk)) if len(found) > ROWS else ""
    names = _names()
    return keyset.Page(rows=tuple(row(entry, names) for entry in shown), older=older)


def every(asked: Asked) -> Iterator[TrailRow]:
    """All of them, newest first, fetched some at a time."""
    names = _names()
    after: keyset.Key | None = None
    while True:
        found = list(keyset.newest_first(_entries(asked), fields=_ORDER, after=after)[:_AT_ONCE])
        yield from (row(entry, names) for entry in found)
        if len(found) < _AT_ONCE:
            return
        after = found[-1].at, found[-1].pk


def _entries(asked: Asked) -> QuerySet[TrailEntry]:
    rows = TrailEntry.objects.all()
    if not sees_all(asked.reader):
        rows = rows.filter(user_id=asked.reader.pk)
    if asked.username:
        rows = rows.filter(_by(asked.username))
    if asked.kind:
        rows = rows.filter(kind=asked.kind)
    if asked.about:
        rows = rows.filter(Q(whose__contains=[asked.about.lower()]) | Q(subject__startswith=asked.about))
    if asked.log_host:
        rows = rows.filter(Q(log_host_ids__contains=[asked.log_host.pk]) | Q(log_host_ids=None))
    if asked.since:
        rows = rows.filter(at__gte=asked.since)
    if asked.until:
        rows = rows.filter(at__lt=asked.until)
    return rows


def _by(username: str) -> Q:
    """By the user's number, which has an index; only somebody who is gone is found by name."""
    ids = list(User.objects.filter(username__iexact=username).values_list("pk", flat=True))
    return Q(user_id__in=ids) if ids else Q(username=username)


def _names() -> dict[int, str]:
    return dict(LogHost.objects.values_list("pk", "name"))


def row(entry: TrailEntry, names: dict[int, str]) -> TrailRow:
    hosts = sorted(names[one] for one in entry.log_host_ids or () if one in names)
    changes, details = [], []
    for name, value in entry.details.items():
        if isinstance(value, list) and len(value) == 2:
            changes.append((name, _text(value[0]), _text(value[1])))
        else:
            details.append((name, _text(value)))
    return TrailRow(
        entry, str(PAGES.get(entry.page, entry.page)), ", ".join(hosts), tuple(changes), tuple(details)
    )


def _text(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
