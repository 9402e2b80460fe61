"""The submission server of the story: people's mail in and out, a newsletter, and those who try the door.

Log selector: the default with +tls_peerdn, as packaged by Debian: no ports, no recipients on arrivals.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from random import Random

from benchmarks.attack import attack
from benchmarks.failures import (
    BLOCKLISTED,
    CONNECTION_REFUSED,
    GREYLISTED,
    MAILBOX_FULL,
    THROTTLED,
    TIMED_OUT,
    UNKNOWN_USER,
    holds_back,
    refuses,
    retries,
)
from benchmarks.log_host import Happening, LogHost, Peer, Written
from benchmarks.mail import GIVEN_UP, Deferral, LocalSubmission, Login, Message, Recipient, Session
from benchmarks.mx2 import GAP
from benchmarks.people import (
    ACCOUNTS,
    GUESSED_NAMES,
    GUESSERS,
    MX2_MAILBOXES,
    NEWSLETTER,
    ORGANISATIONS,
    PROBERS,
    PROVIDERS,
    SLOW_GUESSER,
    SRV1_ALIASES,
    SRV1_FORWARDS,
    SRV1_MAILBOXES,
    Account,
    exchanger,
    mail_server,
    person,
    subject,
)
from benchmarks.refusals import DISTURBANCES, Disturbance, FailedLogins, RefusedRecipients
from benchmarks.rhythm import Day

SELF = Peer("192.0.2.25", "srv1.example.com", "srv1.example.com")
ROOT = Recipient("alice@example.com", original="root@srv1.example.com")
LINGERING_DAY, OUTAGE_DAY, RESTART_DAY, TYPO_DAY = 4, 2, 4, 8  # of March
NEWSLETTER_DAYS = (3, 6, 10)
GUESSING_DAYS = {2: 0, 4: 1, 5: 2, 7: 3, 9: 4, 11: 0, 12: 5, 14: 2}
STARTED = (
    "exim 4.98 daemon started: pid=812, -q30m, listening for SMTP on port 25 (IPv6 and IPv4) "
    "port 587 (IPv6 and IPv4) and for SMTPS on port 465 (IPv6 and IPv4)"
)


def happenings(random: Random, days: Sequence[Day], mx2: LogHost) -> tuple[list[Happening], list[Session]]:
    """What happens on srv1 (unsorted), and the sessions in which it hands mail to mx2."""
    handed_over: list[Session] = []
    on_srv1: list[Happening] = [*attack(random), *_last_minutes(random)]
    for day in days:
        on_srv1 += _people(random, day, mx2, handed_over)
        on_srv1 += _programs(random, day)
        on_srv1 += _strangers(random, day)
        on_srv1 += _events_of_the_day(random, day)
    return on_srv1, handed_over


def _last_minutes(random: Random) -> Iterator[Happening]:
    """What stands behind the last message of the attack: the log ends while it goes on."""
    evening = Day(date(2026, 3, 15))
    yield _inbound(random, evening.at("23:53:02"))
    yield relay_probe(random, evening.at("23:54:41"), "relaytest@bigmail.example")


def _people(random: Random, day: Day, mx2: LogHost, handed_over: list[Session]) -> Iterator[Happening]:
    for at in day.moments(random, 7 if day.weekend else 26):
        yield _inbound(random, at)
    for at in day.moments(random, 4 if day.weekend else 23):
        account = random.choice(ACCOUNTS)
        message = _message(random, at, account)
        if random.random() < 0.12 and not GAP[0] - 300 < at < GAP[1]:  # mx2 is down then
            handover = _handover(random, at + 2, message, mx2)
            handed_over.append(handover)
            message = _as_sent(message, handover)
        yield _submission(random, at, account, (message,))


def _programs(random: Random, day: Day) -> Iterator[Happening]:
    yield _from_program(random, day.at("03:10:01"), "root", ROOT)
    yield _from_program(random, day.at("06:25:04"), "root", ROOT)
    if not day.weekend:
        contact = Recipient("alice@example.com", original="info@example.com")
        yield _from_program(random, day.moments(random, 1)[0], "www-data", contact)


def _strangers(random: Random, day: Day) -> Iterator[Happening]:
    """Refusals: relay probes, unknown users, dropped connections, slow guessing."""
    for _ in range(random.randrange(1, 4)):
        yield relay_probe(random, day.any_moment(random), "relaytest@freemail.example")
    for _ in range(random.randrange(4, 9)):
        peer = random.choice(PROBERS)
        yield Disturbance(day.any_moment(random), peer, random.choice(DISTURBANCES))
    for _ in range(random.randrange(2, 6)):
        sender = random.choice(ORGANISATIONS)
        unknown = f"{random.choice(GUESSED_NAMES)}.old@example.com"
        yield RefusedRecipients(
            day.any_moment(random),
            mail_server(sender),
            person(random, sender),
            (unknown,),
            "Unrouteable address",
        )
    for _ in range(3):
        account = f"{random.choice(GUESSED_NAMES)}@example.com"
        yield FailedLogins(day.any_moment(random), SLOW_GUESSER, "dovecot_login", (account,))


def _events_of_the_day(random: Random, day: Day) -> Iterator[Happening]:
    number = day.date.day
    if number in GUESSING_DAYS:
        yield _guessing(random, day, GUESSERS[GUESSING_DAYS[number]])
    if number in NEWSLETTER_DAYS:
        yield from _newsletter(random, day)
    if number == OUTAGE_DAY:
        yield from _outage(random, day)
    if number == LINGERING_DAY:
        yield _lingering(random, day)
    if number == RESTART_DAY:
        yield Written(day.at("03:12:40"), STARTED)
    if number == TYPO_DAY:
        yield FailedLogins(
            day.at("09:02:11"), ACCOUNTS[1].machines[0], "dovecot_login", ("bob@example.com",) * 2
        )


def _inbound(random: Random, at: float) -> Session:
    domain = random.choice(ORGANISATIONS if random.random() < 0.7 else tuple(PROVIDERS))
    report = random.random() < 0.03
    recipients = (_mailbox(random),) if random.random() < 0.88 else (_mailbox(random, 0), _mailbox(random, 1))
    message = Message(
        sender="" if report else person(random, domain),
        recipients=recipients,
        size=random.randrange(1800, 90_000),
        header_id=f"{random.getrandbits(56):014x}@{domain}",
        dkim_domain=domain if len(domain) % 3 else "",
    )
    return Session(at, mail_server(domain), (message,), tls=len(domain) % 7 != 0)


def _mailbox(random: Random, half: int | None = None) -> Recipient:
    """A recipient at example.com: a mailbox, an alias of one, or an address forwarded to a provider."""
    chance = random.random()
    if half is None and chance < 0.08:
        alias = random.choice(tuple(SRV1_ALIASES))
        return Recipient(SRV1_ALIASES[alias], original=alias)
    if half is None and chance < 0.12:
        original, target = next(iter(SRV1_FORWARDS.items()))
        return Recipient(target, original=original, exchanger=exchanger(target.partition("@")[2]))
    address = random.choice(SRV1_MAILBOXES if half is None else SRV1_MAILBOXES[half::2])
    return Recipient(address, deferrals=(MAILBOX_FULL,) if chance > 0.99 else ())


def _submission(random: Random, at: float, account: Account, messages: tuple[Message, ...]) -> Session:
    login = Login(account.authenticator, account.address)
    return Session(at, account.machine(random), messages, login=login)


def _message(random: Random, at: float, account: Account) -> Message:
    count = random.choices((1, 2, 3), (85, 10, 5))[0]
    recipients = {
        recipient.address: recipient for recipient in (_correspondent(random, at) for _ in range(count))
    }
    return Message(
        sender=account.address,
        recipients=tuple(recipients.values()),
        size=random.randrange(900, 160_000),
        header_id=f"{random.getrandbits(64):016x}@example.com",
        subject=subject(random),
    )


def _correspondent(random: Random, at: float) -> Recipient:
    """Somebody whom people write to, and what becomes of the message."""
    if random.random() < 0.2:
        return Recipient(random.choice(SRV1_MAILBOXES))
    domain = random.choice(ORGANISATIONS if random.random() < 0.7 else tuple(PROVIDERS))
    address, server, fate = person(random, domain), exchanger(domain), random.random()
    if refuses(domain, at):
        return Recipient(address, exchanger=server, refusal=BLOCKLISTED)
    if holds_back(domain, at):
        return Recipient(address, exchanger=server, deferrals=retries(THROTTLED, 40))
    if fate < 0.04:
        return Recipient(address, exchanger=server, refusal=UNKNOWN_USER)
    if fate < 0.09:
        return Recipient(address, exchanger=server, deferrals=(GREYLISTED,))
    return Recipient(address, exchanger=server)


def _handover(random: Random, at: float, message: Message, mx2: LogHost) -> Session:
    """The session in which mx2 takes a message from srv1; its id is fixed now, as srv1 logs it too."""
    received = Message(
        sender=message.sender,
        recipients=(Recipient(random.choice(MX2_MAILBOXES)),),
        size=message.size + 400,
        header_id=message.header_id,
        subject=message.subject,
        dkim_domain="example.com",
        message_id=mx2.message_id(at, mx2.pid()),
    )
    return Session(at, SELF, (received,))


def _as_sent(message: Message, handover: Session) -> Message:
    """The same message as srv1 sees it: one recipient, confirmed with the id mx2 gave it."""
    received = handover.messages[0]
    address = received.recipients[0].address
    recipient = Recipient(
        address,
        exchanger=exchanger(address.partition("@")[2]),
        confirmation=f"250 OK id={received.message_id}",
    )
    return Message(message.sender, (recipient,), message.size, message.header_id)


def _from_program(random: Random, at: float, user: str, recipient: Recipient) -> LocalSubmission:
    return LocalSubmission(
        at,
        user,
        Message(
            sender=f"{user}@srv1.example.com",
            recipients=(recipient,),
            size=random.randrange(500, 4000),
            header_id=f"E{random.getrandbits(40):010x}@srv1.example.com",
        ),
    )


def _newsletter(random: Random, day: Day) -> Iterator[Session]:
    """Ninety readers, fifteen to a message, a few messages to a connection, two addresses gone."""
    at = day.at("10:30:05")
    for _ in range(2):
        messages = tuple(_issue(random, gone=number == 0) for number in range(3))
        yield _submission(random, at, NEWSLETTER, messages)
        at += 240


def _issue(random: Random, *, gone: bool) -> Message:
    readers: dict[str, Recipient] = {}
    while len(readers) < 15:
        domain = random.choice(tuple(PROVIDERS) if random.random() < 0.6 else ORGANISATIONS)
        refusal = UNKNOWN_USER if gone and not readers else ""
        address = person(random, domain)
        readers[address] = Recipient(address, exchanger=exchanger(domain), refusal=refusal)
    return Message(
        sender=NEWSLETTER.address,
        recipients=tuple(readers.values()),
        size=random.randrange(28_000, 29_000),
        header_id=f"{random.getrandbits(64):016x}@www.example.com",
    )


def _outage(random: Random, day: Day) -> Iterator[Session]:
    """A correspondent's server is down from the evening to the next morning."""
    for clock, runs in (("18:04:10", 27), ("18:51:44", 25), ("21:16:03", 21)):
        yield _to_unreachable(random, day.at(clock), "cooperage.example", CONNECTION_REFUSED, runs)


def _lingering(random: Random, day: Day) -> Session:
    """A server that is gone for good: Exim gives up after four days."""
    at = day.at("11:20:33")
    return _to_unreachable(random, at, "vanished.example", TIMED_OUT, 192, refusal=GIVEN_UP)


def _to_unreachable(
    random: Random, at: float, domain: str, deferral: Deferral, runs: int, *, refusal: str = ""
) -> Session:
    recipient = Recipient(
        person(random, domain),
        exchanger=exchanger(domain),
        deferrals=retries(deferral, runs),
        refusal=refusal,
        refused_by_host=False,
    )
    message = Message("erin@example.com", (recipient,), 5200, f"{random.getrandbits(64):016x}@example.com")
    return _submission(random, at, ACCOUNTS[4], (message,))


def _guessing(random: Random, day: Day, peer: Peer) -> FailedLogins:
    count = random.randrange(14, 40)
    accounts = tuple(f"{random.choice(GUESSED_NAMES)}@example.com" for _ in range(count))
    authenticator = random.choice(("plain", "dovecot_login"))
    return FailedLogins(day.any_moment(random), peer, authenticator, accounts, pace=random.uniform(4, 20))


def relay_probe(random: Random, at: float, recipient: str) -> RefusedRecipients:
    """Somebody tests whether the server relays; it does not."""
    peer = random.choice(PROBERS)
    return RefusedRecipients(at, peer, "check@scanner.test", (recipient,), "relay not permitted")
