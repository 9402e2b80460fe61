"""The glossary, searched. Reads no table."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingest.exim import meanings, replies
from ingest.exim.meanings.entry import Entry, Where
from ingest.languages import later, say

_ENHANCED = re.compile(r"[245]\.([0-9]{1,3}\.[0-9]{1,3})")
_WORD = re.compile(r"\S+")
_TITLES: Mapping[Where, tuple[str, str]] = {
    Where.FLAG: (
        later("Flags"),
        later("Behind the message id. The flag says what the letters behind it mean."),
    ),
    Where.HEAD: (later("Beginning of a line"), later("What stands before everything else.")),
    Where.KIND: (later("Kinds of line"), later("What a line is about, as Mailwatch names it.")),
    Where.ARRIVAL: (
        later("Fields of an arrival"),
        later("Behind <= and (=. The same letter means something else on a delivery."),
    ),
    Where.PROTOCOL: (later("Protocols"), later("Values of P= on an arrival.")),
    Where.DELIVERY: (later("Fields of a delivery"), later("Behind => -> >> *> == and **.")),
    Where.ADDRESS: (
        later("In the place of an address"),
        later("What may stand where a sender or a recipient is expected."),
    ),
    Where.NAME: (
        later("Names of routers and transports"),
        later("Usual ones. Whoever configured the server may have chosen others."),
    ),
    Where.WORD: (later("Words without a value"), later("On arrivals and deliveries.")),
    Where.TLS: (later("TLS"), later("Parts of X=: version, key exchange, cipher.")),
    Where.HOST: (later("Hosts"), later("How Exim names who connected, or where it connected to.")),
    Where.FIELD: (
        later("Fields of other lines"),
        later("On lines without a flag: connections, refusals, remarks."),
    ),
    Where.REFUSAL: (later("Refusals"), later("What this server refused, and the words around it.")),
    Where.CONNECTION: (later("Connections"), later("How connections began and ended.")),
    Where.QUEUE: (later("Queue"), later("What happens to a message that waits.")),
    Where.SERVER: (later("The server itself"), later("Daemon, queue runs, DNS, configuration, programs.")),
    Where.DKIM: (later("DKIM, SPF, DMARC, ARC"), later("Checks of the sender's domain.")),
    Where.PANEL: (later("Control panels"), later("What cPanel, DirectAdmin and Hestia add to the log.")),
    Where.STEP: (
        later("Steps with another server"),
        later("At which point of the conversation the other server answered."),
    ),
    Where.REASON: (later("Reasons of this server"), later("Exim's own words for why something failed.")),
    Where.NUMBER: (later("Numbers of deferrals"), later("In defer (n).")),
    Where.CODE: (later("Codes of SMTP"), later("Three digits at the beginning of an answer.")),
    Where.STATUS: (
        later("Enhanced status codes"),
        later(
            "Behind the code: 2 = done, 4 = later, 5 = never; then what it is about, then the detail. x.1.1 serves"
            " 4.1.1 and 5.1.1."
        ),
    ),
    Where.ANSWER: (
        later("Answers of other servers"),
        later("Texts of the large providers and usual ones. A provider may change its words on any day."),
    ),
    Where.TEXT: (later("Free text"), later("What others write, and what cannot be known from a log.")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Entries that stand at the same place in a log."""

    where: Where
    title: str
    note: str
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """An entry apart from its group, with the group's title."""

    entry: Entry
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Glossary:
    """What was found. ``best`` are entries that the words name outright, or that explain them as an answer."""

    best: Sequence[Named]
    groups: Sequence[Group]
    found: int
    total: int


def glossary(words: str) -> Glossary:
    """The entries that hold all words, by place; all entries for no words."""
    asked = [word.casefold() for word in _WORD.findall(words)]
    entries = [entry for entry in meanings.ENTRIES if _holds(entry, asked)]
    best = list(dict.fromkeys(_best(words.strip()))) if asked else []
    return Glossary(
        best=[Named(entry=entry, place=say(_TITLES[entry.where][0])) for entry in best],
        groups=list(_groups(entries)),
        found=len(dict.fromkeys([*best, *entries])),
        total=len(meanings.ENTRIES),
    )


def _holds(entry: Entry, asked: Sequence[str]) -> bool:
    text = f"{entry.term}\n{entry.said}\n{entry.example}".casefold()
    return all(word in text for word in asked)


def _best(words: str) -> Iterator[Entry]:
    enhanced = _ENHANCED.fullmatch(words)
    names = {words.casefold(), f"{words}=".casefold()} | ({f"x.{enhanced[1]}"} if enhanced else set())
    for entry in meanings.ENTRIES:
        if entry.term.casefold() in names:
            yield entry
    answer = replies.answer(words)
    if answer is not None:
        yield from answer.entries


def _groups(entries: Sequence[Entry]) -> Iterator[Group]:
    for where, (title, note) in _TITLES.items():
        own = [entry for entry in entries if entry.where is where]
        if own:
            yield Group(where=where, title=say(title), note=say(note), entries=own)
