"""Mail in the ordinary month that no person typed: newsletters, lists, webmail, cron, forms, printers, backup MX."""

from collections.abc import Iterator
from random import Random

from benchmarks import people
from benchmarks.failures import THROTTLED, UNKNOWN_USER, retries
from benchmarks.log_host import Happening, Peer
from benchmarks.mail import LocalSubmission, Login, Message, Recipient, Session
from benchmarks.month_people import BACKED_UP, CUSTOMERS, Person, Population
from benchmarks.rhythm import Day

NEWSLETTER_HOST = Peer("192.0.2.80", "www.example.com", "www.example.com")
WEBMAIL = Peer("127.0.0.1", "webmail.example.com", "localhost")
BATCH = 50  # recipients to a message of the trusted host
GONE = 0.012  # readers of a newsletter whose address is no more


def programs(
    random: Random, everybody: Population, day: Day, number: int, scale: float
) -> Iterator[Happening]:
    """One day of it; `number` counts the days of the month from 0."""
    for clock in ("03:10:01", "06:25:04", "06:47:02"):
        yield _local(
            random, day.at(clock), "root", (Recipient(everybody.people[0].account, "root@mail.example.com"),)
        )
    for at in day.moments(random, round(150 * scale)):
        yield from _form(random, everybody, at)
    for at in day.moments(random, round((100 if day.weekend else 700) * scale)):
        yield _webmail(random, everybody, at)
    if not day.weekend:
        for at in day.moments(random, round(120 * scale)):
            yield _printer(random, everybody, at)
    for _ in range(round(200 * scale)):
        yield _backup(random, everybody, day.any_moment(random))
    if day.date.weekday() == 1:
        yield from _newsletter_of_host(everybody, day, round(20_000 * scale))
    yield from _newsletters_of_accounts(everybody, day, number, scale)
    for at in day.moments(random, max(1, round(6 * scale))):
        yield _list_mail(random, everybody, at)


def _message(random: Random, sender: str, recipients: tuple[Recipient, ...], size: int = 0) -> Message:
    domain = sender.rpartition("@")[2] or "example.com"
    return Message(
        sender, recipients, size or random.randrange(900, 60_000), f"{random.getrandbits(48):012x}@{domain}"
    )


def _local(
    random: Random, at: float, user: str, recipients: tuple[Recipient, ...], sender: str = ""
) -> LocalSubmission:
    return LocalSubmission(at, user, _message(random, sender or f"{user}@mail.example.com", recipients))


def _form(random: Random, everybody: Population, at: float) -> Iterator[LocalSubmission]:
    """A web form: to the owner of the site, and often a confirmation to who filled it in."""
    owner = everybody.people[random.randrange(max(2, len(everybody.people) // 20))]
    yield _local(random, at, "www-data", (Recipient(owner.account),))
    if random.random() < 0.4:
        yield _local(random, at, "www-data", (_reader(random, everybody),), sender=f"shop@{CUSTOMERS[3]}")


def _webmail(random: Random, everybody: Population, at: float) -> Session:
    """Webmail on this machine hands its mail in over loopback, three in four with the account of the person."""
    person = random.choice(everybody.people)
    login = Login("plain", person.account) if random.random() < 0.75 else None
    message = _message(random, person.account, (_written_to(random, everybody, person),))
    return Session(at, WEBMAIL, (message,), login=login, tls=False)


def _printer(random: Random, everybody: Population, at: float) -> Session:
    """A copier sends a scan without a login to somebody of the house."""
    peer = Peer(
        random.choice(everybody.offices), random.choice(("KONICA", "SCAN01", "[192.168.1.200]", "printer"))
    )
    person = random.choice(everybody.people)
    domain = person.account.partition("@")[2]
    return Session(
        at, peer, (_message(random, f"scanner@{domain}", (Recipient(person.account),)),), tls=False
    )


def _backup(random: Random, everybody: Population, at: float) -> Session:
    """Mail for domains whose main server is another one."""
    domain, target = everybody.domain(random), random.choice(BACKED_UP)
    recipient = Recipient(people.person(random, target), exchanger=everybody.exchanger(target))
    return Session(
        at,
        sending_server(everybody, domain),
        (_message(random, people.person(random, domain), (recipient,)),),
    )


def _newsletter_of_host(everybody: Population, day: Day, readers: int) -> Iterator[Session]:
    at, readers_of = day.at("10:00:05"), Random("readers of the newsletter")
    for start in range(0, readers, BATCH * 4):
        sizes = range(start, min(start + BATCH * 4, readers), BATCH)
        messages = tuple(_issue(readers_of, everybody, "newsletter@example.com", BATCH) for _ in sizes)
        yield Session(at, NEWSLETTER_HOST, messages)
        at += 60


def _newsletters_of_accounts(everybody: Population, day: Day, number: int, scale: float) -> Iterator[Session]:
    """Six accounts write to a club or their customers every week or two; one of them begins late in the month."""
    for place in range(max(2, round(6 * scale))):
        every, first = (7, place % 5) if place % 3 else (14, 3)
        if place == 1:
            first = 17
        if number >= first and (number - first) % every == 0:
            readers = (500, 2000, 800, 500, 1200, 600)[place % 6]
            sender = _regulars(everybody)[-1 - place]
            yield from _newsletter(
                everybody, sender, day.at(f"{9 + place:02}:30:00"), max(150, round(readers * scale))
            )


def _regulars(everybody: Population) -> list[Person]:
    """People who write every day, and not all day."""
    return [person for person in everybody.people if 2 <= person.per_day <= 6]


def _newsletter(everybody: Population, sender: Person, at: float, readers: int) -> Iterator[Session]:
    peer, login = Peer(sender.home, sender.desktop), Login(sender.authenticator, sender.account)
    readers_of = Random(f"readers of {sender.account}")  # the same each time
    for _ in range(0, readers, 25):
        messages = tuple(_issue(readers_of, everybody, sender.account, 5) for _ in range(5))
        yield Session(at, peer, messages, login=login)
        at += 45


def _issue(random: Random, everybody: Population, sender: str, count: int) -> Message:
    readers: dict[str, Recipient] = {}
    while len(readers) < count:
        reader = _reader(random, everybody, is_bulk=True)
        readers[reader.address] = reader
    return _message(random, sender, tuple(readers.values()), random.randrange(28_000, 29_000))


def _reader(random: Random, everybody: Population, *, is_bulk: bool = False) -> Recipient:
    domain, fate = everybody.domain(random), random.random()
    server = everybody.exchanger(domain)
    address = f"{random.choice(people.FIRST_NAMES)}.{random.choice(people.LAST_NAMES)}{random.randrange(999)}@{domain}"
    if fate < GONE:
        return Recipient(address, exchanger=server, refusal=UNKNOWN_USER)
    if is_bulk and fate > 0.985 and domain in people.PROVIDERS:
        return Recipient(address, exchanger=server, deferrals=retries(THROTTLED, 3))
    return Recipient(address, exchanger=server)


def _list_mail(random: Random, everybody: Population, at: float) -> LocalSubmission:
    """A mailing list: one message to all members, with the list's own sender."""
    members = {
        reader.address: reader
        for reader in (_reader(random, everybody) for _ in range(random.randrange(15, 60)))
    }
    return _local(random, at, "list", tuple(members.values()), sender=f"club-bounces@{CUSTOMERS[1]}")


def _written_to(random: Random, everybody: Population, person: Person) -> Recipient:
    address = random.choice(person.friends)
    return Recipient(address, exchanger=everybody.exchanger(address.partition("@")[2]))


def sending_server(everybody: Population, domain: str) -> Peer:
    """The machine from which a domain of others sends."""
    known = everybody.exchangers.get(domain)
    return Peer(known.address, known.name, known.name) if known else people.mail_server(domain)
