"""A log of any length for measurements: streamed, so that its length costs no memory.

About 190 bytes a line; of the messages 55 % come in, 35 % are submitted, the rest is made on the machine;
85 % have one recipient; a quarter of the lines are rejections and failures. Machines of other people have
the addresses set aside for benchmarks (198.18.0.0/15, RFC 2544).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from math import inf
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from benchmarks import people
from benchmarks.failures import CONNECTION_REFUSED, GREYLISTED, UNKNOWN_USER, retries
from benchmarks.interleave import interleave, with_queue_runs
from benchmarks.log_host import Exchanger, Happening, Logging, LogHost, Peer, utc
from benchmarks.mail import LocalSubmission, Login, Message, Recipient, Session
from benchmarks.refusals import DISTURBANCES, Disturbance, FailedLogins, RefusedRecipients
from benchmarks.rhythm import BY_HOUR

BEGINS = utc("2026-03-01 00:00:00")
AUTHENTICATORS = ("dovecot_login", "plain", "login")
REFUSED_SHARE = 0.49  # of what happens; 25 % of the lines, as a message has more lines than a refusal
LINES_A_HAPPENING = 2.4
WRITTEN_AT_ONCE = 20_000  # lines


@dataclass(frozen=True, slots=True)
class Population:
    """Everybody who appears in the log. An account has one machine, and nobody else uses it."""

    accounts: tuple[str, ...]
    machines: tuple[Peer, ...]  # of the account at the same place
    exchangers: tuple[Exchanger, ...]
    senders: tuple[tuple[str, Peer], ...]  # domain, and the machine it sends from
    strangers: tuple[Peer, ...]


def write_bulk(
    target: Path, *, lines: int, seed: int, days: float, long_ids: bool = True, begins: float = BEGINS
) -> None:
    """Write exactly `lines` lines that span about `days` days from `begins` on (seconds since 1970)."""
    random = Random(seed)
    host = replace(_host(random), long_ids=long_ids, first_queue_run=begins + 300)
    pace = days * 86_400 / lines * LINES_A_HAPPENING
    happenings = with_queue_runs(host, stream(random, population(), pace, begins), since=begins, until=inf)
    written = islice(interleave(host, happenings, until=inf), lines)
    with target.open("w", encoding="ascii", newline="\n") as out:
        while part := [host.stamp(second) + text for second, text in islice(written, WRITTEN_AT_ONCE)]:
            out.write("\n".join(part) + "\n")


def stream(random: Random, everybody: Population, pace: float, begins: float = BEGINS) -> Iterator[Happening]:
    """What happens, in order, for ever; `pace` is the mean distance in seconds."""
    at, mean = begins, sum(BY_HOUR) / 24
    while True:
        at += random.expovariate(1) * pace * mean / BY_HOUR[int(at // 3600) % 24]
        yield (
            _refusal(random, everybody, at)
            if random.random() < REFUSED_SHARE
            else _mail(random, everybody, at)
        )


@cache
def population() -> Population:
    """5,000 accounts in 40 domains, 2,000 domains elsewhere, 3,000 machines of strangers."""
    accounts = tuple(
        f"{first}.{last}@customer{number}.example"
        for number in range(40)
        for first in people.FIRST_NAMES
        for last in people.LAST_NAMES[:5]
    )
    elsewhere = tuple(f"site{number}.example" for number in range(2000))
    return Population(
        accounts=accounts,
        machines=tuple(Peer(_address(n), f"[192.168.1.{n % 250}]") for n in range(len(accounts))),
        exchangers=tuple(Exchanger(f"mx.{d}", _address(20_000 + n)) for n, d in enumerate(elsewhere)),
        senders=tuple(
            (d, Peer(_address(30_000 + n), f"out.{d}", f"out.{d}")) for n, d in enumerate(elsewhere)
        ),
        strangers=tuple(Peer(_address(40_000 + n), f"host-{n}.offers.test") for n in range(3000)),
    )


def _host(random: Random) -> LogHost:
    return LogHost(
        name="bulk",
        primary_hostname="mail.example.com",
        address="192.0.2.25",
        zone=ZoneInfo("UTC"),
        random=random,
        first_queue_run=BEGINS + 300,
        queue_run_every=1800,
        logging=Logging(ports=True, interface=True, listed_recipients=True, subjects=True),
        local_transport="dovecot_lmtp",
        exchanger=lambda domain: Exchanger(f"mx.{domain}", _address(20_000 + len(domain))),
        local_domains=frozenset(f"customer{number}.example" for number in range(40)),
    )


def _mail(random: Random, everybody: Population, at: float) -> Happening:
    kind = random.random()
    if kind < 0.55:
        return _inbound(random, everybody, at)
    if kind < 0.90:
        return _submission(random, everybody, at)
    account = random.choice(everybody.accounts)
    return LocalSubmission(
        at, "www-data", _message(random, "www-data@mail.example.com", (Recipient(account),))
    )


def _inbound(random: Random, everybody: Population, at: float) -> Session:
    domain, peer = random.choice(everybody.senders)
    recipients = tuple(
        {a: Recipient(a) for a in random.sample(everybody.accounts, _how_many(random))}.values()
    )
    return Session(at, peer, (_message(random, people.person(random, domain), recipients),))


def _submission(random: Random, everybody: Population, at: float) -> Session:
    number = random.randrange(len(everybody.accounts))
    account = everybody.accounts[number]
    together = random.choice(everybody.exchangers) if random.random() < 0.5 else None
    recipients = tuple(
        _correspondent(random, together or random.choice(everybody.exchangers))
        for _ in range(_how_many(random))
    )
    login = Login(AUTHENTICATORS[number % 3], account)
    return Session(at, everybody.machines[number], (_message(random, account, recipients),), login=login)


def _how_many(random: Random) -> int:
    return 1 if random.random() < 0.85 else random.randrange(2, 6)


def _correspondent(random: Random, exchanger: Exchanger) -> Recipient:
    address, fate = people.person(random, exchanger.name[3:]), random.random()
    if fate < 0.02:
        return Recipient(address, exchanger=exchanger, refusal=UNKNOWN_USER)
    if fate < 0.05:
        return Recipient(address, exchanger=exchanger, deferrals=(GREYLISTED,))
    if fate < 0.06:
        return Recipient(address, exchanger=exchanger, deferrals=retries(CONNECTION_REFUSED, 6))
    return Recipient(address, exchanger=exchanger)


def _message(random: Random, sender: str, recipients: tuple[Recipient, ...]) -> Message:
    header_id = f"{random.getrandbits(48):012x}@{sender.rpartition('@')[2]}"
    return Message(sender, recipients, random.randrange(900, 90_000), header_id, people.subject(random))


def _refusal(random: Random, everybody: Population, at: float) -> Happening:
    """Relay attempts, unknown users, blocklisted hosts; failed logins and broken connections."""
    kind, peer = random.random(), random.choice(everybody.strangers)
    account = random.choice(everybody.accounts)
    sender = people.person(random, random.choice(people.FORGED_DOMAINS))
    if kind < 0.25:
        return RefusedRecipients(at, peer, sender, (f"x.{account}.test",), "relay not permitted")
    if kind < 0.5:
        return RefusedRecipients(at, peer, sender, (f"old.{account}",), "Unrouteable address")
    if kind < 0.75:
        reason = "rejected because {address} is in a black list at dnsbl.security.example"
        return RefusedRecipients(at, peer, sender, (account,) * random.randrange(1, 4), reason)
    if kind < 0.9:
        return FailedLogins(at, peer, random.choice(AUTHENTICATORS), (account,) * random.randrange(1, 4))
    return Disturbance(at, peer, random.choice(DISTURBANCES))


def _address(number: int) -> str:
    return f"198.{18 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
