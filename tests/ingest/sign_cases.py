"""Logs that are just over a limit of a rule on the log host as a whole, or just below it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

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


type Case = tuple[str, Log, str | None]
"""A rule, a log, and how severe what it finds is; None: it finds nothing."""


def login(number: int, who: str, protocol: str = "esmtpsa", sender: str = "alice@example.com") -> str:
    address = f"203.0.113.{number % 250 + 1}"
    return f"{sender} H=([192.168.1.5]) [{address}] P={protocol} A={who}"


def unrecorded() -> Iterator[Case]:
    log = Log()
    log.mail(0, login(1, "plain"))
    yield "A02", log, "medium"
    log = Log()
    log.mail(0, login(1, "plain:alice@example.com"))
    log.mail(1, login(1, "plain:"))
    yield "A02", log, None


def never_refused() -> Iterator[Case]:
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


def cleartext() -> Iterator[Case]:
    for protocol, address, severity in (
        ("esmtpa", "203.0.113.2", "low"),
        ("esmtpsa", "203.0.113.2", None),
        ("esmtpa", "127.0.0.1", None),
        ("esmtpa", "10.0.0.7", None),
    ):
        log = Log()
        log.mail(0, login(1, "plain:alice", protocol).replace("203.0.113.2", address))
        yield "A06", log, severity
    log = Log()
    log.mail(0, login(1, "cram_md5:alice", "esmtpa"))
    yield "A06", log, None


def not_advertised() -> Iterator[Case]:
    log = Log()
    log.say(
        0, 'SMTP protocol error in "AUTH LOGIN" H=(x) [203.0.113.9] AUTH command used when not advertised'
    )
    yield "A07", log, "info"
    log = Log()
    log.say(
        0, 'SMTP protocol error in "STARTTLS" H=(x) [203.0.113.9] STARTTLS command used when not advertised'
    )
    yield "A07", log, None


def passwords() -> Iterator[Case]:
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


def gateway() -> Iterator[Case]:
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


def scripts() -> Iterator[Case]:
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
    yield "L01", ran(100, program="/usr/sbin/exim4 -bt bob@remote.example"), None
    yield "L01", ran(100, program="/usr/sbin/exim -E1adYz1-0007sb-Pz -t -i"), "high"
    yield "L01", ran(100, program="/usr/sbin/exim -t -oem -oi -f <> -E1adYz1-0007sb-Pz"), None
    yield "L01", ran(100, directory="/"), None
    yield "L01", ran(100, directory="/var/spool/exim4"), None
    yield "L01", ran(100, pause=1), None


def own_mail() -> Iterator[Case]:
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


def refusals() -> Iterator[Case]:
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


def throttled() -> Iterator[Case]:
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


def backscatter() -> Iterator[Case]:
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


def joe_job() -> Iterator[Case]:
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


def queue() -> Iterator[Case]:
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


def new_ids() -> Iterator[Case]:
    def weeks(*ids: str, days: float = 16, people: int = 25, before: str = "") -> Log:
        log = Log()
        for n in range(people):
            log.mail(n, login(n, f"plain:person{n}@example.com"))
        if before:
            log.mail(60, login(60, f"plain:{before}"))
        log.mail(13.9 * 1440, login(1, "plain:person1@example.com"))
        for n, name in enumerate(ids):
            log.mail((days - 1) * 1440 + n, login(90 + n, f"plain:{name}"))
        log.mail(days * 1440, login(1, "plain:person1@example.com"))
        return log

    stranger = "nosuchuser@elsewhere.example"
    yield "A03", weeks(stranger), "high"
    yield "A03", weeks("nosuchuser"), "high"
    yield "A03", weeks("x1@a.example", "x2@b.example", "x3"), "high"
    yield "A03", weeks(stranger, days=14), None  # not long enough to know who logs in
    yield "A03", weeks(stranger, people=19), None
    yield "A03", weeks(stranger, before=stranger), None
    yield "A03", weeks(stranger, before="NoSuchUser@elsewhere.example"), None
    yield "A03", weeks("new@example.com"), None  # a new mailbox
    yield "A03", weeks("new@mail.example.com"), None
    yield "A03", weeks("EXAMPLE\\person7"), None
    yield "A03", weeks("person7"), None
    yield "A03", weeks("person7@alias.example"), None
    yield "A03", weeks("second@customer.example", before="first@customer.example"), None


CASES = [
    case
    for cases in (
        unrecorded, never_refused, cleartext, not_advertised, passwords, gateway, scripts, own_mail, refusals,
        throttled, backscatter, joe_job, queue, new_ids,
    )
    for case in cases()
]  # fmt: skip
