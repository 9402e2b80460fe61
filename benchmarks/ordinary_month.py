"""A month of ordinary traffic of one mail server: what nobody should be alarmed by.

python -m benchmarks.ordinary_month OUT --users 2000 --days 30

Where the ratios come from. Counted in real logs (Exim's own test suite, 1,479 arrivals; a live Exim 4.96 with its
default log_selector, 24 arrivals):
- null senders: 234 of 1,479 and 6 of 24 arrivals. Both provoke bounces, so the month has fewer: about 5 of 100 come in
  (REPORTS), and each failed recipient makes one more.
- first deliveries to further recipients of the same round (`->` to `=>`): 160 to 1,119. Here 1 in 7 messages has
  more recipients (SEVERAL).
- deferred to delivered: 328 to 1,119 and 12 to 24, again provoked; here 6 of 100 recipients wait (DEFERRED), most for
  greylisting.
- rejected recipients that were put off rather than refused: 56 of 211. Here greylisting is a tenth of the refusals,
  as blocklists refuse more on a server that the world knows.
- relaying refused: 9 of 126 refused recipients and 1 of 3 of those of the live log. Here 8 of 100.
What the samples cannot tell (how people roam, how long newsletters are, how often passwords are mistyped) is set by
hand, and stands beside its constant.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from random import Random

from benchmarks import people
from benchmarks.failures import (
    CONNECTION_REFUSED,
    GREYLISTED,
    MAILBOX_FULL,
    UNKNOWN_USER,
    retries,
)
from benchmarks.interleave import interleave, with_queue_runs
from benchmarks.log_host import Happening, Logging, LogHost, Peer
from benchmarks.mail import Login, Message, Recipient, Session
from benchmarks.month_noise import noise
from benchmarks.month_people import BACKED_UP, CUSTOMERS, Person, Population, population
from benchmarks.month_programs import NEWSLETTER_HOST, programs, sending_server
from benchmarks.rhythm import MADRID, Day
from benchmarks.rhythm import days as days_from

FIRST_DAY = "2026-02-02"
USERS, DAYS = 2000, 30
REPORTS = 0.05
SEVERAL = 0.14
DEFERRED = 0.06
OLD_ADDRESS = 0.012  # of those that people write to
FORWARDED = 0.04  # of the mail that comes in
SHARED_BY = 6  # people who use the account of a shared mailbox

LOCAL_DOMAINS = (*CUSTOMERS, "example.com", "mail.example.com")
RELAY_DOMAINS = BACKED_UP
TRUSTED_NETWORKS = ("127.0.0.1", "::1", f"{NEWSLETTER_HOST.address}")


def log_host(random: Random, everybody: Population) -> LogHost:
    """The server, with the log_selector that Debian packages and +received_recipients."""
    return LogHost(
        name="month",
        primary_hostname="mail.example.com",
        address="192.0.2.25",
        zone=MADRID,
        random=random,
        first_queue_run=_midnight(0) + 7 * 60,
        queue_run_every=1800,
        logging=Logging(listed_recipients=True),
        exchanger=everybody.exchanger,
        local_domains=frozenset(LOCAL_DOMAINS),
    )


def month(*, users: int = USERS, days: int = DAYS, seed: int = 1) -> Iterator[str]:
    """Its lines in the order of the log; the same for the same arguments."""
    random = Random(seed)
    everybody = population(random, users, days)
    host = log_host(Random(seed + 1), everybody)
    since, until = _midnight(0), _midnight(days)
    happenings = with_queue_runs(
        host, _happenings(random, everybody, days, users / USERS), since=since, until=until
    )
    for second, text in interleave(host, happenings, until=until):
        yield f"{host.stamp(second)}{text}\n"


def _midnight(number: int) -> float:
    return list(days_from(FIRST_DAY, number + 1))[-1].at("00:00:00")


def _happenings(random: Random, everybody: Population, days: int, scale: float) -> Iterator[Happening]:
    for number, day in enumerate(days_from(FIRST_DAY, days)):
        today = [
            *_written(random, everybody, day, number),
            *_received(random, everybody, day, scale),
            *noise(random, everybody, day, scale),
            *programs(random, everybody, day, number, scale),
        ]
        yield from sorted(today, key=attrgetter("at"))


def _written(random: Random, everybody: Population, day: Day, number: int) -> Iterator[Session]:
    """What people submit; those who share a mailbox also send through its account."""
    midnight = day.at("00:00:00")
    for place, person in enumerate(everybody.people):
        mean = person.per_day * (0.2 if day.weekend else 1.0)
        for at in day.moments(random, _poisson(random, mean)):
            sent_by = person
            if place % 100 < SHARED_BY and random.random() < 0.3:
                shared = everybody.people[place - place % 100]
                sent_by = replace(person, account=shared.account, aliases=())
            hour = int((at - midnight) // 3600)
            yield _submission(random, everybody, sent_by, at, sent_by.machine(random, number, hour))


def _poisson(random: Random, mean: float) -> int:
    count, left = 0, random.expovariate(1.0)
    while left < mean:
        count += 1
        left += random.expovariate(1.0)
    return count


def _submission(random: Random, everybody: Population, person: Person, at: float, peer: Peer) -> Session:
    sender = random.choice(person.aliases) if person.aliases else person.account
    found: dict[str, Recipient] = {}
    for _ in range(_how_many(random)):
        recipient = _correspondent(random, everybody, person)
        found[recipient.address] = recipient
    message = Message(
        sender,
        tuple(found.values()),
        random.randrange(900, 160_000),
        f"{random.getrandbits(64):016x}@example.com",
    )
    return Session(at, peer, (message,), login=Login(person.authenticator, person.account))


def _how_many(random: Random) -> int:
    if random.random() >= SEVERAL:
        return 1
    return random.choices((2, 3, 5, 12, 40), (50, 25, 15, 8, 2))[0]


def _correspondent(random: Random, everybody: Population, person: Person) -> Recipient:
    if random.random() < 0.25:
        return Recipient(everybody.colleague(random, person).account)
    is_known = random.random() < 0.9
    address = random.choice(person.friends) if is_known else people.person(random, everybody.domain(random))
    server, fate = everybody.exchanger(address.partition("@")[2]), random.random()
    if fate < OLD_ADDRESS:
        return Recipient(address, exchanger=server, refusal=UNKNOWN_USER)
    if fate < OLD_ADDRESS + DEFERRED:
        few = retries(CONNECTION_REFUSED, 4) if fate > 0.065 else (GREYLISTED,)
        return Recipient(address, exchanger=server, deferrals=few)
    return Recipient(address, exchanger=server)


def _received(random: Random, everybody: Population, day: Day, scale: float) -> Iterator[Session]:
    for at in day.moments(random, round((2200 if day.weekend else 5200) * scale)):
        domain = everybody.domain(random)
        sender = "" if random.random() < REPORTS else people.person(random, domain)
        if sender and random.random() < 0.06:  # forwarded to us by somebody else's server
            sender = (
                f"SRS0={random.getrandbits(20):04x}=Q2={domain}={sender.partition('@')[0]}@forwarder.example"
            )
        recipients = tuple(
            {r.address: r for r in (_mailbox(random, everybody) for _ in range(_how_many(random)))}.values()
        )
        message = Message(
            sender,
            recipients,
            random.randrange(1800, 90_000),
            f"{random.getrandbits(56):014x}@{domain}",
            dkim_domain=domain if len(domain) % 3 else "",
        )
        yield Session(at, sending_server(everybody, domain), (message,))


def _mailbox(random: Random, everybody: Population) -> Recipient:
    """A mailbox, an alias, or an address that is forwarded elsewhere."""
    person, chance = random.choice(everybody.people), random.random()
    domain = person.account.partition("@")[2]
    if chance < 0.08:
        return Recipient(person.account, original=f"info@{domain}")
    if chance < 0.08 + FORWARDED:
        refusal = "" if random.random() < 0.97 else UNKNOWN_USER
        return Recipient(
            person.friends[0],
            person.account,
            everybody.exchanger(person.friends[0].partition("@")[2]),
            refusal=refusal,
        )
    return Recipient(person.account, deferrals=(MAILBOX_FULL,) if chance > 0.995 else ())


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ordinary_month", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="file to write")
    parser.add_argument("--users", type=int, default=USERS, help="people (default %(default)s)")
    parser.add_argument("--days", type=int, default=DAYS, help="days (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives another month")
    arguments = parser.parse_args()
    with arguments.out.open("w", encoding="ascii") as out:
        out.writelines(month(users=arguments.users, days=arguments.days, seed=arguments.seed))


if __name__ == "__main__":
    main()
