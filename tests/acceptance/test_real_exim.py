"""Logs that a running Exim wrote of attacks and of ordinary days, and what is said of them."""

import json
import os
import random
import re
import sqlite3
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.acceptance.running_exim import RunningExim, running
from tests.rules.real_exim import needs_exim

pytestmark = [
    needs_exim,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
    pytest.mark.django_db(transaction=True),
]

QUERY = "${lookup sqlite,file=USERS {SELECT password FROM users WHERE username='${quote_sqlite:$auth2}'}"
SOUND = (
    f"${{if and{{{{!eq{{$auth2}}{{}}}}{{!eq{{$auth3}}{{}}}}{{eq{{$auth3}}{{{QUERY}{{$value}}fail}}}}}}}}}}"
)
BROKEN = f"${{if eq{{$auth3}}{{{QUERY}}}}}}}"
CONFIGURATION = """\
primary_hostname = mx.example.org
qualify_domain = example.org
domainlist local_domains = @ : example.org
domainlist relay_to_domains = backup.example
hostlist relay_from_hosts = TRUSTED
acl_smtp_rcpt = acl_check_rcpt
log_selector = SELECTOR
log_timezone = true
host_lookup =
helo_lookup_domains =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
never_users =
keep_environment =
queue_only
begin acl
acl_check_rcpt:
  accept hosts = +relay_from_hosts
  accept authenticated = *
  require message = relay not permitted
          domains = +local_domains : +relay_to_domains
  require verify = recipient
  accept
begin routers
away:
  driver = manualroute
  domains = ! +local_domains
  transport = remote_smtp
  route_list = * SINK
  self = send
  no_more
aliases:
  driver = redirect
  data = ${if eq{$local_part}{info}{alice@example.org, bob@elsewhere.example}}
people:
  driver = accept
  local_parts = alice : bob : carol : postmaster : www-data
  transport = local_delivery
begin transports
remote_smtp:
  driver = smtp
  hosts_try_fastopen =
local_delivery:
  driver = appendfile
  file = /dev/null
  user = mail
begin retry
* * F,2h,15m
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = CONDITION
  server_set_id = $auth2
"""
USUAL = "+received_recipients +incoming_port +incoming_interface +smtp_no_mail +arguments"
STRANGER = "198.51.100.77"


def configuration(*, condition: str = SOUND, trusted: str = "10.1.2.3", selector: str = USUAL) -> str:
    text = CONFIGURATION.replace("CONDITION", condition)
    return text.replace("TRUSTED", trusted).replace("SELECTOR", selector)


def add_users(exim: RunningExim) -> None:
    with closing(sqlite3.connect(exim.folder / "users.db")) as users, users:
        users.execute("CREATE TABLE users (username, password)")
        users.executemany(
            "INSERT INTO users VALUES (?, ?)", [(name, "secret") for name in ("alice", "bob", "carol")]
        )
    (exim.folder / "users.db").chmod(0o644)


def ordinary_day(exim: RunningExim) -> None:
    """Logins, a mistyped password, mail from outside, an alias, a bounce, backup MX, refused strangers."""
    for user in ("alice", "bob", "carol"):
        for number in range(3):
            exim.mail(
                "198.51.100.10",
                f"{user}@example.org",
                [f"friend{number}@elsewhere.example"],
                login=(user, "secret"),
            )
    exim.mail("198.51.100.10", "alice@example.org", ["a@elsewhere.example"], login=("alice", "secert"))
    for number in range(5):
        exim.mail(f"203.0.113.{20 + number}", f"friend{number}@elsewhere.example", ["alice@example.org"])
    exim.mail("203.0.113.30", "friend@elsewhere.example", ["info@example.org"])
    exim.mail("203.0.113.31", "friend@elsewhere.example", ["someone@backup.example"])
    exim.mail("203.0.113.32", "friend@elsewhere.example", ["nosuch@example.org"])
    exim.mail("198.51.100.10", "bob@example.org", ["nobody-1@elsewhere.example"], login=("bob", "secret"))
    for number in range(3):
        exim.mail("203.0.113.66", "spam@victim.example", [f"relay{number}@away.example"])


def attack(exim: RunningExim) -> None:
    """What the empty password lets in, or not."""
    for number in range(12):
        exim.mail(
            STRANGER,
            "spam@victim.example",
            [f"v{number}@away{number}.example"],
            login=("", ""),
            helo="[127.0.0.1]",
        )


def ask(command: str, *arguments: str, **options: Any) -> dict[str, Any]:
    out = StringIO()
    call_command(command, *arguments, json=True, stdout=out, stderr=StringIO(), **options)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def relays(exim: RunningExim, *, with_configuration: bool, log: Path) -> dict[str, Any]:
    """The report on the log, alone or with what ``exim -bP config`` prints."""
    name = f"{log.stem}-{with_configuration}"
    ask("log_host", name, timezone="UTC")
    if with_configuration:
        printed = exim.folder / "printed"
        printed.write_text(exim.run("-bP", "config"))
        ask("log_host", name, config=[printed])
    ask("ingest", str(log), log_host=name)
    return ask("relays", log_host=name)


def found(report: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What was found, without what depends on the name of the log host."""
    return sorted(
        (item["kind"], item["value"] or "", item["severity"], *sorted(item["rules"]), item["messages"])
        for item in report["suspects"]
    )


def answers(report: dict[str, Any]) -> tuple[str, str, int, int]:
    verdict = report["verdict"]
    return (
        verdict["open_relay"],
        verdict["broken_authenticator"],
        len(verdict["compromised_accounts"]),
        len(verdict["local_scripts"]),
    )


def is_clean(report: dict[str, Any]) -> bool:
    relaying, broken, accounts, scripts = answers(report)
    worst = {item["severity"] for item in report["suspects"]} - {"low", "info"}
    return not worst and {relaying, broken} <= {"no", "unknown"} and not accounts and not scripts


def report_of(text: str, *steps: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The report on the log by itself, and with the configuration, after an ordinary day and these steps.

    Whatever the steps: lines handed in again or in another order change nothing that is found.
    """
    with running(text, add_users) as exim:
        for step in (ordinary_day, *steps):
            step(exim)
        exim.deliver()
        log = exim.folder / "mx.log"  # the daemon may still write a word about a client that left
        log.write_text(exim.log.read_text())
        alone = relays(exim, with_configuration=False, log=log)
        known = relays(exim, with_configuration=True, log=log)
        again = relays(exim, with_configuration=True, log=log)
        assert again == known
        lines = log.read_text().splitlines(keepends=True)
        random.Random(5).shuffle(lines)
        shuffled = exim.folder / "shuffled.log"
        shuffled.write_text("".join(lines))
        assert found(relays(exim, with_configuration=True, log=shuffled)) == found(known)
    for one, other in zip(answers(alone), answers(known), strict=True):
        if other in ("no", "unknown"):
            assert one != "yes"
    return alone, known


@pytest.mark.parametrize("selector", [USUAL, "+all"])
def test_an_ordinary_day_is_clean(selector: str) -> None:
    for report in report_of(configuration(selector=selector)):
        assert is_clean(report), (answers(report), found(report))


def many_strangers(exim: RunningExim) -> None:
    for number in range(6):
        exim.mail(f"198.51.100.{80 + number}", "spam@victim.example", [f"v@away{number}.example"])


def test_an_open_relay_is_told_though_each_stranger_sends_one_message() -> None:
    alone, _ = report_of(configuration(trusted="10.1.2.3 : 198.51.100.0/24"), many_strangers)
    assert alone["verdict"]["open_relay"] in ("suspected", "yes")


def test_empty_passwords_are_suspected_and_the_configuration_makes_it_certain() -> None:
    alone, known = report_of(configuration(condition=BROKEN), attack)
    assert alone["verdict"]["broken_authenticator"] == "suspected"
    assert known["verdict"]["broken_authenticator"] == "yes"
    assert STRANGER in [item["value"] for item in known["suspects"] if item["severity"] == "critical"]


def test_after_the_repair_empty_passwords_are_refused() -> None:
    for report in report_of(configuration(), attack):
        assert report["verdict"]["broken_authenticator"] in ("no", "unknown")


def test_a_list_that_trusts_everybody_is_an_open_relay() -> None:
    alone, known = report_of(configuration(trusted="0.0.0.0/0"), many_strangers)
    assert alone["verdict"]["open_relay"] in ("suspected", "yes")
    assert known["verdict"]["open_relay"] == "yes"
    assert any("relay_from_hosts" in (step["fix"] or "") for step in known["verdict"]["next_steps"])


def stolen_account(exim: RunningExim) -> None:
    """Bob's password is known to somebody with machines in many networks and a list of dead addresses."""
    for number in range(12):
        exim.mail(
            f"198.51.{100 + number}.9",
            "spam@victim.example",
            [f"nobody-{number}-{each}@away{each}.example" for each in range(10)],
            login=("bob", "secret"),
        )


@pytest.mark.parametrize("selector", [USUAL, "+all"])
def test_a_stolen_account_is_named(selector: str) -> None:
    for report in report_of(configuration(selector=selector), stolen_account):
        assert report["verdict"]["compromised_accounts"] == ["bob"]
        assert report["verdict"]["broken_authenticator"] in ("no", "unknown")
        assert report["verdict"]["open_relay"] in ("no", "unknown")


def script(exim: RunningExim) -> None:
    """A form of the web server is abused."""
    for number in range(25):
        exim.submit("www-data", f"shop{number}@victim.example", f"v{number}@away{number % 8}.example")


def test_a_script_of_the_web_server_is_named() -> None:
    for report in report_of(configuration(), script):
        assert report["verdict"]["local_scripts"] == ["www-data"]
        assert report["verdict"]["compromised_accounts"] == []


def newsletter(exim: RunningExim) -> None:
    """Sent by a machine that the configuration trusts."""
    for number in range(60):
        exim.mail("10.1.2.3", "news@example.org", [f"reader{number}@away{number % 9}.example"])


def test_a_newsletter_through_a_trusted_host_is_clean() -> None:
    _, known = report_of(configuration(), newsletter)
    assert is_clean(known), (answers(known), found(known))


@pytest.mark.parametrize(
    ("text", "rule", "state"),
    [
        (configuration(condition=BROKEN), "X01", "bad"),
        (configuration(), "X01", "ok"),
        (configuration(trusted="0.0.0.0/0"), "X09", "bad"),
        (configuration(), "X09", "ok"),
    ],
)
@pytest.mark.parametrize("printed", [("config",), ("authenticators",)])
def test_what_a_real_exim_prints_is_judged(
    text: str, rule: str, state: str, printed: tuple[str, ...]
) -> None:
    with running(text, add_users) as exim:
        shown = exim.folder / "shown"
        shown.write_text(exim.run("-bP", *printed))
        findings = ask("audit_config", str(shown))["findings"]
    states = {finding["state"] for finding in findings if finding["rule"] == rule}
    assert states == ({state} if rule == "X01" or printed == ("config",) else {"undecided"})
    assert "secret" not in str(findings)


def log_of(condition: str) -> tuple[list[str], str]:
    """The lines that an attack leaves under that condition, and what Exim prints of the configuration."""
    with running(configuration(condition=condition), add_users) as exim:
        ordinary_day(exim)
        attack(exim)
        exim.deliver()
        return exim.log.read_text().splitlines(keepends=True), exim.run("-bP", "config")


def test_one_log_tells_that_the_repair_worked(tmp_path: Path) -> None:
    """Attacked, mended with the text that the step gives, attacked again."""
    before, printed = log_of(BROKEN)
    (tmp_path / "before").write_text("".join(before))
    (tmp_path / "printed").write_text(printed)
    ask("log_host", "mx", timezone="UTC", config=[tmp_path / "printed"])
    ask("ingest", str(tmp_path / "before"), log_host="mx")
    verdict = ask("relays", log_host="mx")["verdict"]
    fixes = [step["fix"] for step in verdict["next_steps"] if step["fix"]]
    condition = next(fix for fix in fixes if "server_condition" in fix).partition("=")[2]
    users = re.search(r"/\S+/users\.db", condition)
    assert users, condition
    after, mended = log_of(" ".join(condition.replace("\\\n", " ").split()).replace(users[0], "USERS"))

    (tmp_path / "after").write_text("".join(after))
    (tmp_path / "mended").write_text(mended)
    ask("log_host", "mx", config=[tmp_path / "mended"])
    ask("ingest", str(tmp_path / "after"), log_host="mx")
    verdict = ask("relays", log_host="mx")["verdict"]
    worked = next(fact for fact in verdict["facts"] if fact["question"] == "Has the repair worked?")
    assert worked["answer"] == "Yes", (worked, condition)
