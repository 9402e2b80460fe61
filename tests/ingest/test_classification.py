"""Findings on subjects follow the log run by run, and are those of judging everything that is stored at once."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from ingest import classification, judging
from ingest.models import AddressLogin, IngestRun, LogHost, Mark, MessageFinding, SubjectState, Suspect
from ingest.rules.facts import SubjectKind
from tests.ingest.conftest import finish
from tests.ingest.content import content

type Read = Callable[[Sequence[str]], IngestRun]

START = datetime(2026, 3, 9, 6, 0, tzinfo=UTC)
DEAD = "SMTP error from remote mail server after RCPT TO:<x>: 550 5.1.1 no such user here"
LISTED = "SMTP error from remote mail server after end of data: 554 5.7.1 blocked using zen.spamhaus.org"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def message_id(at: datetime, number: int) -> str:
    seconds, text = int(at.timestamp()), ""
    for _ in range(6):
        seconds, digit = divmod(seconds, 62)
        text = _DIGITS[digit] + text
    return f"{text}-{number:06d}-00"


class Log:
    """Lines in the order in which they are made."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._number = 0

    def say(self, at: datetime, text: str) -> None:
        self.lines.append(f"{at:%Y-%m-%d %H:%M:%S} {text}")

    def login(self, at: datetime, address: str, account: str, port: int = 4000) -> str:
        """A message that came in after a login; its id."""
        self._number += 1
        name = message_id(at, self._number)
        client = f"H=([192.168.1.9]) [{address}]:{port}"
        self.say(at, f"{name} <= {account or 'x@bad.example'} {client} P=esmtpsa A=plain:{account} S=900")
        return name

    def bounce(self, at: datetime, name: str, recipient: str, text: str = DEAD) -> None:
        self.say(
            at, f"{name} ** {recipient} R=dnslookup T=remote_smtp H=mx.remote.example [198.51.100.9]: {text}"
        )

    def relay(self, at: datetime, address: str) -> None:
        self.say(
            at, f"H=(x) [{address}] F=<a@bad.example> rejected RCPT <b@remote.example>: relay not permitted"
        )

    def unknown(self, at: datetime, address: str) -> None:
        self.say(
            at, f"H=(x) [{address}] F=<a@bad.example> rejected RCPT <b@example.com>: Unrouteable address"
        )

    def guess(self, at: datetime, address: str, account: str) -> None:
        reply = f"535 Incorrect authentication data (set_id={account})"
        self.say(at, f"plain authenticator failed for (x) [{address}]: {reply}")


@pytest.fixture
def utc(srv1: LogHost) -> LogHost:
    LogHost.objects.filter(pk=srv1.pk).update(timezone="UTC")
    srv1.refresh_from_db()
    return srv1


def rules_of(kind: SubjectKind, value: str) -> set[str]:
    suspects = Suspect.objects.filter(kind=kind, value=value)
    return {finding.rule for suspect in suspects for finding in suspect.findings.all()}


def judged_at_once(log_host: LogHost) -> tuple[object, object]:
    """What reclassification stores, which must be what was stored."""
    before = content(log_host)
    classification.reclassify(log_host)
    after = content(log_host)
    names = ("message findings", "suspects", "findings")
    return [before[name] for name in names], [after[name] for name in names]


def same(log_host: LogHost) -> None:
    before, after = judged_at_once(log_host)
    assert before == after


def test_bounces_of_a_later_run_are_held_against_the_sender(utc: LogHost, read_lines: Read) -> None:
    log = Log()
    names = [log.login(START + timedelta(seconds=n), "203.0.113.5", "alice@example.com") for n in range(25)]
    read_lines(log.lines)
    assert "C09" not in rules_of(SubjectKind.AUTHENTICATED_ID, "alice@example.com")

    later = Log()
    for number, name in enumerate(names):
        later.bounce(START + timedelta(days=1, seconds=number), name, f"u{number}@remote.example")
    read_lines(later.lines)

    assert "C09" in rules_of(SubjectKind.AUTHENTICATED_ID, "alice@example.com")
    same(utc)


def test_a_window_may_be_filled_by_several_runs(utc: LogHost, read_lines: Read) -> None:
    for part in range(5):
        log = Log()
        at = START + timedelta(minutes=part)
        log.guess(at, "203.0.113.7", f"u{part}")
        for number in range(6):
            name = log.login(at + timedelta(seconds=number), "203.0.113.8", "bob@example.com")
            log.bounce(at + timedelta(seconds=number), name, f"p{part}n{number}@remote.example")
        for number in range(5):
            log.login(at + timedelta(seconds=20 + number), "203.0.113.9", "eve@example.com", port=99)
        log.login(at, "203.0.113.10", f"user{part}@other.example")
        read_lines(log.lines)

    assert rules_of(SubjectKind.SENDER_HOST_ADDRESS, "203.0.113.7") == {"C01"}
    assert "C09" in rules_of(SubjectKind.AUTHENTICATED_ID, "bob@example.com")
    assert "C12" in rules_of(SubjectKind.AUTHENTICATED_ID, "eve@example.com")
    assert "A04" in rules_of(SubjectKind.SENDER_HOST_ADDRESS, "203.0.113.10")
    same(utc)


def test_a_regular_who_comes_back_takes_himself_out_of_the_count(utc: LogHost, read_lines: Read) -> None:
    """Days later, far from the window in which the others came."""
    log = Log()
    for number in range(6):
        log.login(START + timedelta(minutes=number), "203.0.113.10", f"user{number}@other.example")
    for number in range(8):
        log.login(START + timedelta(minutes=10 + number), "203.0.113.10", "user0@other.example")
    log.guess(START + timedelta(minutes=30), "203.0.113.10", "user9")
    read_lines(log.lines)
    assert "A04" not in rules_of(SubjectKind.SENDER_HOST_ADDRESS, "203.0.113.10")

    back = Log()
    back.login(START + timedelta(days=5), "203.0.113.10", "user0@other.example", port=7)
    read_lines(back.lines)

    assert "A04" in rules_of(SubjectKind.SENDER_HOST_ADDRESS, "203.0.113.10")
    same(utc)


@pytest.fixture
def keep_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """States of subjects with few refusals too."""
    monkeypatch.setattr(judging, "_WORTH_KEEPING", 1)
    monkeypatch.setattr(judging, "_WORTH_KEEPING_AT_ONCE", 1)


def refusals(random: Random, hours: int) -> Log:
    """Strangers who try to relay and to log in, some seconds between two refusals, some at the same second."""
    log, at = Log(), START
    while at < START + timedelta(hours=hours):
        at += timedelta(seconds=random.choice((0, 1, 30, 300, 900)))
        address = f"203.0.113.{random.randrange(20, 24)}"
        random.choice(
            (
                lambda at=at, address=address: log.relay(at, address),
                lambda at=at, address=address: log.unknown(at, address),
                lambda at=at, address=address: log.guess(at, address, f"u{random.randrange(9)}"),
            )
        )()
    return log


@pytest.mark.parametrize("seed", range(3))
def test_refusals_are_carried_forward(utc: LogHost, read_lines: Read, keep_all: None, seed: int) -> None:
    random = Random(seed)
    lines = refusals(random, hours=30).lines
    cuts = sorted(random.sample(range(len(lines)), 4))
    parts = [lines[start:end] for start, end in zip([0, *cuts], [*cuts, len(lines)], strict=True)]
    for part in parts:
        if part:
            read_lines(part)

    assert SubjectState.objects.count() >= 4
    same(utc)


def test_a_stranger_is_remembered_when_he_comes_again(utc: LogHost, read_lines: Read) -> None:
    lines = refusals(Random(5), hours=30).lines
    read_lines(lines[:200])
    assert not SubjectState.objects.exists()
    read_lines(lines[200:220])
    assert SubjectState.objects.exists()
    read_lines(lines[220:])

    same(utc)


def test_what_was_remembered_goes_when_older_refusals_come(utc: LogHost, read_lines: Read) -> None:
    lines = refusals(Random(6), hours=30).lines
    for part in (lines[40:200], lines[200:220], lines[:40], lines[220:]):
        read_lines(part)

    same(utc)


def test_older_refusals_that_come_late_count_as_if_in_order(
    utc: LogHost, read_lines: Read, keep_all: None
) -> None:
    lines = refusals(Random(7), hours=10).lines
    third = len(lines) // 3
    for part in (lines[third : 2 * third], lines[2 * third :], lines[:third]):
        read_lines(part)

    same(utc)


def test_a_stranger_who_gets_in_is_judged_from_all(utc: LogHost, read_lines: Read, keep_all: None) -> None:
    log = Log()
    for number in range(30):
        log.guess(START + timedelta(seconds=number), "203.0.113.7", "alice@example.com")
    read_lines(log.lines)
    later = Log()
    later.login(START + timedelta(hours=1), "203.0.113.7", "alice@example.com")
    read_lines(later.lines)

    suspect = Suspect.objects.get(kind=SubjectKind.SENDER_HOST_ADDRESS, value="203.0.113.7")
    assert suspect.logins_after_guessing == ["alice@example.com"]
    assert not SubjectState.objects.filter(value="203.0.113.7").exists()
    same(utc)


def test_a_run_that_stops_while_it_judges_is_judged_again(
    utc: LogHost, read_lines: Read, keep_all: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "SUBJECTS_AT_ONCE", 1)
    lines = refusals(Random(3), hours=20).lines
    read_lines(lines[: len(lines) // 2])
    with monkeypatch.context() as once:
        steps = iter(range(2))
        real = judging._judge_some

        def judge_two(*arguments: object) -> None:
            if next(steps, None) is None:
                raise RuntimeError("the worker died")
            real(*arguments)  # type: ignore[arg-type]

        once.setattr(judging, "_judge_some", judge_two)
        with pytest.raises(RuntimeError):
            read_lines(lines[len(lines) // 2 :])
    run = IngestRun.objects.latest("pk")
    assert Mark.objects.exists()
    IngestRun.objects.filter(pk=run.pk).update(lease_until=None)
    finish(run)

    assert not Mark.objects.exists()
    same(utc)


def test_a_blocklist_named_in_a_later_run_is_found(utc: LogHost, read_lines: Read) -> None:
    log = Log()
    name = log.login(START, "203.0.113.5", "alice@example.com")
    read_lines(log.lines)
    later = Log()
    later.bounce(START + timedelta(days=2), name, "u@remote.example", LISTED)
    read_lines(later.lines)

    assert rules_of(SubjectKind.AUTHENTICATED_ID, "alice@example.com") == {"B01"}
    assert AddressLogin.objects.count() == 1
    same(utc)


def test_what_nearly_every_customer_does_is_noted_and_not_stored(utc: LogHost, read_lines: Read) -> None:
    log = Log()
    name = log.login(START, "203.0.113.5", "alice@example.com")
    read_lines(log.lines)

    assert not MessageFinding.objects.exists()
    assert [finding.rule for finding in classification.findings_of(utc, name)] == ["H01"]


def test_false_senders_are_found_once_the_log_tells_which_domains_are_local(
    utc: LogHost, read_lines: Read
) -> None:
    log = Log()
    for number in range(12):
        name = message_id(START + timedelta(minutes=number), number)
        log.say(
            START + timedelta(minutes=number), f"{name} <= visitor@gmail.example U=www-data P=local S=900"
        )
    read_lines(log.lines)
    assert rules_of(SubjectKind.LOCAL_USER, "www-data") == set()

    later = Log()
    for number in range(3):
        name = message_id(START + timedelta(days=1), 100 + number)
        at = START + timedelta(days=1)
        later.say(at, f"{name} <= a@bad.example H=(mx.bad.example) [203.0.113.7] P=esmtp S=900")
        later.say(at, f"{name} => bob <bob@example.com> R=local_user T=local_delivery")
    read_lines(later.lines)

    assert rules_of(SubjectKind.LOCAL_USER, "www-data") == {"L04"}
    same(utc)


def test_a_script_is_found_in_a_window_that_two_runs_fill(utc: LogHost, read_lines: Read) -> None:
    """Each run alone is below the number; the user has sent before, in another hour."""
    for part, first in enumerate((-300, 58, 61)):
        log = Log()
        for number in range(12):
            at = START + timedelta(minutes=first, seconds=number)
            name = message_id(at, part * 100 + number)
            log.say(at, f"{name} <= shop@example.com U=www-data P=local S=900")
            log.say(
                at,
                f"{name} => z{number}@remote.example R=dnslookup T=remote_smtp H=mx.remote.example [192.0.2.9]",
            )
        read_lines(log.lines)
        assert ("L02" in rules_of(SubjectKind.LOCAL_USER, "www-data")) is (part == 2)
    same(utc)
