"""Accounts are judged when a run brings what a rule asks for, and then as if all were judged at once."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from ingest import countries, undo
from ingest.models import Finding, IngestRun, LogHost
from ingest.rules.facts import SubjectKind
from tests.ingest.test_classification import START, Log, rules_of, same

type Read = Callable[[Sequence[str]], IngestRun]

ALICE = "alice@example.com"
NL, US, BR, JP = "193.0.6.139", "8.8.8.8", "200.160.2.3", "133.11.0.1"
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def utc(srv1: LogHost) -> LogHost:
    LogHost.objects.filter(pk=srv1.pk).update(timezone="UTC", local_domains=["example.com"])
    srv1.refresh_from_db()
    return srv1


@pytest.fixture(autouse=True)
def _bundled_countries() -> Iterator[None]:
    countries.forget()
    yield
    countries.forget()


class Mailings(Log):
    """Log lines of people who send to many."""

    def mailing(
        self, at: datetime, address: str, account: str, recipients: Sequence[str], sender: str = ""
    ) -> None:
        name = self.login(at, address, account)
        if sender:
            self.lines[-1] = self.lines[-1].replace(f"<= {account}", f"<= {sender}")
        for recipient in recipients:
            self.say(at, f"{name} => {recipient} R=dnslookup T=remote_smtp H=mx.example [198.51.100.9]")
        self.say(at, f"{name} Completed")


def some(number: int, domains: int = 1, prefix: str = "d") -> list[str]:
    return [f"r{n}@{prefix}{n % domains}.example" for n in range(number)]


def account_rules(account: str = ALICE) -> set[str]:
    return rules_of(SubjectKind.AUTHENTICATED_ID, account)


def weeks_of_habit(log: Mailings, days: int = 16) -> None:
    for day in range(days, 0, -1):
        log.mailing(START - day * DAY, NL, ALICE, some(2, prefix="known"))


def test_one_account_from_many_countries_in_parts(utc: LogHost, read_lines: Read) -> None:
    for number, address in enumerate((NL, US, BR)):
        assert account_rules() == set()
        log = Log()
        log.login(START + number * 60 * MINUTE, address, ALICE)
        read_lines(log.lines)

    assert account_rules() == {"C04"}
    same(utc)


def test_many_networks_within_minutes(utc: LogHost, read_lines: Read) -> None:
    log = Log()
    for number in range(5):
        log.login(START + number * MINUTE, (NL, US, JP)[number % 3], ALICE)
    read_lines(log.lines[:3])
    assert "C03" not in account_rules()
    read_lines(log.lines[3:])

    assert account_rules() == {"C03", "C04"}
    same(utc)


def test_a_burst_against_habits(utc: LogHost, read_lines: Read) -> None:
    before, burst = Mailings(), Mailings()
    weeks_of_habit(before)
    read_lines(before.lines)
    burst.mailing(START, US, ALICE, some(60, domains=40))
    read_lines(burst.lines)

    assert account_rules() == {"C05", "C07", "C08"}
    same(utc)


def test_older_logs_that_come_later_tell_that_a_burst_was_unusual(utc: LogHost, read_lines: Read) -> None:
    before, burst = Mailings(), Mailings()
    weeks_of_habit(before)
    burst.mailing(START, US, ALICE, some(60, domains=40))
    read_lines(burst.lines)
    assert account_rules() == set()
    read_lines(before.lines)

    assert account_rules() == {"C05", "C07", "C08"}
    same(utc)


def test_what_is_undone_is_no_habit_any_more(utc: LogHost, read_lines: Read) -> None:
    before, earlier, burst = Mailings(), Mailings(), Mailings()
    weeks_of_habit(before)
    earlier.mailing(START - 2 * DAY, NL, ALICE, some(45, domains=40))
    burst.mailing(START, NL, ALICE, some(45, domains=40))
    read_lines(before.lines)
    run = read_lines(earlier.lines)
    assert account_rules() == {"C08"}
    read_lines(burst.lines)
    at_first = Finding.objects.get(rule="C08").first_at

    assert undo.begin(run, by="helen")
    while undo.work(run.pk):
        pass

    assert account_rules() == {"C08"}
    assert Finding.objects.get(rule="C08").first_at > at_first
    same(utc)


def test_removed_lines_may_make_an_account_a_suspect(utc: LogHost, read_lines: Read) -> None:
    before, burst = Mailings(), Mailings()
    weeks_of_habit(before)
    read_lines(before.lines)
    earlier = Mailings()
    for hour in range(3):  # few at a time
        names = some(40, domains=40)[hour * 14 : hour * 14 + 14]
        earlier.mailing(START - 2 * DAY + 120 * hour * MINUTE, NL, ALICE, names)
    run = read_lines(earlier.lines)
    burst.mailing(START, NL, ALICE, some(45, domains=40))
    read_lines(burst.lines)
    assert account_rules() == set()

    assert undo.begin(run, by="helen")
    while undo.work(run.pk):
        pass

    assert account_rules() == {"C08"}
    same(utc)


def test_volume_and_senders(utc: LogHost, read_lines: Read) -> None:
    log = Mailings()
    for number in range(10):
        log.mailing(START + 3 * number * MINUTE, NL, ALICE, some(11), sender=f"u{number}@bad.example")
    read_lines(log.lines[: len(log.lines) // 2])
    read_lines(log.lines[len(log.lines) // 2 :])

    assert account_rules() == {"C06", "C10", "C11"}
    same(utc)


def test_a_password_that_was_guessed(utc: LogHost, read_lines: Read) -> None:
    failures, login = Log(), Log()
    for number in range(5):
        failures.guess(START + number * MINUTE, US, f"u{number}")
    read_lines(failures.lines)
    login.login(START + 60 * MINUTE, US, ALICE)
    read_lines(login.lines)

    assert rules_of(SubjectKind.SENDER_HOST_ADDRESS, US) >= {"C01", "C02"}
    same(utc)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_an_account_that_others_guess_at(utc: LogHost, read_lines: Read, order: Sequence[int]) -> None:
    parts = [Log(), Log(), Log()]
    parts[0].login(START - DAY, NL, ALICE)
    for number in range(5):
        parts[1].guess(START + number * MINUTE, f"203.0.113.{number}", ALICE)
    parts[2].login(START + 60 * MINUTE, BR, ALICE)
    for part in order:
        read_lines(parts[part].lines)

    assert account_rules() == {"C02"}
    same(utc)


def test_a_program_known_for_spam(utc: LogHost, read_lines: Read) -> None:
    log = Mailings()
    log.mailing(START, US, ALICE, some(1))
    log.lines[0] = log.lines[0].replace("H=([192.168.1.9])", "H=(ylmf-pc)")
    read_lines(log.lines)

    assert account_rules() == {"C14"}
    same(utc)


def random_mail(random: Random) -> list[str]:
    """Three weeks of five accounts: now and then many recipients, other places, other senders, failed logins."""
    log, at = Mailings(), datetime(2026, 3, 1, tzinfo=UTC)
    while at < datetime(2026, 3, 22, tzinfo=UTC):
        at += timedelta(minutes=random.choice((1, 5, 60, 300)))
        account = f"u{random.randrange(5)}@example.com"
        address = random.choice((NL, NL, NL, US, BR, JP, "193.0.7.1"))
        if random.random() < 0.3:
            log.guess(at, address, account)
            continue
        recipients = some(
            random.choice((1, 2, 40)), domains=random.choice((1, 35)), prefix=random.choice("abc")
        )
        sender = random.choice(("", "", f"s{random.randrange(9)}@bad.example"))
        log.mailing(at, address, account, recipients, sender=sender)
    return log.lines


@pytest.mark.parametrize("seed", range(3))
def test_in_any_order_as_at_once(utc: LogHost, read_lines: Read, seed: int) -> None:
    random = Random(seed)
    lines = random_mail(random)
    cuts = sorted(random.sample(range(len(lines)), 3))
    parts = [lines[start:end] for start, end in zip([0, *cuts], [*cuts, len(lines)], strict=True)]
    random.shuffle(parts)
    for part in parts:
        read_lines(part)

    assert any(account_rules(f"u{n}@example.com") for n in range(5))
    same(utc)
