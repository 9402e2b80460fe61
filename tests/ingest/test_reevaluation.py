"""Whatever changes is judged again in the background, once for several changes, and survives what workers do not."""

import io
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils.timezone import now
from kombu.exceptions import OperationalError as NoBroker

from ingest import classification, knowledge, reevaluation, reevaluation_leases, tasks
from ingest.leases import TakenOver
from ingest.models import AllowEntry, IngestRun, LogHost, Message, Reevaluation, Suspect
from ingest.stored_facts import may_be_found
from ingest.stored_log_hosts import log_host_facts
from mailwatch.operations import log_hosts as operations
from tests.ingest.conftest import SAMPLES, read_files
from tests.ingest.content import content
from tests.ingest.test_classification import START, Log, same, utc  # noqa: F401
from tests.ingest.test_knowledge import judged, relayed

type Read = Callable[[Sequence[str]], IngestRun]

pytestmark = pytest.mark.django_db

State, Scope = Reevaluation.State, Reevaluation.Scope
TODAY = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def asked(srv1: LogHost) -> Reevaluation:
    return reevaluation_leases.ask(srv1, "local domains changed")


def test_what_is_asked_for_while_one_waits_joins_it(srv1: LogHost, asked: Reevaluation) -> None:
    Reevaluation.objects.update(scope=Scope.ALLOWED)
    reevaluation_leases.ask(srv1, "R01 for 192.0.2.1 allowed", scope=Scope.ALLOWED)
    assert Reevaluation.objects.get().scope == Scope.ALLOWED
    reevaluation_leases.ask(srv1, "thresholds changed")
    reevaluation_leases.ask(srv1, "thresholds changed")
    waiting = Reevaluation.objects.get()
    assert waiting.scope == Scope.EVERYTHING
    assert waiting.why == "local domains changed; R01 for 192.0.2.1 allowed; thresholds changed"


def test_what_is_asked_for_while_one_runs_waits_for_it(srv1: LogHost, asked: Reevaluation) -> None:
    running = reevaluation_leases.take(asked.pk)
    assert running is not None
    later = reevaluation_leases.ask(srv1, "thresholds changed")
    assert later.pk != asked.pk
    assert reevaluation_leases.take(later.pk) is None  # one at a time
    assert reevaluation_leases.take(asked.pk) is None
    reevaluation_leases.finish(running)
    assert reevaluation_leases.open_reevaluations() == [later.pk]
    assert reevaluation_leases.take(later.pk) is not None


def test_that_of_a_worker_that_died_is_begun_again(asked: Reevaluation) -> None:
    dead = reevaluation_leases.take(asked.pk)
    assert dead is not None
    reevaluation_leases.hold(dead, 5, 10)
    assert reevaluation_leases.open_reevaluations() == []
    Reevaluation.objects.update(lease_until=now() - timedelta(seconds=1))
    assert reevaluation_leases.open_reevaluations() == [asked.pk]
    reevaluation.work(asked.pk)
    with pytest.raises(TakenOver):
        reevaluation_leases.hold(dead, 6, 10)
    reevaluation_leases.finish(dead, error="too late")
    asked.refresh_from_db()
    assert (asked.state, asked.attempts, asked.error) == (State.DONE, 2, "")


def test_one_that_kills_every_worker_is_given_up(asked: Reevaluation) -> None:
    Reevaluation.objects.update(
        state=State.RUNNING,
        attempts=reevaluation_leases.MOST_ATTEMPTS,
        lease_until=now() - timedelta(hours=1),
    )
    reevaluation.work(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.is_over) == (State.FAILED, True)
    assert asked.error.startswith("Given up")


def test_a_fault_is_told_and_a_database_that_is_away_is_waited_for(
    asked: Reevaluation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: Any, **__: Any) -> int:
        raise OperationalError("server closed the connection")

    def fault(*_: Any, **__: Any) -> int:
        raise ValueError("no such thing")

    monkeypatch.setattr(classification, "reclassify", away)
    with pytest.raises(OperationalError):
        reevaluation.work(asked.pk)
    Reevaluation.objects.update(lease_until=now() - timedelta(seconds=1))
    assert reevaluation_leases.open_reevaluations() == [asked.pk]
    monkeypatch.setattr(classification, "reclassify", fault)
    reevaluation.work(asked.pk)
    asked.refresh_from_db()
    assert (asked.state, asked.error) == (State.FAILED, "ValueError: no such thing")


def test_without_a_broker_it_waits_for_the_next_worker(
    srv1: LogHost, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    def refuse(**_: Any) -> None:
        raise NoBroker("Connection refused.")

    monkeypatch.setattr(tasks.reevaluate, "delay", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        operations.change_knowledge(log_host=srv1, local_domains=["example.com"])
    queued: list[int] = []
    monkeypatch.setattr(
        tasks.reevaluate, "apply_async", lambda kwargs, expires: queued.append(kwargs["reevaluation_id"])
    )
    tasks.requeue_expired()
    assert queued == [Reevaluation.objects.get().pk]
    tasks.reevaluate(reevaluation_id=queued[0])
    assert Reevaluation.objects.get().state == State.DONE


def test_it_says_how_far_it_is_and_what_became_of_the_answer(utc: LogHost, read_lines: Read) -> None:  # noqa: F811
    log = Log()
    relayed(log, "203.0.113.66")
    read_lines(log.lines)
    knowledge.change(utc, local_domains=["example.com"], trusted_networks=["203.0.113.0/24"])
    steps: list[tuple[int, int]] = []
    done = reevaluation.now(utc, "asked", lambda *step: steps.append(step))
    assert steps == sorted(steps)
    assert steps[-1] == (2, 2)
    assert (done.done, done.total, done.messages) == (2, 2, 2)
    assert done.before["relaying"] == "yes"
    assert done.before["suspects"] == [["sender_host_address", "203.0.113.66", "high"]]
    assert done.after["relaying"] not in ("yes", "suspected")
    assert done.after["suspects"] == []


def test_lines_that_are_read_while_something_changes_are_judged_by_it(
    utc: LogHost,  # noqa: F811
    read_lines: Read,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The change comes, and is re-evaluated, between the batches of a run and its end."""
    settle = classification.settle

    def changed_first(run: IngestRun, **options: Any) -> None:
        monkeypatch.setattr(classification, "settle", settle)
        knowledge.change(LogHost.objects.get(pk=utc.pk), trusted_networks=["203.0.113.0/24"])
        judged(utc)
        settle(run, **options)

    monkeypatch.setattr(classification, "settle", changed_first)
    log = Log()
    relayed(log, "203.0.113.66")
    read_lines(log.lines)
    assert Reevaluation.objects.filter(state=State.WAITING).count() == 1
    judged(utc)
    assert not Suspect.objects.exists()
    same(utc)
    log = Log()
    log.relay(START + timedelta(days=3), "203.0.113.9")
    read_lines(log.lines)
    assert not Reevaluation.objects.filter(state=State.WAITING).exists()


# ---- after any sequence of changes, what is stored is what judging everything gives


def some_lines(chance: Random, day: int) -> list[str]:
    log = Log()
    log._number = 1000 * day
    addresses = ["203.0.113.66", "203.0.113.7", "10.0.0.8", "198.51.100.5"]
    start = START + timedelta(days=day)
    for number in range(40):
        at = start + timedelta(seconds=20 * number)
        address = chance.choice(addresses)
        match chance.randrange(5):
            case 0:
                log.guess(at, address, chance.choice(["alice", "bob", "mallory"]))
            case 1:
                log.login(at, address, chance.choice(["alice", "bob@example.com", "mallory", ""]))
            case 2:
                log.relay(at, address)
            case 3:
                name = log.login(at, address, "alice", port=7)
                log.bounce(at, name, f"u{number}@remote.example")
            case _:
                name = log.login(at, address, "")
                log.lines.pop()
                sender = chance.choice(["spam@bad.example", "a@example.com", ""]) or "<>"
                log.say(at, f"{name} <= {sender} H=(srv1) [{address}]:9 P=esmtp S=900")
                to = chance.choice(["x@remote.example", "y%z@example.com", "b@example.org"])
                log.say(at, f"{name} => {to} R=r T=remote_smtp H=mx.r.example [198.51.100.9]")
                log.say(at, f"{name} Completed")
    return log.lines


def change_something(chance: Random, host: LogHost) -> None:
    match chance.randrange(8):
        case 0:
            knowledge.change(host, local_domains=chance.sample(["example.com", "example.org"], k=1))
        case 1:
            knowledge.change(host, trusted_networks=chance.choice([[], ["203.0.113.0/25"], ["10.0.0.0/8"]]))
        case 2:
            knowledge.change(host, own_addresses=chance.choice([[], ["198.51.100.5"]]))
        case 3:
            knowledge.change(host, smarthosts=chance.choice([[], ["203.0.113.66"]]))
        case 4:
            knowledge.take_accounts(host, chance.choice(["alice\nbob", "alice\nbob\nmallory"]), replace=True)
        case 5:
            knowledge.change_limits(host, {"failed_logins": chance.choice(["2", "9", ""])})
        case 6:
            knowledge.allow(
                host,
                rule=chance.choice(["", "C01", "R01"]),
                kind="sender_host_address",
                value=chance.choice(["203.0.113.66", "203.0.113.7"]),
                reason="because",
                author="ada",
                until=START + timedelta(days=chance.randrange(5)),
                now=TODAY,
            )
        case _:
            for entry in AllowEntry.objects.filter(withdrawn_at=None)[:1]:
                knowledge.withdraw(entry, author="ada", now=TODAY)


@pytest.mark.parametrize("seed", range(6))
def test_after_any_changes_the_findings_are_those_of_judging_everything(
    utc: LogHost,  # noqa: F811
    read_lines: Read,
    seed: int,
) -> None:
    chance = Random(seed)
    for day in range(3):
        read_lines(some_lines(chance, day))
        for _ in range(chance.randrange(1, 4)):
            change_something(chance, LogHost.objects.get(pk=utc.pk))
            if chance.random() < 0.5 and Reevaluation.objects.filter(state=State.WAITING).exists():
                judged(utc)
    if Reevaluation.objects.filter(state=State.WAITING).exists():
        judged(utc)
    host = LogHost.objects.get(pk=utc.pk)
    before = content(host)
    everything_read(host)
    assert content(host) == before


def everything_read(host: LogHost) -> None:
    """Judges every message, without leaving any out."""
    every = list(Message.objects.filter(log_host_id=host.pk).values_list("message_id", flat=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classification, "may_be_found", lambda *_: every)
        classification.reclassify(host)


def test_of_ordinary_mail_few_messages_are_read_again(srv1: LogHost) -> None:
    read_files(srv1, SAMPLES / "srv1" / "mainlog")
    host = LogHost.objects.get(pk=srv1.pk)
    before = content(host)
    assert len(may_be_found(host.pk, log_host_facts(host))) < Message.objects.count()
    everything_read(host)
    assert content(host) == before


# ---- the command


def test_reclassify_says_what_became_of_the_answer(utc: LogHost, read_lines: Read) -> None:  # noqa: F811
    log = Log()
    relayed(log, "203.0.113.66")
    read_lines(log.lines)
    LogHost.objects.filter(pk=utc.pk).update(trusted_networks=["203.0.113.0/24"])
    out = io.StringIO()
    call_command("reclassify", "--json", stdout=out)
    (told,) = json.loads(out.getvalue())
    assert (told["log_host"], told["messages"]) == ("srv1", 2)
    assert told["suspects_that_went"] == [["sender_host_address", "203.0.113.66"]]
    assert set(told) == {
        *("log_host", "messages", "before", "after", "suspects_that_came", "suspects_that_went")
    }


def test_reclassify_tells_a_fault(srv1: LogHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classification, "reclassify", lambda *_, **__: 1 / 0)
    with pytest.raises(CommandError, match="srv1: ZeroDivisionError"):
        call_command("reclassify", stdout=io.StringIO())
