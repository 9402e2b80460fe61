"""What people say of a log host: read as they have it, refused in one sentence, and in force for every rule."""

import io
import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from ingest import knowledge, reevaluation
from ingest.accounts import NoAccounts, read_accounts
from ingest.models import IngestRun, KnownAccount, LogHost, Reevaluation, Suspect
from ingest.rules.facts import SubjectKind
from ingest.rules.limits import Limits
from ingest.rules.thresholds import LARGEST, LONGEST, THRESHOLDS, Unit
from ingest.stored_log_hosts import limits_of, limits_of_all, log_host_facts
from tests.ingest.conftest import SAMPLES, read_files
from tests.ingest.test_classification import START, Log, rules_of, same, utc  # noqa: F401

type Read = Callable[[Sequence[str]], IngestRun]

pytestmark = pytest.mark.django_db


def judged(host: LogHost) -> None:
    """Does what was asked for."""
    asked = Reevaluation.objects.filter(log_host=host).latest("pk")
    assert reevaluation.finished(asked).error == ""


# ---- accounts


@pytest.mark.parametrize(
    ("text", "accounts"),
    [
        ("alice\nBob@Example.org\r\n\n# nobody\n; nor he\n", {"alice", "bob@example.org"}),
        ("root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33::/var/www:", {"root", "www-data"}),
        ("alice:s3cret\nbob:{SHA512-CRYPT}$6$x,y", {"alice", "bob"}),
        ("email,name\nalice@example.org,Alice\n", {"alice@example.org"}),
        ('"Login";"Name"\n"alice";"A; B"\n', {"alice"}),
        ("EXAMPLE\\alice\n\ufeff", {"alice"}),
        ("user\talice's machine\nbob\tx", {"bob"}),
        ("\ufeffalice", {"alice"}),
        ("alice:\n  s3cret : more\n\ts3cret\nbob: s3cret", {"alice", "bob"}),
        ("  alice:s3cret\n  bob:s3cret", {"alice", "bob"}),
        ("alice=s3cret\nbob = s3cret", {"alice", "bob"}),
        (f'alice,{"x" * 200_000}\n"{"x" * 200_000}\nbob', {"alice", "bob"}),
    ],
)
def test_a_list_is_read_as_people_have_it(text: str, accounts: set[str]) -> None:
    assert read_accounts(text) == accounts


@pytest.mark.parametrize("text", ["", "\n\n", "# alice", "<html>", "email,name", "\x00\x01", "a" * 256])
def test_a_list_without_accounts_is_refused(text: str) -> None:
    with pytest.raises(NoAccounts, match="names no account"):
        read_accounts(text)


def test_passwords_are_not_kept(srv1: LogHost) -> None:
    knowledge.take_accounts(srv1, "alice:hunter2\nbob,hunter2\ncarol;hunter2\ndave hunter2", replace=True)
    kept = set(KnownAccount.objects.values_list("account", flat=True))
    assert kept == {"alice", "bob", "carol", "dave"}


def test_accounts_are_replaced_or_added(srv1: LogHost) -> None:
    assert knowledge.take_accounts(srv1, "alice\nbob", replace=True)[0] == 2
    knowledge.take_accounts(srv1, "carol", replace=False)
    assert srv1.known_accounts.count() == 3
    knowledge.take_accounts(srv1, "carol\ndave", replace=True)
    assert set(srv1.known_accounts.values_list("account", flat=True)) == {"carol", "dave"}
    assert knowledge.take_accounts(srv1, "dave\ncarol", replace=True)[1] is None  # nothing new
    with pytest.raises(NoAccounts):
        knowledge.take_accounts(srv1, "#", replace=True)
    assert srv1.known_accounts.count() == 2
    knowledge.forget_accounts(srv1)
    srv1.refresh_from_db()
    assert log_host_facts(srv1).known_accounts == frozenset()


def test_with_a_list_a_login_under_no_account_is_critical(utc: LogHost, read_lines: Read) -> None:  # noqa: F811
    log = Log()
    for number in range(3):
        log.login(START + timedelta(minutes=number), "203.0.113.5", "mallory")
        log.login(START + timedelta(minutes=number), "203.0.113.6", "alice@example.com")
    read_lines(log.lines)
    assert not Suspect.objects.exists()
    knowledge.take_accounts(utc, "alice", replace=True)
    judged(utc)
    suspect = Suspect.objects.get(kind="authenticated_id")
    assert (suspect.value, suspect.severity, rules_of(SubjectKind.AUTHENTICATED_ID, "mallory")) == (
        "mallory",
        "critical",
        {"A03"},
    )
    same(utc)


# ---- what the log host is


def test_values_have_one_spelling(srv1: LogHost) -> None:
    knowledge.change(
        srv1,
        local_domains=["Example.ORG.", "example.org"],
        trusted_networks=["192.0.2.7/24"],
        own_addresses=["2001:0DB8::1"],
        smarthosts=["198.51.100.7"],
    )
    srv1.refresh_from_db()
    assert (srv1.local_domains, srv1.trusted_networks) == (["example.org"], ["192.0.2.0/24"])
    assert (srv1.own_addresses, srv1.smarthosts) == (["2001:db8::1"], ["198.51.100.7/32"])


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"local_domains": ["ok.example", "a@b"]}, "a@b is no domain"),
        ({"local_domains": ["a..example"]}, "a..example is no domain"),
        ({"local_domains": ["x\u202ey.example"]}, "is no domain"),
        ({"local_domains": ["*.example.org"]}, "stands for many domains"),
        ({"trusted_networks": ["192.0.2.0/33"]}, "192.0.2.0/33 is no address and no network"),
        ({"own_addresses": ["192.0.2.0/24"]}, "192.0.2.0/24 is no address"),
        ({"smarthosts": [""]}, "Nothing is no address and no network"),
    ],
)
def test_a_wrong_value_is_told_and_changes_nothing(srv1: LogHost, wrong: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        knowledge.change(srv1, **wrong)
    srv1.refresh_from_db()
    assert (srv1.local_domains, Reevaluation.objects.count()) == ([], 0)


def relayed(log: Log, address: str, count: int = 2) -> None:
    for number in range(count):
        at = START + timedelta(minutes=number)
        name = log.login(at, address, "")  # takes a number
        log.lines.pop()
        log.say(at, f"{name} <= spam@bad.example H=(mx.bad.example) [{address}]:99 P=esmtp S=900")
        log.say(at, f"{name} => x@r{number}.example R=dnslookup T=remote_smtp H=mx.r.example [198.51.100.9]")
        log.say(at, f"{name} Completed")


def test_a_smarthost_may_hand_in_mail_of_others(utc: LogHost, read_lines: Read) -> None:  # noqa: F811
    log = Log()
    relayed(log, "203.0.113.66")
    relayed(log, "203.0.113.99")
    read_lines(log.lines)
    knowledge.change(utc, local_domains=["example.com"], smarthosts=["203.0.113.64/28"])
    judged(utc)
    assert [suspect.value for suspect in Suspect.objects.all()] == ["203.0.113.99"]
    same(utc)


# ---- thresholds


def test_a_threshold_of_a_log_host_is_in_force(utc: LogHost, read_lines: Read) -> None:  # noqa: F811
    log = Log()
    for number in range(6):
        log.guess(START + timedelta(seconds=number), "203.0.113.7", f"u{number}")
    read_lines(log.lines)
    assert rules_of(SubjectKind.SENDER_HOST_ADDRESS, "203.0.113.7") == {"C01"}
    knowledge.change_limits(
        utc, {"failed_logins": "7", "failed_accounts": "7", "failed_logins_window": "1 h"}
    )
    judged(utc)
    assert not Suspect.objects.exists()
    assert utc.limits == {"failed_logins": 7, "failed_accounts": 7, "failed_logins_window": 3600}
    same(utc)
    knowledge.change_limits(utc, {"failed_logins": "", "failed_accounts": None})
    judged(utc)
    assert rules_of(SubjectKind.SENDER_HOST_ADDRESS, "203.0.113.7") == {"C01"}
    assert utc.limits == {"failed_logins_window": 3600}


def test_a_wrong_threshold_is_told(srv1: LogHost) -> None:
    with pytest.raises(ValueError, match="There is no threshold named guesses"):
        knowledge.change_limits(srv1, {"guesses": "5"})
    with pytest.raises(ValueError, match="failed_logins: Write a whole number"):
        knowledge.change_limits(srv1, {"many_ids": "5", "failed_logins": "-1"})
    srv1.refresh_from_db()
    assert srv1.limits == {}


def test_thresholds_of_all_log_hosts_are_a_setting(srv1: LogHost, settings: Settings) -> None:
    settings.MAILWATCH_LIMITS = {"failed_logins": "20", "account_volume_window": "2 h"}
    assert limits_of_all() == Limits(failed_logins=20, account_volume_window=timedelta(hours=2))
    srv1.limits = {"failed_logins": 9, "gone": 1}
    assert limits_of(srv1) == Limits(failed_logins=9, account_volume_window=timedelta(hours=2))
    settings.MAILWATCH_LIMITS = {"failed_logins": "many"}
    with pytest.raises(ImproperlyConfigured, match=r"MAILWATCH_LIMITS: .*whole number"):
        limits_of_all()


def test_other_thresholds_of_the_setting_have_everything_judged_again(
    utc: LogHost,  # noqa: F811
    read_lines: Read,
    settings: Settings,
) -> None:
    log = Log()
    for number in range(4):
        log.guess(START + timedelta(seconds=number), "203.0.113.7", f"u{number}")
    read_lines(log.lines)
    settings.MAILWATCH_LIMITS = {"failed_logins": "3", "failed_logins_typo": "3"}
    later = Log()
    later.relay(START + timedelta(days=1), "203.0.113.8")
    read_lines(later.lines)
    judged(utc)
    assert "C01" in rules_of(SubjectKind.SENDER_HOST_ADDRESS, "203.0.113.7")
    same(utc)


# ---- the command


def run(*arguments: str) -> Any:
    out = io.StringIO()
    call_command("log_host", *arguments, "--json", stdout=out, stderr=io.StringIO())
    return json.loads(out.getvalue())


def test_the_command_says_all_of_it(tmp_path: Path) -> None:
    accounts = tmp_path / "passwd"
    accounts.write_text("alice:x:1000:\nbob:x:1001:\n")
    told = run(
        "mx1",
        *("--own-address", "192.0.2.1", "--smarthost", "192.0.2.0/30", "--known-accounts", str(accounts)),
        *("--limit", "failed_logins=20", "--limit", "account_volume_window=2 h"),
    )
    assert (told["own_addresses"], told["smarthosts"], told["known_accounts"]) == (
        ["192.0.2.1"],
        ["192.0.2.0/30"],
        2,
    )
    assert told["limits"] == {"failed_logins": 20, "account_volume_window": 7200}
    assert run("mx1", "--limit", "failed_logins=")["limits"] == {"account_volume_window": 7200}


@pytest.mark.parametrize(
    "wrong",
    [
        ("--limit", "failed_logins=x"),
        ("--limit", "nothing=3"),
        ("--smarthost", "mx.example"),
        ("--known-accounts", "/nowhere"),
    ],
)
def test_the_command_refuses_in_one_sentence(wrong: tuple[str, str]) -> None:
    with pytest.raises(CommandError) as told:
        run("mx1", *wrong)
    assert "\n" not in str(told.value)
    assert not LogHost.objects.filter(name="mx1").exists()


def test_the_command_takes_no_binary_as_a_list_of_accounts(tmp_path: Path) -> None:
    file = tmp_path / "accounts"
    file.write_bytes(b"alice\n\0\1\2\n")
    with pytest.raises(CommandError, match="is no list of accounts"):
        run("mx1", "--known-accounts", str(file))


@pytest.mark.parametrize("largest", [False, True])
def test_no_threshold_that_can_be_typed_stops_the_rules(srv1: LogHost, largest: bool) -> None:
    read_files(srv1, SAMPLES / "srv1" / "mainlog")
    values = {
        Unit.COUNT: str(LARGEST) if largest else "1",
        Unit.SHARE: "100 %" if largest else "0.0001 %",
        Unit.LENGTH: f"{LONGEST.days} days" if largest else "1 s",
    }
    knowledge.change_limits(
        LogHost.objects.get(pk=srv1.pk), {name: values[told.unit] for name, told in THRESHOLDS.items()}
    )
    judged(srv1)
