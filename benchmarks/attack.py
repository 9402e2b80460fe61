"""The attack of the story: a login through `plain` that needs no user name, found and used twice.

Its shape is that of a real case: HELO [127.0.0.1], a new forged sender for every message, more than ten
messages in one connection, strangers at big providers as recipients.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from benchmarks.failures import (
    BLOCKLISTED,
    GREYLISTED,
    THROTTLED,
    UNKNOWN_USER,
    holds_back,
    refuses,
    retries,
)
from benchmarks.log_host import Peer, local
from benchmarks.mail import Login, Message, Recipient, Session
from benchmarks.people import FORGED_DOMAINS, PROVIDERS, exchanger, person
from benchmarks.refusals import FailedLogins
from benchmarks.rhythm import MADRID

ATTACKER = Peer("203.0.113.45", "[127.0.0.1]")
FOLLOWER = Peer("198.51.100.77", "User")
NO_NAME = Login("plain", "")


@dataclass(frozen=True, slots=True)
class Wave:
    """One connection of the attacker."""

    begins: str  # Europe/Madrid
    messages: int


WAVES = (
    Wave("2026-03-11 06:41:08", 16),
    Wave("2026-03-11 06:58:31", 27),
    Wave("2026-03-11 14:20:12", 24),
    Wave("2026-03-11 22:05:47", 31),
    Wave("2026-03-12 03:33:20", 33),
    Wave("2026-03-12 10:12:05", 22),
    Wave("2026-03-12 16:48:39", 28),
    Wave("2026-03-12 23:21:56", 35),
    Wave("2026-03-13 05:02:14", 30),
    Wave("2026-03-13 11:37:28", 25),
    Wave("2026-03-13 18:09:03", 29),
    Wave("2026-03-14 01:15:44", 34),
    Wave("2026-03-14 08:51:17", 27),
    Wave("2026-03-14 15:26:52", 30),
    Wave("2026-03-14 22:40:06", 33),
    Wave("2026-03-15 06:14:35", 28),
    Wave("2026-03-15 13:03:49", 31),
    Wave("2026-03-15 19:32:10", 26),
    Wave("2026-03-15 23:50:21", 24),
)
FOLLOWER_BEGINS = ("2026-03-13 14:22:40", "2026-03-13 14:25:11", "2026-03-14 02:07:33")


def attack(random: Random) -> Iterator[Session | FailedLogins]:
    """Everything the two addresses do on srv1."""
    yield FailedLogins(local("2026-03-11 06:39:52", MADRID), ATTACKER, "plain", ("admin", "test@example.com"))
    for wave in WAVES:
        begins = local(wave.begins, MADRID)
        yield _connection(random, begins, ATTACKER, wave.messages)
    for text in FOLLOWER_BEGINS:
        yield _connection(random, local(text, MADRID), FOLLOWER, 2)


def _connection(random: Random, begins: float, peer: Peer, count: int) -> Session:
    messages = tuple(_spam(random, begins) for _ in range(count))
    return Session(begins, peer, messages, login=NO_NAME, tls=False, pace=random.uniform(1.6, 2.6))


def _spam(random: Random, at: float) -> Message:
    domain = random.choice(FORGED_DOMAINS)
    recipients = tuple(_stranger(random, at) for _ in range(random.choices((1, 2, 3), (84, 11, 5))[0]))
    return Message(
        sender=person(random, domain),
        recipients=tuple({recipient.address: recipient for recipient in recipients}.values()),
        size=random.randrange(1180, 1460),
        header_id=f"{random.getrandbits(64):016x}@{domain}",
    )


def _stranger(random: Random, at: float) -> Recipient:
    """A recipient at a provider, and what the provider does with it."""
    domain = random.choices(tuple(PROVIDERS), (34, 24, 13, 12, 9, 8))[0]
    address, server, fate = person(random, domain), exchanger(domain), random.random()
    if refuses(domain, at):
        return Recipient(address, exchanger=server, refusal=BLOCKLISTED)
    if fate < 0.36:
        return Recipient(address, exchanger=server, refusal=UNKNOWN_USER)
    if holds_back(domain, at):
        return Recipient(address, exchanger=server, deferrals=retries(THROTTLED, 40))
    if domain == "freemail.example" and fate < 0.54:
        return Recipient(address, exchanger=server, deferrals=retries(THROTTLED, random.randrange(1, 5)))
    if fate > 0.97:
        return Recipient(address, exchanger=server, deferrals=(GREYLISTED,))
    return Recipient(address, exchanger=server)
