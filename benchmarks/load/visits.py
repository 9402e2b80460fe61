"""What people do at the pages, in which order: the visits of docs/visits.md, and what else one comes for.

Nobody types an address of a page: what comes after the first page is a link that stands on the one before.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from benchmarks.load.browser import Page

_RANGES = ("", "", "", "&range=week", "&range=day")  # the whole log is what is asked for most


@dataclass(frozen=True, slots=True)
class Known:
    """What people have in their hands when they come: of as many messages as there is room for, from all of the log."""

    addresses: Sequence[str]  # senders and recipients
    hosts: Sequence[str]  # sender IP addresses
    message_ids: Sequence[str]
    shared: Sequence[str]  # addresses of shared reports


class Walk(Protocol):
    """Somebody on the way. Each of these ends with the time that people need to read what came."""

    known: Known

    def open(self, address: str) -> Page: ...

    def part(self, address: str, *, of: Page) -> Page: ...

    def type(self, text: str) -> None: ...

    def read_shared(self, address: str) -> None: ...


def did_my_mail_arrive(walk: Walk) -> None:
    """The helpdesk, on the phone: an address, its rows, one or two of the messages."""
    address = random.choice(walk.known.addresses)
    walk.type(address)
    found = walk.open(f"/search/?q={quote(address)}{random.choice(_RANGES)}")
    for message in _some(found.links("/(messages|rejections)/"), random.choice((1, 1, 2))):
        walk.open(message)
    older = found.links(r"/search/\?.*after=")
    if older and random.random() < 0.2:
        walk.part(older[0], of=found)


def what_became_of_this_message(walk: Walk) -> None:
    """An id from a header, pasted."""
    message_id = random.choice(walk.known.message_ids)
    found = walk.open(f"/search/?q={message_id}")
    for message in _some(found.links("/messages/"), 1):
        walk.open(message)


def who_begins_like_this(walk: Walk) -> None:
    """Half an address, or all of a domain."""
    local, _, domain = random.choice(walk.known.addresses).rpartition("@")
    text = random.choice((f"{local}@", f"@{domain}"))
    walk.type(text)
    found = walk.open(f"/search/?q={quote(text)}{random.choice(_RANGES)}")
    for message in _some(found.links("/messages/"), 1):
        walk.open(message)


def are_we_sending_spam(walk: Walk) -> None:
    """The postmaster: the verdict, the report, a suspect opened, one of its pages, one of its messages."""
    walk.open(random.choice(("/", "/", "/?range=week", "/?range=day")))
    report = walk.open(random.choice(("/relays/", "/relays/", "/relays/?range=week", "/relays/?range=day")))
    for row in _some(report.links(r"/relays/\?.*open="), 1):
        walk.open(row)
    for subject in _some(report.links("/(senders|accounts|networks)/"), 1):
        told = walk.open(subject)
        for message in _some(told.links("/messages/"), 1):
            walk.open(message)


def who_is_this_host(walk: Walk) -> None:
    """From an address to its network, and on by what stands there."""
    host = random.choice(walk.known.hosts)
    found = walk.open(f"/search/?q={host}{random.choice(('', '/24'))}")
    told = walk.open(f"/senders/{host}/")
    for pattern in ("/networks/", "/(accounts|addresses|domains)/", "/(transports|remote-hosts|domains)/"):
        for further in _some(told.links(pattern), 1):
            told = walk.open(further)
    for message in _some(told.links("/messages/") or found.links("/messages/"), 1):
        walk.open(message)


def what_happened_yesterday(walk: Walk) -> None:
    """The daily report, the day before, and its table for a spreadsheet."""
    overview = walk.open("/")
    for newest in _some(overview.links("/daily/"), 1):
        report = walk.open(newest)
        if days := report.links(r"/daily/[^/]+/\d"):
            report = walk.open(random.choice(days))
        for file in _some(report.links(r"/daily/.*format="), 1 if random.random() < 0.5 else 0):
            walk.open(file)


def take_it_along(walk: Walk) -> None:
    """What was found as a file; who is suspected as a file."""
    address = random.choice(walk.known.addresses)
    found = walk.open(f"/search/?q={quote(address)}")
    for file in _some(found.links(r"/search/\?.*format="), 1):
        walk.open(file)
    walk.open(f"/relays/?format={random.choice(('csv', 'json'))}")


def is_it_read_yet(walk: Walk) -> None:
    """Whoever has handed a log in: the runs, and the newest while it works."""
    runs = walk.open("/runs/")
    for run in runs.links(r"/runs/\d+/")[:1]:
        walk.open(run)


def what_does_this_mean(walk: Walk) -> None:
    """Whoever learns: the rules, the glossary, the log hosts."""
    for address in _some(("/rules/", "/glossary/", "/log-hosts/", "/sources/"), 2):
        walk.open(address)


def one_picture_please(walk: Walk) -> None:
    """The manager, with a link and no login."""
    walk.read_shared(random.choice(walk.known.shared))


# of a hundred visits
VISITS: dict[Callable[[Walk], None], int] = {
    did_my_mail_arrive: 36,
    are_we_sending_spam: 16,
    who_is_this_host: 14,
    who_begins_like_this: 8,
    what_became_of_this_message: 7,
    what_happened_yesterday: 6,
    is_it_read_yet: 5,
    take_it_along: 4,
    one_picture_please: 3,
    what_does_this_mean: 1,
}


def _some(links: Sequence[str], number: int) -> list[str]:
    return random.sample(links, min(number, len(links)))
