"""Every address that a GET renders, with something on it, with nothing, in error, and without the right to see it."""

from dataclasses import dataclass

from tests.browser.conftest import ATTACKER, Filled

# names of urls.py that answer no GET with a page
NO_PAGE = frozenset(
    [
        "suggestions",
        "movers",
        "search_columns",
        "save_search",
        "remove_saved_search",
        "drop_configuration",
        "begin_upload",
        "finish_uploads",
        "upload_piece",
        "discard_upload",
        "cancel_run",
        "retry_run",
        "undo_run",
        "known_accounts",
        "daily_recipients",
        "sync_source",
        "pause_source",
        "read_source_again",
        "ask_host_key",
        "confirm_host_key",
        "remove_source",
        "forget_accounts",
        "limits",
        "allow",
        "withdraw",
        "revoke",
        "switch_sharing",
        "logout",
        "theme",
        "times",
        "words",
        "activate_user",
        "reset_password",
        "healthz",
        "newest_daily",
    ]
)


@dataclass(frozen=True, slots=True)
class Address:
    name: str
    path: str
    reader: str = "administrator"  # or "helpdesk", who may not administer, or "stranger"
    press: str = ""  # a button of it that is pressed first


def addresses(filled: Filled) -> list[Address]:
    """In the order of urls.py; those without a page of their own name are error pages."""
    return [
        Address("overview", "/"),
        Address("overview", "/?log_host=empty"),
        Address("overview", "/?since=yesterday-ish"),
        Address("search", "/search/"),
        Address("search", f"/search/?q={ATTACKER}"),
        Address("search", "/search/?q=nothing@here.example"),
        Address("search", "/search/?q=authenticator+failed&as=words"),
        Address("search", "/search/?since=yesterday-ish"),
        Address("saved_searches", "/search/saved/"),
        Address("message", filled.message),
        Address("message", "/messages/srv1/1aaaaa-000000-00/"),
        Address("rejection", filled.rejection),
        Address("sender", f"/senders/{ATTACKER}/"),
        Address("sender", "/senders/198.51.100.254/"),
        Address("sender", "/senders/nobody/"),
        Address("network", f"/networks/{ATTACKER}/16/"),
        Address("network", "/networks/198.51.100.0/24/?since=yesterday-ish"),
        Address("network", "/networks/nothing/"),
        Address("account", filled.account),
        Address("account", "/accounts/nobody/"),
        Address("address", filled.address),
        Address("address", "/addresses/nobody@here.example/"),
        Address("address", "/addresses/carol@example.com/?side=sender"),
        Address("domain", "/domains/example.com/"),
        Address("domain", "/domains/nowhere.example/"),
        Address("transport", "/transports/remote_smtp/"),
        Address("transport", "/transports/nothing/"),
        Address("remote_host", filled.remote_host),
        Address("remote_host", "/remote-hosts/nobody/"),
        Address("relays", "/relays/"),
        Address("relays", "/relays/?open=0"),
        Address("relays", "/relays/?log_host=empty"),
        Address("relays", "/relays/?since=yesterday-ish"),
        Address("daily", filled.daily),
        Address("daily", "/daily/srv1/1999-01-01/"),
        Address("preferences", "/preferences/"),
        Address("users", "/users/"),
        Address("users", "/users/", reader="helpdesk"),
        Address("user", "/users/1/"),
        Address("user", "/users/999999/"),
        Address("explain", "/explain/"),
        Address("configuration", "/configuration/"),
        Address("rules", "/rules/"),
        Address("glossary", "/glossary/"),
        Address("uploads", "/uploads/"),
        Address("runs", "/runs/"),
        Address("run", filled.run),
        Address("run", filled.refused_run),
        Address("run", "/runs/999999/"),
        Address("sources", "/sources/"),
        Address("sources", "/sources/", reader="helpdesk"),
        Address("source", filled.source),
        Address("log_hosts", "/log-hosts/"),
        Address("log_host", "/log-hosts/srv1/"),
        Address("log_host", "/log-hosts/srv1/", reader="helpdesk"),
        Address("log_host", "/log-hosts/empty/"),
        Address("zones", "/zones/srv1/"),
        Address("share", filled.share),
        Address("share", filled.share, press="main button.primary"),
        Address("shares", "/shares/"),
        Address("opened_share", filled.opened_share),
        Address("frozen_copy", f"{filled.opened_share}copy/"),
        Address("shares", "/shares/", reader="helpdesk"),
        Address("shared", filled.shared, reader="stranger"),
        Address("shared", filled.shared, reader="stranger", press="main button"),
        Address("shared", "/shared/gone/", reader="stranger"),
        Address("login", "/login/", reader="stranger"),
        Address("", "/nowhere/"),
    ]
