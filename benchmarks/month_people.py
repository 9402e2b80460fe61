"""The 2,000 people of the ordinary month: where they are, with which machines, and whom they write to.

Their addresses lie in networks of real countries, as the country of an address is read from a real file; servers
and strangers keep to the addresses for documentation (RFC 5737, RFC 3849) and for benchmarks (RFC 2544).
"""

from dataclasses import dataclass, field
from random import Random

from benchmarks import people
from benchmarks.log_host import Exchanger, Peer

CUSTOMERS = tuple(f"customer{number}.example" for number in range(40))
BACKED_UP = tuple(f"elsewhere{number}.example" for number in range(6))  # their main server is another one
HOME_COUNTRY = "ES"
# The first two bytes of networks of access providers, by country.
FIXED = {
    "ES": ("80.58", "2.136", "81.32", "88.0", "95.16"),
    "FR": ("90.0", "86.192"),
    "DE": ("93.192", "91.0"),
    "GB": ("81.128", "86.128"),
    "IT": ("79.0", "87.0"),
    "PT": ("85.240",),
    "NL": ("84.80",),
    "US": ("73.0", "24.0"),
}
CARRIERS = ("31.4", "176.80", "79.144")  # of mobile phones; hundreds of people share an address
CARRIER_SIX = "2a02:9000"
HOME_SIX = "2a0c:5a80"
PHONES = ("[10.23.{a}.{b}]", "iPhone.local", "[192.0.0.2]", "localhost", "android-{a}{b}", "smtpclient.apple")
DESKTOPS = ("[192.168.1.{b}]", "DESKTOP-{a}K{b}", "[10.0.{a}.{b}]", "MacBook-{b}.local", "[127.0.0.1]")
SHARE_OF_OFFICES = 0.4  # people who have a desk behind the one address of their customer's office
SHARE_OF_PHONES = 0.75
SHARE_OF_VPN = 0.02
SHARE_OF_TRAVELLERS = 0.03


@dataclass(frozen=True, slots=True)
class Journey:
    """Days abroad. On the first and the last one a person is also in an airport between."""

    first: int
    last: int
    country: str
    between: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, the machines, and the people he or she writes to."""

    account: str
    authenticator: str
    home: str
    home_six: str
    office: str  # "" without one
    desktop: str
    phone: str  # "" without one
    vpn: str
    journey: Journey | None
    per_day: float  # messages on a working day
    aliases: tuple[str, ...]
    friends: tuple[str, ...]

    def machine(self, random: Random, day: int, hour: int) -> Peer:
        """The one in the hand at that time of that day of the month."""
        if self.journey and self.journey.first <= day <= self.journey.last:
            return self._abroad(random, self.journey, day)
        if self.vpn and random.random() < 0.3:
            return Peer(self.vpn, self.desktop)
        if self.phone and random.random() < (0.25 if self.office and 8 <= hour < 18 else 0.4):
            return Peer(_carrier_address(random), self.phone)
        if self.office and 8 <= hour < 18:
            return Peer(self.office, self.desktop)
        if self.home_six and random.random() < 0.5:  # a new privacy address each day
            return Peer(f"{self.home_six}:{day + 16:x}:{hash_of(self.account, day):x}:1:1", self.desktop)
        return Peer(self.home, self.desktop)

    def _abroad(self, random: Random, journey: Journey, day: int) -> Peer:
        is_between = day in (journey.first, journey.last)
        if is_between and random.random() < 0.5:
            place = random.choice((journey.between, journey.country))
            return Peer(_fixed_address(random, place), self.phone or self.desktop)
        if is_between and random.random() < 0.5:
            return Peer(self.home, self.desktop)
        if self.phone and random.random() < 0.5:  # a phone abroad comes out of its carrier at home
            return Peer(_carrier_address(random), self.phone)
        hotel = Random(f"{self.account} {day // 3}")
        return Peer(_fixed_address(hotel, journey.country), self.desktop)


@dataclass(frozen=True, slots=True)
class Population:
    """Everybody, and the servers that they write to."""

    people: tuple[Person, ...]
    offices: tuple[str, ...]
    domains: tuple[str, ...]  # of others, those that many write to first
    exchangers: dict[str, Exchanger] = field(default_factory=dict)

    def colleague(self, random: Random, person: Person) -> Person:
        """Somebody on this server: four in five times at the same customer."""
        number = CUSTOMERS.index(person.account.partition("@")[2])
        return random.choice(self.people[number :: len(CUSTOMERS)] if random.random() < 0.8 else self.people)

    def exchanger(self, domain: str) -> Exchanger | None:
        """The mail server of a domain of others."""
        return self.exchangers.get(domain) or people.exchanger(domain)

    def domain(self, random: Random) -> str:
        """One of them: four in ten are at a big provider, the others have a long tail."""
        if random.random() < 0.42:
            return random.choice(tuple(people.PROVIDERS))
        return self.domains[int(len(self.domains) * random.random() ** 2.5)]


def population(random: Random, users: int, days: int) -> Population:
    """As many people as are asked for."""
    domains = tuple(f"firm{number}.example" for number in range(max(200, users)))
    exchangers = {
        domain: Exchanger(f"mx.{domain}", f"198.{18 + number // 65_000}.{number >> 8 & 255}.{number & 255}")
        for number, domain in enumerate((*domains, *BACKED_UP), start=256)
    }
    offices = tuple(f"{FIXED['ES'][n % 5]}.{100 + n}.{10 + n}" for n in range(max(2, users // 80)))
    everybody = Population((), offices, domains, exchangers)
    return Population(
        tuple(_person(random, everybody, number, days) for number in range(users)),
        offices,
        domains,
        exchangers,
    )


def _person(random: Random, everybody: Population, number: int, days: int) -> Person:
    a, b = random.randrange(1, 250), random.randrange(2, 250)
    first, last = random.choice(people.FIRST_NAMES), random.choice(people.LAST_NAMES)
    account = f"{first}.{last}{number}@{CUSTOMERS[number % len(CUSTOMERS)]}"
    has_phone = random.random() < SHARE_OF_PHONES
    return Person(
        account=account,
        authenticator=("plain", "login", "dovecot_plain")[number % 3],
        home=_fixed_address(random, HOME_COUNTRY),
        home_six=f"{HOME_SIX}:{number + 256:x}" if random.random() < 0.3 else "",
        office=random.choice(everybody.offices) if random.random() < SHARE_OF_OFFICES else "",
        desktop=random.choice(DESKTOPS).format(a=a, b=b),
        phone=random.choice(PHONES).format(a=a, b=b) if has_phone else "",
        vpn=_fixed_address(random, random.choice(("NL", "DE", "US")))
        if random.random() < SHARE_OF_VPN
        else "",
        journey=_journey(random, days) if random.random() < SHARE_OF_TRAVELLERS else None,
        per_day=min(60.0, random.lognormvariate(0.55, 1.1)),
        aliases=_aliases(random, account),
        friends=tuple(_friend(random, everybody) for _ in range(random.randrange(8, 60))),
    )


def _aliases(random: Random, account: str) -> tuple[str, ...]:
    """One in fifty sends under several addresses of his or her own, one in thirty under a private one elsewhere."""
    local_part, _, domain = account.partition("@")
    chance = random.random()
    if chance < 0.02:
        return tuple(f"{name}@{domain}" for name in ("info", "sales", "jobs", "press", "team", local_part))
    return (account, f"{local_part}@freemail.example") if chance < 0.05 else ()


def _journey(random: Random, days: int) -> Journey:
    first = random.randrange(0, max(1, days - 4))
    country, between = random.sample([name for name in FIXED if name != HOME_COUNTRY], 2)
    return Journey(first, first + random.randrange(2, 7), country, between)


def _friend(random: Random, everybody: Population) -> str:
    return people.person(random, everybody.domain(random))


def _fixed_address(random: Random, country: str) -> str:
    return f"{random.choice(FIXED[country])}.{random.randrange(1, 250)}.{random.randrange(2, 250)}"


def _carrier_address(random: Random) -> str:
    if random.random() < 0.25:
        network = (
            f"{random.randrange(16, 4000):x}:{random.randrange(16, 60_000):x}"  # another with each attachment
        )
        return f"{CARRIER_SIX}:{network}::{random.randrange(1, 9999):x}"
    return f"{random.choice(CARRIERS)}.{random.randrange(16, 48)}.{random.randrange(2, 250)}"


def hash_of(text: str, number: int) -> int:
    """The same 16 bits for the same text and number in every process."""
    return Random(f"{text} {number}").getrandbits(16) | 0x1000
