"""The shape of the glossary: one entry for one thing that may stand in a log."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from ingest.languages import say

_FIRST_SENTENCE = re.compile(r".+?(?:[.?](?= [A-Z\"(]|\Z)|[。？])", re.DOTALL)
_NAMES = frozenset(
    {
        "Apple",
        "Comcast",
        "Exim",
        "Exim's",
        "Free",
        "Gmail",
        "Google",
        "La",
        "Microsoft",
        "Orange",
        "Yahoo",
        "T-Online",
    }
)


class Where(StrEnum):
    """Where a term stands: it has this meaning there and nowhere else. The value begins the link to an entry."""

    HEAD = "head"  # date, zone, process, message id
    FLAG = "flag"
    KIND = "kind"  # of line: what it is about
    ARRIVAL = "arrival"  # fields behind <= and (=
    DELIVERY = "delivery"  # fields behind => -> >> *> == **
    FIELD = "field"  # fields of lines without a flag
    HOST = "host"
    ADDRESS = "address"  # what may stand where an address is expected
    PROTOCOL = "protocol"  # values of P= on an arrival
    WORD = "word"  # words without a value, on arrivals and deliveries
    TLS = "tls"
    NAME = "name"  # usual names of routers and transports
    REFUSAL = "refusal"  # what was refused, and how
    CONNECTION = "connection"
    QUEUE = "queue"  # what happens to a message on the queue
    SERVER = "server"  # Exim itself: daemon, queue runs, DNS, programs
    DKIM = "dkim"  # and SPF, DMARC, ARC
    PANEL = "panel"  # lines of hosting control panels
    STEP = "step"  # of the conversation with another server
    REASON = "reason"  # Exim's own reasons
    NUMBER = "number"  # in "defer (111)"
    CODE = "code"  # three digits of SMTP
    STATUS = "status"  # enhanced status codes
    ANSWER = "answer"  # texts of other servers
    TEXT = "text"  # what is in nobody's list


@dataclass(frozen=True, slots=True)
class Entry:
    """One term with its meaning: one or two sentences for somebody who has never seen Exim."""

    term: str  # as it stands in the log
    where: Where
    meaning: str
    example: str

    @property
    def anchor(self) -> str:
        """Names the entry in links; unique."""
        return f"{self.where}-{self.term.replace(' ', '_')}"

    @property
    def said(self) -> str:
        """The meaning in the reader's language."""
        return say(self.meaning)

    @property
    def fact(self) -> str:
        """The first sentence: what it means, without what to do about it."""
        match = _FIRST_SENTENCE.match(self.said)
        return self.said if match is None else match[0]

    @property
    def gist(self) -> str:
        """The first sentence as part of another: no full stop, and no capital where it is not a name."""
        first = self.fact.rstrip(".。")
        word = first.partition(" ")[0]
        is_name = word in _NAMES or not word[1:].islower()
        return first if is_name and len(word) > 1 else first[0].lower() + first[1:]


class Known(NamedTuple):
    """How an entry is recognised in text."""

    pattern: re.Pattern[str]
    entry: Entry
    matters: bool  # it carries an argument: pages mark it


def table(where: Where, rows: Iterable[tuple[str, str, str]]) -> Mapping[str, Entry]:
    """Entries by term."""
    return {term: Entry(term, where, meaning, example) for term, meaning, example in rows}


def known(
    where: Where, rows: Iterable[tuple[str, str, str, str] | tuple[str, str, str, str, bool]], flags: int = 0
) -> tuple[Known, ...]:
    """Entries with the pattern that finds them: rows of pattern, term, meaning, example, and whether it matters."""
    return tuple(
        Known(
            re.compile(row[0], flags), Entry(row[1], where, row[2], row[3]), row[4] if len(row) > 4 else False
        )
        for row in rows
    )
