"""What own users and programs may do, and what is logged of it."""

import pytest

from tests.rules.test_configuration_relaying import found, state
from tests.rules.whole_configurations import WHOLE, changed, with_acl

GUARD = "  require domains = +local_domains : +relay_to_domains\n  accept"


@pytest.mark.parametrize(
    ("text", "expected", "severity"),
    [
        (with_acl(f"  warn control = submission\n{GUARD}"), "bad", "medium"),
        (
            with_acl(f"  accept domains = +local_domains\n  warn control = submission/domain=\n{GUARD}"),
            "bad",
            "medium",
        ),
        (changed(("acl_check_data:\n", "acl_check_data:\n  warn control = submission\n")), "bad", "medium"),
        (
            with_acl(f"  accept authenticated = *\n         control = submission/sender_retain\n{GUARD}"),
            "bad",
            "low",
        ),
        (with_acl(f"  accept authenticated = *\n         control = submission\n{GUARD}"), "ok", "info"),
        (
            with_acl(f"  accept hosts = +relay_from_hosts\n         control = submission\n{GUARD}"),
            "ok",
            "info",
        ),
        (with_acl(f"  warn hosts = +elsewhere\n       control = submission\n{GUARD}"), "undecided", "medium"),
        (with_acl(f"  .include /etc/x\n{GUARD}"), "undecided", "medium"),
    ],
)
def test_mail_of_strangers_that_is_corrected(text: str, expected: str, severity: str) -> None:
    assert state(text, "X15") == expected
    assert str(found(text, "X15")[0].severity) == severity


def test_corrections_of_local_programs_are_right() -> None:
    text = changed(
        ("acl_smtp_data", "acl_not_smtp = acl_local\nacl_smtp_data"),
        ("acl_check_data:", "acl_local:\n  accept control = submission\nacl_check_data:"),
    )
    assert state(text, "X15") == "ok"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("untrusted_set_sender = *", "bad"),
        ("untrusted_set_sender = *@example.org : *", "bad"),
        ("no_local_from_check", "bad"),
        ("local_from_check = false", "bad"),
        ("untrusted_set_sender = ^$", "ok"),
        ("untrusted_set_sender =", "ok"),
        ("", "ok"),
        ("untrusted_set_sender = MAIN_SENDERS", "undecided"),
    ],
)
def test_whose_name_local_users_may_take(line: str, expected: str) -> None:
    assert state(f"{line}\n{WHOLE}", "X16") == expected


def local(limit: str) -> str:
    return changed(
        ("acl_smtp_data", "acl_not_smtp = acl_local\nacl_smtp_data"),
        ("acl_check_data:", f"acl_local:\n  deny ratelimit = {limit}\n  accept\nacl_check_data:"),
    )


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("100 / 1h / per_mail / strict / $authenticated_id", "bad"),
        ("100 / 1h / strict / ${authenticated_id}", "bad"),
        ("100 / 1h / per_mail", "bad"),
        ("100 / 1h / per_mail / $sender_host_address", "bad"),
        ("100 / 1h / per_mail / $caller_uid", "ok"),
        ("100 / 1h / $sender_ident", "ok"),
        ("100 / 1h / per_rcpt / count=$recipients_count / $caller_uid", "ok"),
    ],
)
def test_a_limit_that_all_programs_share(limit: str, expected: str) -> None:
    assert state(local(limit), "X17") == expected
    for bad in found(local(limit), "X17"):
        if bad.state == "bad":
            assert "$caller_uid" in bad.fix


def test_where_the_list_is_not_given_the_limit_is_not_known() -> None:
    assert state(f"acl_not_smtp = acl_elsewhere\n{WHOLE}", "X17") == "undecided"
    assert state("acl_not_smtp = acl_elsewhere\n", "X17") == "undecided"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (GUARD, "bad"),
        (f"  deny ratelimit = 100 / 1h / strict / $sender_host_address\n{GUARD}", "undecided"),
        (f"  deny authenticated = *\n       ratelimit = 100 / 1h / strict / per_rcpt / x\n{GUARD}", "ok"),
        (f"  defer ratelimit = 100 / 1h / per_rcpt / $authenticated_id\n{GUARD}", "ok"),
        (
            f"  warn ratelimit = 100 / 1h / per_rcpt / $authenticated_id\n       delay = 5s\n{GUARD}",
            "undecided",
        ),
        (f"  .include /etc/x\n{GUARD}", "undecided"),
    ],
)
def test_what_users_may_send(statements: str, expected: str) -> None:
    assert state(with_acl(statements), "X18") == expected


@pytest.mark.parametrize(
    ("selector", "zone", "expected"),
    [
        ("+all", "true", "ok"),
        ("+all -arguments", "true", "bad"),
        ("+received_recipients +incoming_port +incoming_interface +smtp_no_mail +arguments", "true", "ok"),
        ("+received_recipients+incoming_port +incoming_interface +smtp_no_mail +arguments", "true", "ok"),
        ("+received_recipients +incoming_port +incoming_interface +smtp_no_mail +arguments", "false", "bad"),
        ("+tls_cipher", "true", "bad"),
        ("", "true", "bad"),
        ("MAIN_LOG_SELECTOR", "true", "undecided"),
    ],
)
def test_what_is_logged(selector: str, zone: str, expected: str) -> None:
    lines = [line for line in WHOLE.splitlines() if not line.startswith("log_")]
    text = "\n".join([f"log_selector = {selector}", f"log_timezone = {zone}", *lines, ""])

    assert state(text, "X20") == expected
    for bad in found(text, "X20"):
        if bad.state == "bad":
            rest = [
                line
                for line in text.splitlines()
                if not bad.fix.count(line.split(" =")[0]) or "log_" not in line
            ]
            assert state("\n".join([bad.fix, *rest, ""]), "X20") == "ok"
