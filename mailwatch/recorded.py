"""What the audit trail records of each address of ``mailwatch.urls``, or why nothing (docs/decisions/0026).

Passwords, keys and the contents of logs never stand in the trail: ``fields`` names what is kept of a form.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mailwatch.models import TrailKind


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
