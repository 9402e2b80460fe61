"""Every address of the pages: who may open it, and who may send something to it."""

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from ingest.models import AllowEntry, IngestRun, LogHost, Source, StoredConfiguration
from mailwatch.access import needed_by
from mailwatch.models import (
    Alert,
    AlertDelivery,
    Incident,
    Invitation,
    Role,
    SavedSearch,
    SharedReport,
    Webhook,
)
from tests.web.conftest import SEED, Ingested, somebody

pytestmark = pytest.mark.django_db

READER, HELPDESK, POSTMASTER, ADMINISTRATOR = Role.values
# The lowest role that may look, and the lowest that may send; "": everybody, without signing in.
NEEDED = {
    "overview": (READER, READER),
    "movers": (READER, READER),
    "search": (READER, READER),
    "suggestions": (READER, READER),
    "search_columns": (READER, READER),
    "saved_searches": (READER, READER),
    "save_search": (READER, READER),
    "remove_saved_search": (READER, READER),
    "message": (READER, READER),
    "rejection": (READER, READER),
    "sender": (READER, READER),
    "abuse_report": (HELPDESK, HELPDESK),
    "abuse_contact": (HELPDESK, HELPDESK),
    "network": (READER, READER),
    "account": (READER, READER),
    "address": (READER, READER),
    "domain": (READER, READER),
    "transport": (READER, READER),
    "remote_host": (READER, READER),
    "relays": (READER, READER),
    "newest_daily": (READER, READER),
    "daily_recipients": (POSTMASTER, POSTMASTER),
    "daily": (READER, READER),
    "explain": (READER, READER),
    "configuration": (READER, READER),  # to keep one: see below
    "drop_configuration": (POSTMASTER, POSTMASTER),
    "rules": (READER, READER),
    "glossary": (READER, READER),
    "uploads": (HELPDESK, HELPDESK),
    "begin_upload": (HELPDESK, HELPDESK),
    "finish_uploads": (HELPDESK, HELPDESK),
    "upload_piece": (HELPDESK, HELPDESK),
    "discard_upload": (HELPDESK, HELPDESK),
    "runs": (READER, READER),
    "run": (READER, READER),
    "cancel_run": (HELPDESK, POSTMASTER),  # their own: test_runs_steered
    "retry_run": (HELPDESK, POSTMASTER),
    "undo_run": (POSTMASTER, POSTMASTER),
    "sources": (READER, POSTMASTER),
    "source": (READER, POSTMASTER),
    "sync_source": (HELPDESK, HELPDESK),
    "pause_source": (POSTMASTER, POSTMASTER),
    "read_source_again": (POSTMASTER, POSTMASTER),
    "ask_host_key": (POSTMASTER, POSTMASTER),
    "confirm_host_key": (POSTMASTER, POSTMASTER),
    "remove_source": (POSTMASTER, POSTMASTER),
    "alerts": (POSTMASTER, POSTMASTER),
    "webhooks": (POSTMASTER, POSTMASTER),
    "test_webhook": (POSTMASTER, POSTMASTER),
    "switch_webhook": (POSTMASTER, POSTMASTER),
    "new_webhook_secret": (POSTMASTER, POSTMASTER),
    "remove_webhook": (POSTMASTER, POSTMASTER),
    "retry_delivery": (POSTMASTER, POSTMASTER),
    "alert_choice": (READER, READER),
    "log_hosts": (READER, READER),
    "log_host": (READER, POSTMASTER),
    "known_accounts": (POSTMASTER, POSTMASTER),
    "forget_accounts": (POSTMASTER, POSTMASTER),
    "limits": (POSTMASTER, POSTMASTER),
    "allow": (POSTMASTER, POSTMASTER),
    "withdraw": (POSTMASTER, POSTMASTER),
    "zones": (READER, POSTMASTER),
    "incidents": (HELPDESK, HELPDESK),
    "open_incident": (HELPDESK, HELPDESK),
    "add_evidence": (HELPDESK, HELPDESK),
    "incident": (HELPDESK, HELPDESK),
    "change_incident": (HELPDESK, HELPDESK),
    "write_note": (HELPDESK, HELPDESK),
    "remove_note": (HELPDESK, HELPDESK),
    "remove_evidence": (HELPDESK, HELPDESK),
    "incident_report": (HELPDESK, HELPDESK),
    "share": (HELPDESK, HELPDESK),
    "shares": (HELPDESK, HELPDESK),
    "opened_share": (HELPDESK, HELPDESK),
    "frozen_copy": (HELPDESK, HELPDESK),
    "switch_sharing": (ADMINISTRATOR, ADMINISTRATOR),
    "revoke": (HELPDESK, ADMINISTRATOR),  # their own: test_shares
    "shared": ("", ""),
    "account_login": ("", ""),
    "mfa_login_webauthn": ("", ""),
    "mfa_authenticate": ("", ""),
    "account_inactive": ("", ""),
    "openid_connect_login": ("", ""),
    "openid_connect_callback": ("", ""),
    "socialaccount_login_error": ("", ""),
    "socialaccount_login_cancelled": ("", ""),
    "account_reset_password": ("", ""),
    "account_reset_password_done": ("", ""),
    "account_reset_password_from_key": ("", ""),
    "account_reset_password_from_key_done": ("", ""),
    "logout": (READER, READER),
    "invitation": ("", ""),
    "mfa_index": (READER, READER),
    "account_change_password": (READER, READER),
    "account_reauthenticate": (READER, READER),
    "mfa_reauthenticate": (READER, READER),
    "mfa_reauthenticate_webauthn": (READER, READER),
    "mfa_activate_totp": (READER, READER),
    "mfa_deactivate_totp": (READER, READER),
    "mfa_view_recovery_codes": (READER, READER),
    "mfa_generate_recovery_codes": (READER, READER),
    "mfa_list_webauthn": (READER, READER),
    "mfa_add_webauthn": (READER, READER),
    "mfa_remove_webauthn": (READER, READER),
    "end_session": (READER, READER),
    "end_other_sessions": (READER, READER),
    "trail": (READER, READER),
    "tokens": (READER, READER),
    "revoke_token": (READER, READER),  # their own, administrators those of others: test_tokens
    "api": (READER, READER),
    "api_description": ("", ""),  # by a token: test_api_access
    "api_search": ("", ""),
    "api_message": ("", ""),
    "api_sender": ("", ""),
    "api_relays": ("", ""),
    "api_runs": ("", ""),
    "api_run": ("", ""),
    "users": (ADMINISTRATOR, ADMINISTRATOR),
    "user": (ADMINISTRATOR, ADMINISTRATOR),
    "activate_user": (ADMINISTRATOR, ADMINISTRATOR),
    "invite": (ADMINISTRATOR, ADMINISTRATOR),
    "withdraw_invitation": (ADMINISTRATOR, ADMINISTRATOR),
    "remove_second_factors": (ADMINISTRATOR, ADMINISTRATOR),
    "unlock_user": (ADMINISTRATOR, ADMINISTRATOR),
    "reset_password": (ADMINISTRATOR, ADMINISTRATOR),
    "preferences": (READER, READER),
    "theme": ("", ""),
    "times": (READER, READER),
    "healthz": ("", ""),
    "words": ("", ""),
}

# What takes things away.
LAST = ("drop_configuration", "remove_source", "remove_webhook", "logout", "activate_user")


def patterns() -> list[URLPattern]:
    """All of them; an included list would have to be walked too."""
    found = get_resolver().url_patterns
    assert all(isinstance(one, URLPattern) for one in found)
    return [one for one in found if isinstance(one, URLPattern)]


def test_every_address_declares_what_it_needs() -> None:
    for pattern in patterns():
        needed_by(pattern.callback)
    assert {pattern.name for pattern in patterns()} == NEEDED.keys()


@pytest.fixture
def args(ingested: Ingested, admin: User) -> dict[str, list[object]]:
    """Something that is there behind every address."""
    run = ingested(SEED)
    host = run.log_host
    source = Source.objects.create(log_host=host, url="file:///nowhere", is_paused=True)
    search = SavedSearch.objects.create(owner=admin, name="x", is_shared=False)
    entry = AllowEntry.objects.create(
        log_host=host, kind="log_host", rule="S01", reason="x", author="x", until=run.created_at
    )
    kept = StoredConfiguration.objects.create(log_host=host, name="x", text="")
    report = SharedReport.objects.create(
        kind="report", redaction="full", title="x", log_hosts=host.name, rules_version=1, snapshot={},
        made_by=admin, frozen_at=run.created_at, expires_at=run.created_at,
    )  # fmt: skip
    invitation = Invitation.objects.create(
        token_digest="x", role=READER, made_by=admin, expires_at=run.created_at
    )
    webhook = Webhook.objects.create(url="https://nowhere.example/", sealed_secret="", kinds=[], made_by="x")
    alert = Alert.objects.create(key="x", kind="test", severity="info")
    delivery = AlertDelivery.objects.create(alert=alert, webhook=webhook, due_at=run.created_at)
    incident = Incident.objects.create(
        title="x", severity="low", log_host_ids=[host.pk], opened_at=run.created_at, changed_at=run.created_at
    )
    note = incident.notes.create(text="x", written_at=run.created_at)
    piece = incident.evidence.create(
        log_host=host, kind="line", digest="x", title="x", rules_version=1, added_at=run.created_at
    )
    named: dict[str, object] = {
        "incident_id": incident.pk, "note_id": note.pk, "evidence_id": piece.pk,
        "log_host": host.name, "name": host.name, "message_id": "1adXzZ-0007sb-Pz", "key": "none",
        "address": "129.137.152.170", "network": "129.137.152.0/24", "authenticated_id": "anna",
        "domain": "example.org", "transport_name": "remote_smtp", "day": "2016-03-09", "run_id": run.pk,
        "source_id": source.pk, "saved_id": search.pk, "entry_id": entry.pk, "stored_id": kept.pk,
        "report_id": report.pk, "token": "x" * 43, "user_id": admin.pk, "upload_id": UUID(int=5),
        "uidb36": "1", "pk": 1, "session_id": 1, "invitation_id": invitation.pk, "token_id": 1,
        "webhook_id": webhook.pk, "delivery_id": delivery.pk,
    }  # fmt: skip
    wanted = {pattern.name: pattern.pattern.converters for pattern in patterns()}
    return {str(name): [named[one] for one in converters] for name, converters in wanted.items()}


def requests(args: dict[str, list[object]]) -> Iterator[tuple[str, str, str]]:
    """Every address with both methods: name, method, path."""
    for name in sorted(NEEDED, key=lambda name: (name in LAST, name)):
        for method in ("get", "post"):
            yield name, method, reverse(name, args=args[name])


def test_whoever_is_not_signed_in_is_sent_to_the_sign_in(args: dict[str, list[object]]) -> None:
    client = Client()
    for name, method, path in requests(args):
        response = getattr(client, method)(path)
        is_sent = response.status_code == 302 and response["Location"].startswith("/login/?next=")
        assert is_sent == bool(NEEDED[name][0]), (name, method, response.status_code)


@pytest.mark.parametrize("role", Role.values)
def test_each_role_may_what_is_said_and_no_more(
    role: str, args: dict[str, list[object]], client_of: Callable[[User], Client]
) -> None:
    user = somebody("somebody", Role(role))
    order = ["", *Role.values]
    for name, method, path in requests(args):
        client = client_of(user)  # again: the last request may have been the way out
        client.raise_request_exception = False
        response = getattr(client, method)(path)
        may = order.index(NEEDED[name][method == "post"]) <= order.index(role)
        assert (response.status_code != 403) == may, (name, method, role, response.status_code)
        assert response.status_code < 500, (name, method)


def test_a_refusal_says_which_roles_may_and_which_this_is(desk: Client) -> None:
    html = desk.get("/users/").text
    assert "Your account may not do this" in html
    assert "Roles that may: Administrator." in html
    assert "Yours: Helpdesk." in html


def test_to_keep_a_configuration_takes_a_postmaster(desk: Client, master: Client, db: None) -> None:
    LogHost.objects.create(name="srv1")
    sent = {"text": "primary_hostname = a", "log_host": "srv1"}
    assert desk.post("/configuration/", sent).status_code == 403
    assert not StoredConfiguration.objects.exists()
    assert master.post("/configuration/", sent).status_code == 200
    assert StoredConfiguration.objects.exists()


@pytest.mark.parametrize("role", Role.values)
def test_no_page_offers_what_a_role_may_not(
    role: str, args: dict[str, list[object]], client_of: Callable[[User], Client]
) -> None:
    """Neither a form nor a link leads to a refusal."""
    user = somebody("somebody", Role(role))
    order = ["", *Role.values]
    ways = {
        reverse(name, args=args[name]): name
        for name in NEEDED
        if order.index(NEEDED[name][0]) > order.index(role) and name != "logout"
    }
    for name, method, path in requests(args):
        if method == "post" or path in ways or name in ("logout", "shared"):
            continue
        html = client_of(user).get(path, headers={"Accept": "text/html"}).content.decode()
        for way, refused in ways.items():
            assert f'"{way}"' not in html and f'"{way}?' not in html, (name, refused)
    assert IngestRun.objects.exists()


def test_somebody_whom_nobody_gave_a_role_reads_no_log_host(client_of: Callable[[User], Client]) -> None:
    LogHost.objects.create(name="srv1")
    client = client_of(User.objects.create_user("nobody"))
    assert client.get("/").status_code == 200
    assert client.get("/uploads/").status_code == 403
