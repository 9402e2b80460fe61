"""The traces of an attack, read from the tables, are those that pasted lines have."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest

from ingest import classification
from ingest.explain import explain
from ingest.models import LogHost
from ingest.pages import read_entries
from ingest.rules.verdict import Verdict
from mailwatch.queries.answers import answers
from mailwatch.queries.ranges import Range
from tests.ingest.conftest import Reader
from tests.ingest.sign_cases import REMOTE, Log

pytestmark = pytest.mark.django_db

ATTACKER, OTHER = "203.0.113.66", "192.0.2.44"
LATER = "R=dnslookup T=remote_smtp defer (-44) H=mx.remote.example [192.0.2.25]: 421 later"
REFUSED = "535 Incorrect authentication data"


def _ordinary(log: Log) -> None:
    for n in range(4):
        arrival = f"friend@remote.example H=mx.remote.example [192.0.2.25] P=esmtp for u{n}@example.com"
        log.mail(n, arrival, f"=> u{n} <u{n}@example.com> R=local_user T=maildir_home")
        log.mail(
            n + 0.5,
            f"u{n}@example.com H=(pc) [198.51.100.{n + 7}] P=esmtpsa A=plain:u{n}@example.com",
            f"=> friend@remote.example {REMOTE}",
        )


def _spam(log: Log, minutes: float, client: str, *, waits: bool = False) -> None:
    """One message to two strangers, of whom one has a mailbox, and to somebody here."""
    log.mail(
        minutes,
        f"Spam@victim.example {client}",
        f"=> a{minutes}@one.example {REMOTE}",
        f"== b{minutes}@Two.example {LATER}"
        if waits
        else f"** b{minutes}@Two.example {REMOTE}: 550 5.1.1 user unknown",
        "=> u1 <u1@example.com> R=local_user T=maildir_home",
        completed=None if waits else 0.02,
    )


def nameless(log: Log) -> None:
    for n in range(60, 63):
        _spam(log, n, f"H=([127.0.0.1]) [{ATTACKER}] P=esmtpa A=plain:", waits=n == 61)
    log.say(90, f"plain authenticator failed for ([127.0.0.1]) [{ATTACKER}]: {REFUSED}")
    log.say(95, f"plain authenticator failed for (x) [{OTHER}]: {REFUSED}")
    log.say(96, f"plain authenticator failed for (x) [{OTHER}]: {REFUSED} (set_id=u1@example.com)")
    log.say(97, f"plain authenticator failed for (x) [{OTHER}]: 435 Unable to authenticate at present")


def relay(log: Log) -> None:
    for n in range(60, 63):
        _spam(log, n, f"H=(x) [{ATTACKER}] P=esmtp", waits=n == 62)
    log.mail(
        64,
        f"Spam@victim.example H=(x) [{ATTACKER}] P=esmtp",
        "=> u1 <u1@example.com> R=local_user T=maildir_home",
    )
    log.say(90, f"H=(y) [{OTHER}] F=<a@b.example> rejected RCPT <z@c.example>: relay not permitted")


def account(log: Log) -> None:
    for n in range(120):
        arrival = f"u1@example.com H=(x) [{ATTACKER}] P=esmtpsa A=plain:u1@example.com"
        log.mail(60 + n / 10, arrival, f"** d{n}@dead.example {REMOTE}: 550 5.1.1 user unknown")
    log.say(90, f"plain authenticator failed for (x) [{ATTACKER}]: {REFUSED} (set_id=u1@example.com)")


def script(log: Log) -> None:
    for n in range(60):
        log.mail(
            60 + n / 20, "win@prize.example U=www-data P=local", f"== d{n}@far.example {LATER}",
            completed=None,
        )  # fmt: skip


def nobody(log: Log) -> None:
    log.say(90, f"H=(y) [{OTHER}] F=<a@b.example> rejected RCPT <z@c.example>: relay not permitted")


def _log(attack: Callable[[Log], None]) -> Log:
    log = Log()
    _ordinary(log)
    attack(log)
    log.say(900, "Start queue run: pid=1")
    log.lines.sort()
    return log


def _comparable(verdict: Verdict) -> dict[str, object]:
    document = verdict.as_json()["verdict"]
    names = ("headline", "summary", "relaying", "sent", "waiting", "is_over", "repaired", "facts")
    return {name: document[name] for name in names}


@pytest.mark.parametrize(
    ("attack", "rule", "strangers", "waiting", "repaired"),
    [
        (nameless, "A01", 6, 1, "yes"),
        (relay, "R01", 6, 1, "yes"),
        (account, "C09", 120, 0, "yes"),
        (script, "L02", 60, 60, "unknown"),
        (nobody, None, None, None, None),
    ],
)
def test_stored_and_pasted_lines_leave_the_same_traces(
    srv1: LogHost,
    read_lines: Reader,
    attack: Callable[[Log], None],
    rule: str | None,
    strangers: int | None,
    waiting: int | None,
    repaired: str | None,
) -> None:
    lines = _log(attack).lines
    read_lines(lines)
    srv1.refresh_from_db()
    stored = classification.verdict_for(srv1)
    pasted = explain("\n".join(lines).encode(), zone=ZoneInfo(srv1.timezone), log_host="srv1").verdict

    assert _comparable(stored) == _comparable(pasted)
    assert stored.rule == pasted.rule == rule
    if stored.after is not None and pasted.after is not None:
        assert (stored.after.sent.strangers, stored.after.waiting.total) == (strangers, waiting)
        assert stored.after.repair.answer == repaired
        assert stored.after.waiting == pasted.after.waiting
        assert _line(srv1, stored) == _pasted_line(lines, pasted)


def _line(log_host: LogHost, verdict: Verdict) -> str | None:
    line = verdict.after.repair.line if verdict.after else None
    return None if line is None else read_entries(log_host.pk, [line])[0].decode()


def _pasted_line(lines: list[str], verdict: Verdict) -> str | None:
    line = verdict.after.repair.line if verdict.after else None
    return None if line is None else lines[line - 1]


def test_the_refused_line_stands_beside_the_answer(srv1: LogHost, read_lines: Reader) -> None:
    read_lines(_log(nameless).lines)
    srv1.refresh_from_db()
    (answer,) = answers(log_host=srv1, asked=Range())

    assert answer.refused_line is not None
    assert b"plain authenticator failed for ([127.0.0.1]) [203.0.113.66]" in answer.refused_line
    assert answer.verdict.rule == "A01"
    assert answer.evidence is not None


def test_an_attack_on_the_log_host_as_a_whole_has_its_evidence(srv1: LogHost, read_lines: Reader) -> None:
    log = Log()
    _ordinary(log)
    for n in range(130):
        log.mail(
            60 + n / 10, "win@prize.example H=localhost [127.0.0.1] P=esmtp", f"=> d{n}@far.example {REMOTE}"
        )
    read_lines(log.lines)
    srv1.local_domains = ["example.com"]
    srv1.save()
    srv1.refresh_from_db()
    (answer,) = answers(log_host=srv1, asked=Range())

    assert (answer.verdict.rule, answer.verdict.relaying) == ("L03", "suspected")
    assert answer.verdict.after is not None
    assert (answer.verdict.after.sent.messages, answer.verdict.after.sent.strangers) == (130, 130)
    assert answer.evidence is not None
    assert b"win@prize.example" in answer.evidence.raw
