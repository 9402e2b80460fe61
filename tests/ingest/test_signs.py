"""What the hours of a log show of the log host: counted run by run as if everything was counted at once."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from ingest import classification, undo
from ingest.models import HourSign, IngestRun, LogHost
from ingest.pages import read_entries
from ingest.rebuild import rebuild
from ingest.rules.definition import Severity
from ingest.verification import verify
from tests.ingest.content import content

type Read = Callable[[Sequence[str]], IngestRun]

START = datetime(2026, 3, 9, 6, 0, tzinfo=UTC)
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
REMOTE = "R=dnslookup T=remote_smtp H=mx.remote.example [192.0.2.25]"


class Log:
    """Lines in the order in which they are made."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._number = 0

    def say(self, minutes: float, text: str) -> None:
        self.lines.append(f"{START + timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S} {text}")

    def mail(
        self,
        minutes: float,
        arrival: str,
        *outcomes: str,
        completed: float | None = 0.02,
        header_id: str = "",
    ) -> str:
        self._number += 1
        seconds, head = int((START + timedelta(minutes=minutes)).timestamp()), ""
        for _ in range(6):
            seconds, digit = divmod(seconds, 62)
            head = _DIGITS[digit] + head
        name = f"{head}-{self._number:011d}-0001"
        self.say(minutes, f"{name} <= {arrival} S=900" + (f" id={header_id}" if header_id else ""))
        for outcome in outcomes:
            self.say(minutes + 0.01, f"{name} {outcome}")
        if completed is not None:
            self.say(minutes + completed, f"{name} Completed")
        return name

    def refused(
        self, minutes: float, address: str, recipient: str, why: str, sender: str = "a@bad.example"
    ) -> None:
        self.say(minutes, f"H=(mx.bad.example) [{address}] F=<{sender}> rejected RCPT <{recipient}>: {why}")


@pytest.fixture
def host(srv1: LogHost) -> LogHost:
    LogHost.objects.filter(pk=srv1.pk).update(timezone="UTC", local_domains=["example.com"])
    srv1.refresh_from_db()
    return srv1


def found(host: LogHost) -> dict[str, Severity]:
    host.refresh_from_db()
    return {finding.rule: finding.severity for finding in classification.host_findings(host)}


def rows(host: LogHost) -> list[tuple[object, ...]]:
    names = ("hour", "sign", "value", "count", "total", "seen", "first_at", "last_at", "message_id")
    return sorted(HourSign.objects.filter(log_host=host).values_list(*names), key=repr)


def login(number: int, who: str, protocol: str = "esmtpsa", sender: str = "alice@example.com") -> str:
    address = f"203.0.113.{number % 250 + 1}"
    return f"{sender} H=([192.168.1.5]) [{address}] P={protocol} A={who}"


def unrecorded() -> Iterator[tuple[str, Log, str | None]]:
    log = Log()
    log.mail(0, login(1, "plain"))
    yield "A02", log, "medium"
    log = Log()
    log.mail(0, login(1, "plain:alice@example.com"))
    log.mail(1, login(1, "plain:"))
    yield "A02", log, None


def never_refused() -> Iterator[tuple[str, Log, str | None]]:
    def week(addresses: int, days: int, *, failed: str = "", base: str = "203.0.113") -> Log:
        log = Log()
        for number in range(addresses):
            arrival = login(number, "plain:alice@example.com").replace("203.0.113", base)
            log.mail(number * days * 1440 / (addresses - 1), arrival)
        log.refused(5, "203.0.113.9", "z@remote.example", "relay not permitted")
        if failed:
            log.say(
                9, f"{failed} authenticator failed for (x) [203.0.113.9]: 535 Incorrect authentication data"
            )
        return log

    yield "A05", week(20, 7), "high"
    yield "A05", week(19, 7), None
    yield "A05", week(20, 6), None
    yield "A05", week(20, 7, failed="plain"), None
    yield "A05", week(20, 7, failed="login"), "high"
    yield "A05", week(20, 7, base="192.168.7"), None


def cleartext() -> Iterator[tuple[str, Log, str | None]]:
    for protocol, address, severity in (
        ("esmtpa", "203.0.113.2", "low"),
        ("esmtpsa", "203.0.113.2", None),
        ("esmtpa", "127.0.0.1", None),
        ("esmtpa", "10.0.0.7", None),
    ):
        log = Log()
        log.mail(0, login(1, "plain:alice", protocol).replace("203.0.113.2", address))
        yield "A06", log, severity


def not_advertised() -> Iterator[tuple[str, Log, str | None]]:
    log = Log()
    log.say(
        0, 'SMTP protocol error in "AUTH LOGIN" H=(x) [203.0.113.9] AUTH command used when not advertised'
    )
    yield "A07", log, "info"


def passwords() -> Iterator[tuple[str, Log, str | None]]:
    def ids(*names: str) -> Log:
        log = Log()
        for number, name in enumerate(names):
            log.mail(number, login(number, f"login:{name}", sender=f"user{number}@example.com"))
        return log

    yield "A08", ids("Sommer2019", "hunter2!", "Xy77zz", "pa$$word", "Qwertz12"), "high"
    yield "A08", ids("Sommer2019", "hunter2!", "Xy77zz", "pa$$word"), None
    yield "A08", ids("alice", "bob", "carol", "dave.x", "e_ve"), None
    yield "A08", ids(*(f"EXAMPLE\\user{n}" for n in range(9))), None
    yield "A08", ids(*(f"Us3r{n}@example.com" for n in range(9))), None
    yield "A08", ids("Sommer2019", "hunter2!", "Xy77zz", "pa$$word", "Qwertz12", *["alice"] * 9), None


def gateway() -> Iterator[tuple[str, Log, str | None]]:
    def behind(
        names: int,
        *,
        address: str = "172.18.0.1",
        domain: str = "remote.example",
        relayed: int = 0,
        who: str = "",
    ) -> Log:
        log = Log()
        for number in range(names):
            to = f"=> z@else.example {REMOTE}" if number < relayed else "=> bob <bob@example.com> R=l T=local"
            log.mail(number * 10, f"a@bad.example H=(mx{number}.{domain}) [{address}] P=esmtp{who}", to)
        return log

    yield "R03", behind(21), "high"
    yield "R03", behind(21, relayed=5), "critical"
    yield "R03", behind(21, relayed=4), "high"
    yield "R03", behind(20), None
    yield "R03", behind(40, address="203.0.113.9"), None
    yield "R03", behind(40, address="127.0.0.1"), None
    yield "R03", behind(40, domain="example.com"), None
    yield "R03", behind(40, domain="lan"), None
    yield "R03", behind(40, who="sa A=plain:alice"), None


def scripts() -> Iterator[tuple[str, Log, str | None]]:
    def ran(
        number: int,
        directory: str = "/home/shop/public_html/wp-content",
        program: str = "/usr/sbin/sendmail -t -i",
        pause: float = 0.5,
    ) -> Log:
        log = Log()
        for n in range(number):
            log.say(n * pause, f"cwd={directory} 3 args: {program}")
        return log

    yield "L01", ran(100), "high"
    yield "L01", ran(99), None
    yield "L01", ran(100, program="/usr/sbin/exim -bs"), "high"
    yield "L01", ran(100, program="/usr/sbin/sendmail -i bob@remote.example"), "high"
    yield "L01", ran(100, program="/usr/sbin/exim -Mc 1adYz1-0007sb-Pz"), None
    yield "L01", ran(100, program="/usr/sbin/exim4 -bp"), None
    yield "L01", ran(100, program="/usr/sbin/exim -t -oem -oi -f <> -E1adYz1-0007sb-Pz"), None
    yield "L01", ran(100, directory="/"), None
    yield "L01", ran(100, directory="/var/spool/exim4"), None
    yield "L01", ran(100, pause=1), None


def own_mail() -> Iterator[tuple[str, Log, str | None]]:
    def sent(
        number: int, *, sender: str = "shop@example.com", address: str = "127.0.0.1", login: str = ""
    ) -> Log:
        log = Log()
        for n in range(number):
            to = [f"=> z{n}n{m}@remote.example {REMOTE}" for m in range(10)]
            log.mail(
                n, f"{sender.format(n)} H=localhost [{address}] P=esmtp{login}", *to, header_id=f"{n}@web"
            )
        return log

    yield "L03", sent(10), "medium"
    yield "L03", sent(9), None
    yield "L03", sent(10, sender="win@prize.example"), "high"
    yield "L03", sent(40, sender="user{}@example.com"), None
    yield "L03", sent(40, address="203.0.113.9"), None
    yield "L03", sent(40, login="a A=plain:alice"), None
    filtered = sent(10)
    for n in range(10):
        filtered.mail(n, "shop@example.com H=(pc) [203.0.113.7] P=esmtpsa A=plain:shop", header_id=f"{n}@web")
    yield "L03", filtered, None


def refusals() -> Iterator[tuple[str, Log, str | None]]:
    for rule, why, severity in (
        ("D01", "Unrouteable address", "low"),
        ("D02", "Sender verify failed", "info"),
        ("D03", "203.0.113.9 is listed at zen.spamhaus.org", "info"),
    ):
        for number, expected in ((10, severity), (9, None)):
            log = Log()
            for n in range(number):
                log.refused(n, "203.0.113.9", f"user{n}@example.com", why)
            yield rule, log, expected
    log = Log()
    for n in range(10):
        log.refused(n, "203.0.113.9", "info@example.com", "Unrouteable address")
    yield "D01", log, None
    for number, expected in ((10, "info"), (9, None)):
        log = Log()
        for n in range(number):
            log.say(n, 'SMTP syntax error in "XYZZY" H=(x) [203.0.113.9] unrecognized command')
        yield "D04", log, expected


def throttled() -> Iterator[tuple[str, Log, str | None]]:
    def put_off(number: int, text: str, *, pause: float = 1) -> Log:
        log = Log()
        for n in range(number):
            to, peer = "z@gmail.example R=dnslookup T=remote_smtp", "H=gmail-in.google.example [192.0.2.25]"
            said = f"SMTP error from remote mail server after MAIL FROM:<a>: {text}"
            later = f"== {to} defer (-46) {peer}: {said}"
            log.mail(n * pause, login(1, "plain:alice"), later, f"=> {to} {peer}", completed=20)
        return log

    yield "B02", put_off(5, "421 4.7.28 Our system has detected an unusual rate of mail"), "medium"
    yield "B02", put_off(4, "421 4.7.28 Our system has detected an unusual rate of mail"), None
    yield "B02", put_off(5, "421 4.7.0 [TSS04] Messages temporarily deferred", pause=16), None
    yield "B02", put_off(9, "451 4.7.1 Greylisting in action, please come back later"), None


def backscatter() -> Iterator[tuple[str, Log, str | None]]:
    def bounced(number: int, client: str) -> Log:
        log = Log()
        for n in range(number):
            dead = "** nobody@example.com R=x T=y H=mail.example.com [192.0.2.30]: 550 5.1.1 no such user"
            parent = log.mail(n, f"forged@victim.example {client}", dead)
            log.mail(n, f"<> R={parent} U=Debian-exim P=local", f"=> forged@victim.example {REMOTE}")
        return log

    stranger = "H=(mx.bad.example) [203.0.113.66] P=esmtp"
    yield "B04", bounced(20, stranger), "medium"
    yield "B04", bounced(19, stranger), None
    yield "B04", bounced(40, "H=(pc) [203.0.113.66] P=esmtpsa A=plain:alice"), None
    yield "B04", bounced(40, "H=(app) [10.0.0.7] P=esmtp"), None


def joe_job() -> Iterator[tuple[str, Log, str | None]]:
    def received(number: int, *, sent: int = 0) -> Log:
        log = Log()
        for n in range(number):
            log.mail(
                n, "<> H=(mx.remote.example) [192.0.2.25] P=esmtp", "=> bob <bob@example.com> R=l T=local"
            )
        for n in range(sent):
            log.mail(n, login(1, "plain:bob", sender="bob@example.com"), f"=> z@remote.example {REMOTE}")
        return log

    yield "B05", received(20), "info"
    yield "B05", received(19), None
    yield "B05", received(20, sent=19), "info"
    yield "B05", received(20, sent=20), None
    log = Log()
    for n in range(20):
        log.refused(n, f"192.0.2.{n}", f"made-up{n}@example.com", "Unrouteable address", sender="")
    yield "B05", log, "info"


def queue() -> Iterator[tuple[str, Log, str | None]]:
    for number, expected in ((20, "low"), (19, "info")):
        log = Log()
        for n in range(number):
            log.mail(n, "<> R=x U=Debian-exim P=local", "Frozen", completed=None)
        yield "Q01", log, expected
        log = Log()
        for n in range(number):
            gone = "** z@away.example R=dnslookup T=remote_smtp: retry timeout exceeded"
            log.mail(n, login(1, "plain:alice"), gone)
        yield "Q03", log, expected
    # the log ends an hour after the first of these minutes
    for last, severity in ((90, "medium"), (100, None)):
        log = Log()
        for n in range(1999):
            log.mail(n / 100, login(1, "plain:alice"), completed=None)
        log.mail(last, login(1, "plain:alice"), completed=None)
        log.mail(151, login(1, "plain:alice"))
        yield "Q02", log, severity
    log = Log()
    for n in range(2500):
        log.mail(n / 100, login(1, "plain:alice"), completed=None)
    yield "Q02", log, None


CASES = [
    case
    for cases in (
        unrecorded, never_refused, cleartext, not_advertised, passwords, gateway, scripts, own_mail, refusals,
        throttled, backscatter, joe_job, queue,
    )
    for case in cases()
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "log", "severity"),
    CASES,
    ids=[f"{rule}-{number}-{severity}" for number, (rule, _, severity) in enumerate(CASES)],
)
def test_from_which_number_on(
    host: LogHost, read_lines: Read, rule: str, log: Log, severity: str | None
) -> None:
    read_lines(log.lines)

    assert found(host).get(rule) == severity


def test_a_script_is_shown_with_a_line(host: LogHost, read_lines: Read) -> None:
    read_lines(next(log for rule, log, severity in CASES if rule == "L01" and severity).lines)

    (finding,) = classification.host_findings(host)
    (line,) = read_entries(host.pk, finding.lines)

    assert b"cwd=/home/shop/public_html/wp-content 3 args: /usr/sbin/sendmail -t -i" in line


def _some_of_all() -> list[str]:
    rules = {"A02", "A05", "R03", "L01", "L03", "B02", "B04", "D01", "Q01"}
    logs = [log for rule, log, _ in CASES if rule in rules][::3]
    return sorted({line for log in logs for line in log.lines})


def test_what_is_stored_is_what_the_lines_say_and_goes_with_them(host: LogHost, read_lines: Read) -> None:
    lines = _some_of_all()
    read_lines(lines[: len(lines) // 2])
    before = content(host)
    run = read_lines([*lines[len(lines) // 4 :], *[f"{lines[-1]} again"] * 3])

    assert [compared for compared in verify(host) if compared.differences] == []
    both = content(host)
    rebuild(host)
    assert content(host) == both
    assert undo.begin(run, by="helen")
    while undo.work(run.pk):
        pass
    assert content(host) == before


def test_each_is_shown_with_lines(host: LogHost, read_lines: Read) -> None:
    rules = {"A07", "B02", "B05", "D01", "D02", "D03", "D04"}
    for rule, log, severity in CASES:
        if rule in rules and severity:
            read_lines(log.lines)

    findings = {finding.rule: finding for finding in classification.host_findings(host)}

    assert rules <= set(findings)
    assert all(findings[rule].lines or findings[rule].message_ids for rule in rules)
    assert findings["B02"].values == ("google.example",)
    assert b"rejected RCPT" in read_entries(host.pk, findings["D01"].lines)[0]


def test_signs_are_the_same_in_any_order_of_runs(host: LogHost, read_lines: Read) -> None:
    logs = [
        log for rule, log, _ in CASES if rule in {"A02", "A05", "R03", "L03", "B02", "B04", "D01", "Q01"}
    ][::3]
    lines = sorted({line for log in logs for line in log.lines})
    Random(7).shuffle(lines)
    for start in range(0, len(lines), len(lines) // 4 + 1):
        read_lines(lines[start : start + len(lines) // 4 + 1])
    before, findings = rows(host), found(host)

    classification.reclassify(host)

    assert before == rows(host)
    assert findings == found(host)
