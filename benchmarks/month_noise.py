"""What a busy mail server is asked by strangers and by people in error in an ordinary month, and refuses."""

from collections.abc import Iterator
from random import Random

from benchmarks import people
from benchmarks.log_host import Happening, Peer
from benchmarks.month_people import CUSTOMERS, Person, Population
from benchmarks.refusals import DISTURBANCES, Disturbance, FailedLogins, RefusedRecipients, UnverifiableSender
from benchmarks.rhythm import Day

BLOCKLISTED = "rejected because {address} is in a black list at dnsbl.security.example"
MONITOR = Peer("192.0.2.90", "monitor.example.com", "monitor.example.com")
MONITORED_EVERY = 300  # seconds
POPULAR = people.GUESSED_NAMES


def noise(random: Random, everybody: Population, day: Day, scale: float) -> Iterator[Happening]:
    """One day of it; `scale` is 1 for 2,000 people."""
    yield from _monitoring(day)
    for _ in range(round(900 * scale)):
        yield _refused(random, everybody, day)
    for _ in range(round(120 * scale)):
        yield Disturbance(day.any_moment(random), _stranger(random), random.choice(DISTURBANCES))
    for _ in range(round(700 * scale)):
        yield _single_guess(random, everybody, day)
    for _ in range(max(1, round(6 * scale))):
        yield _brute_force(random, everybody, day)
    for _ in range(max(1, round(3 * scale))):
        yield _dictionary(random, day)
    for _ in range(round(60 * scale)):
        yield from _greylisted(random, everybody, day)
    for _ in range(round(12 * scale)):
        yield _mistyped(random, random.choice(everybody.people), day)
    if random.random() < 0.5 * scale + 0.2:
        yield from _changed_password(random, random.choice(everybody.people), day)


def _monitoring(day: Day) -> Iterator[Happening]:
    midnight = day.at("00:00:00")
    for number in range(86_000 // MONITORED_EVERY):
        text = "no MAIL in SMTP connection from {peer} D=0s C=EHLO,QUIT"
        yield Disturbance(midnight + number * MONITORED_EVERY, MONITOR, text)


def _stranger(random: Random) -> Peer:
    """One of a few thousand; a tenth knock all day."""
    number = random.randrange(300) if random.random() < 0.5 else random.randrange(4000)
    address = f"198.19.{number >> 8}.{number & 255}"
    domain = people.FORGED_DOMAINS[number % len(people.FORGED_DOMAINS)]
    names = (f"host-{number}.{domain}", "ylmf-pc", "User", f"[{address}]", "localhost", "WIN-CLJ1B0GQ6JP")
    return Peer(address, names[number % len(names)])


def _refused(random: Random, everybody: Population, day: Day) -> Happening:
    at, peer, kind = day.any_moment(random), _stranger(random), random.random()
    sender = people.person(random, random.choice(people.FORGED_DOMAINS))
    known = random.choice(everybody.people).account
    if kind < 0.08:
        stranger = people.person(random, everybody.domain(random))
        return RefusedRecipients(at, peer, sender, (stranger,), "relay not permitted")
    if kind < 0.38:
        gone = f"{random.choice(people.FIRST_NAMES)}{random.randrange(99)}@{random.choice(CUSTOMERS)}"
        return RefusedRecipients(at, peer, sender, (gone,), "Unrouteable address")
    if kind < 0.46:
        reason = "all relevant MX records point to non-existent hosts"
        return UnverifiableSender(at, peer, sender, known, reason)
    return RefusedRecipients(at, peer, sender, (known,) * random.choice((1, 1, 2)), BLOCKLISTED)


def _single_guess(random: Random, everybody: Population, day: Day) -> FailedLogins:
    """A botnet: each address tries once or twice, often at accounts that exist."""
    if random.random() < 0.3:
        account = random.choice(everybody.people[: max(5, len(everybody.people) // 40)]).account
    else:
        account = f"{random.choice(POPULAR)}@{random.choice(CUSTOMERS)}"
    return FailedLogins(
        day.any_moment(random), _stranger(random), "login", (account,) * random.choice((1, 1, 2))
    )


def _brute_force(random: Random, everybody: Population, day: Day) -> FailedLogins:
    accounts = tuple(
        f"{random.choice(POPULAR)}@{random.choice(CUSTOMERS)}" for _ in range(random.randrange(20, 120))
    )
    return FailedLogins(
        day.any_moment(random), _stranger(random), "login", accounts, pace=random.uniform(4, 60)
    )


def _dictionary(random: Random, day: Day) -> RefusedRecipients:
    domain = random.choice(CUSTOMERS)
    names = tuple(f"{name}@{domain}" for name in random.sample(people.FIRST_NAMES, 14))
    sender = people.person(random, "offers.example")
    return RefusedRecipients(
        day.any_moment(random), _stranger(random), sender, names, "Unrouteable address", pace=3
    )


def _greylisted(random: Random, everybody: Population, day: Day) -> Iterator[Happening]:
    number = random.randrange(len(everybody.domains))
    domain = everybody.domains[number]
    exchanger = everybody.exchangers[domain]
    peer, sender = Peer(exchanger.address, exchanger.name, exchanger.name), people.person(random, domain)
    recipient = random.choice(everybody.people).account
    yield RefusedRecipients(
        day.any_moment(random), peer, sender, (recipient,), "greylisted, try again later", temporary=True
    )


def _mistyped(random: Random, person: Person, day: Day) -> FailedLogins:
    """One to six errors, and then mail as always."""
    at = day.moments(random, 1)[0]
    peer = person.machine(random, 0, 10)
    return FailedLogins(
        at, peer, person.authenticator, (person.account,) * random.choice((1, 1, 2, 3, 6)), pace=9
    )


def _changed_password(random: Random, person: Person, day: Day) -> Iterator[FailedLogins]:
    """The phone, or the computer, keeps trying the old password for half a day."""
    at = day.at("09:00:00") + random.uniform(0, 8 * 3600)
    for _ in range(4):
        peer = person.machine(random, 0, 12)
        yield FailedLogins(
            at, peer, person.authenticator, (person.account,) * random.randrange(6, 25), pace=60
        )
        at += random.uniform(600, 4000)
