"""Who writes to whom in the story: accounts, correspondents, providers, and those with bad intentions.

Every name is reserved for examples (RFC 2606), every address for documentation (RFC 5737, RFC 3849):
192.0.2.0/24 is ours, 198.51.100.0/24 holds servers and offices, 203.0.113.0/24 homes and strangers.
"""

from dataclasses import dataclass
from random import Random

from benchmarks.log_host import Exchanger, Peer


@dataclass(frozen=True, slots=True)
class Account:
    """A person who submits mail, with the machines that person uses (the first one mostly)."""

    address: str
    authenticator: str
    machines: tuple[Peer, ...]

    def machine(self, random: Random) -> Peer:
        return self.machines[0] if random.random() < 0.8 else random.choice(self.machines)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _office(number: int) -> Peer:
    """One of four desks behind the office's single address."""
    return Peer("198.51.100.20", f"[192.168.1.{number}]", "office.gardens.example")


ACCOUNTS = (
    Account("alice@example.com", "plain", (_office(11), Peer("203.0.113.11", "[192.168.178.24]"))),
    Account("bob@example.com", "dovecot_login", (_office(12),)),
    Account("carol@example.com", "plain", (_office(13), Peer("203.0.113.13", "carols-laptop"))),
    Account("dave@example.com", "plain", (_office(14),)),
    Account("erin@example.com", "plain", (Peer("203.0.113.17", "[10.0.0.5]", "dsl-17.access.example"),)),
    Account(
        "frank@example.com",
        "dovecot_login",
        (Peer("2001:db8:51::17", "franks-phone"), Peer("203.0.113.23", "[10.23.4.1]")),
    ),
    Account("grace@example.com", "plain", (Peer("203.0.113.29", "[192.168.0.3]"),)),
    Account("heidi@example.com", "dovecot_login", (Peer("203.0.113.31", "DESKTOP-7H2K"),)),
)
NEWSLETTER = Account(
    "newsletter@example.com", "dovecot_login", (Peer("192.0.2.80", "www.example.com", "www.example.com"),)
)

SRV1_MAILBOXES = tuple(account.address for account in ACCOUNTS)
SRV1_ALIASES = {"info@example.com": "alice@example.com", "sales@example.com": "dave@example.com"}
SRV1_FORWARDS = {"judy@example.com": "judy.meadow@postbox.example"}

MX2_MAILBOXES = tuple(
    f"{name}@{domain}"
    for domain in ("example.org", "example.net")
    for name in ("ivan", "mallory.archive", "niaj", "olivia", "peggy", "rupert", "sybil", "trent")
)
MX2_ALIASES = {"office@example.org": "olivia@example.org", "shop@example.net": "peggy@example.net"}
MX2_FORWARDS = {"victor@example.org": "victor.reeve@webmail.example"}

QUEUED = "250  <{header_id}> Queued mail for delivery"
ACCEPTED = "250 2.0.0 OK  {at} {token} - gsmtp"
PROVIDERS = {
    "freemail.example": Exchanger("mx3.freemail.example", "198.51.100.40", QUEUED),
    "bigmail.example": Exchanger("mx.bigmail.example", "2001:db8:40::1b", ACCEPTED),
    "postbox.example": Exchanger("mta5.postbox.example", "198.51.100.46", "250 ok dirdel"),
    "webmail.example": Exchanger(
        "mx00.webmail.example", "198.51.100.51", "250 Requested mail action okay, completed: id={token}"
    ),
    "mailhaus.example": Exchanger("mx1.mailhaus.example", "198.51.100.57"),
    "inbox.test": Exchanger("mx.inbox.test", "198.51.100.62", "250 OK id={token}"),
}
OWN_SERVERS = {
    "example.com": Exchanger("srv1.example.com", "192.0.2.25", "250 OK id={token}"),
    "example.org": Exchanger("mx2.example.net", "192.0.2.26", "250 OK id={token}"),
    "example.net": Exchanger("mx2.example.net", "192.0.2.26", "250 OK id={token}"),
}

ORGANISATIONS = _words(
    """
    bakery.example brasswork.example bridges.example cartography.example clinic.example
    cooperage.example design.example ferries.example gardens.example glassworks.example
    harbour.example hotels.example insurance.example joinery.example library.example logistics.example
    museum.example notary.example orchard.example paper.example printers.example school.test
    textiles.test university.test
    """
)

# Names that spam pretends to come from. The last one does not exist: bounces to it freeze.
FORGED_DOMAINS = _words(
    """
    accounts.example billing.example bluebird.test courier.example dental.test eurotrade.example
    fashion.test fitness.test goldline.example holiday.example industrial.test jobs.example
    kitchen.test lottery.example marina.test nordic.example offers.example parcel.example realty.test
    security.example solar.test supplies.test travel.example watches.test nowhere.test
    """
)
NO_SUCH_DOMAINS = frozenset({"nowhere.test"})

FIRST_NAMES = _words(
    """
    adam anna ben clara david elena felix greta hugo ines jan karin leo maria nils olga paul rita sven
    tina uwe vera walter yara zoe
    """
)
LAST_NAMES = _words(
    """
    abel berg costa dorn ekman ferro graf holm ibarra jansen keller lopez marin novak ortega prieto
    quist romero silva torres urban vidal weiss zapata
    """
)

SUBJECTS = (
    "Invoice 2026-{n}",
    "Re: Invoice 2026-{n}",
    "Minutes of Tuesday",
    "Re: Appointment on the {d}th",
    "Offer no. {n}",
    "Delivery note {n}",
    "Question about order {n}",
    "Fwd: Photos",
    "Lunch?",
    "Re: Re: Contract",
    "Holiday plans",
    "Your booking {n}",
    'The "new" price list',
    "Reservierung für den {d}. März",
    "Opening hours",
    "Payment reminder {n}",
    "Re: => see below, Completed S={n}",
    "Programme of the week",
    "Draft, version {d}",
    "Thank you",
)

GUESSERS = (
    Peer("203.0.113.114", "ylmf-pc"),
    Peer("203.0.113.127", "User"),
    Peer("203.0.113.139", "[203.0.113.139]"),
    Peer("203.0.113.152", "WIN-CLJ1B0GQ6JP"),
    Peer("203.0.113.166", "localhost"),
    Peer("2001:db8:bad::7", "ADMIN"),
)
SLOW_GUESSER = Peer("203.0.113.210", "mail.example.com")
GUESSED_NAMES = _words(
    """
    info admin test sales postmaster office contact support webmaster scan backup marketing alice bob
    root noreply
    """
)
PROBERS = (
    Peer("203.0.113.171", "WIN-8K3D0Q1"),
    Peer("203.0.113.178", "[203.0.113.178]"),
    Peer("203.0.113.185", "scanner.lottery.example"),
    Peer("203.0.113.192", "smtp"),
    Peer("203.0.113.199", "EC2AMAZ-0T4"),
    Peer("203.0.113.204", "relaytest.security.example"),
)
SPAMMERS = tuple(
    Peer(f"203.0.113.{number}", f"host-{number}.{domain}")
    for number, domain in zip(range(216, 250, 2), FORGED_DOMAINS, strict=False)
)


def exchanger(domain: str) -> Exchanger | None:
    """The mail server of a domain; None where there is no such domain."""
    if domain in NO_SUCH_DOMAINS:
        return None
    known = PROVIDERS.get(domain) or OWN_SERVERS.get(domain)
    if known is not None:
        return known
    answer = "250 OK id={token}" if len(domain) % 3 == 0 else "250 2.0.0 Ok: queued as {token}"
    return Exchanger(f"mail.{domain}", _server_address(domain), answer, tls=len(domain) % 7 != 0)


def mail_server(domain: str) -> Peer:
    """The machine from which an outside domain sends."""
    if domain in PROVIDERS:
        name = f"out.{domain}"
        return Peer(_server_address(name), name, name)
    return Peer(_server_address(domain), f"mail.{domain}", f"mail.{domain}")


def person(random: Random, domain: str) -> str:
    """Somebody at a domain."""
    return f"{random.choice(FIRST_NAMES)}.{random.choice(LAST_NAMES)}@{domain}"


def _server_address(name: str) -> str:
    """An address of its own for each known name, others share the upper part of 198.51.100.0/24."""
    names = (*ORGANISATIONS, *FORGED_DOMAINS, *(f"out.{domain}" for domain in PROVIDERS))
    number = 100 + names.index(name) if name in names else 200 + sum(name.encode()) % 50
    return f"2001:db8:7:{number:x}::25" if number % 9 == 0 else f"198.51.100.{number}"


def subject(random: Random) -> str:
    """Something people write above a message, awkward characters included."""
    return random.choice(SUBJECTS).format(n=random.randrange(100, 999), d=random.randrange(3, 29))
