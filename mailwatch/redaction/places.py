"""What stands where on a line that could be read, as far as redaction cares.

Places never overlap: what was read first counts. So a subject that imitates a login is a subject.
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import NamedTuple

from ingest.exim import fields, hosts
from ingest.exim.events import Arrival, Bounce, Connection, Deferral, Delivery, Event, Note, Rejection, Topic
from ingest.exim.line import Line


class What(Enum):
    """What a place holds."""

    SENDER = auto()
    RECIPIENT = auto()
    ADDRESS = auto()  # of somebody, by whatever way it came there
    HANDED_TO = auto()  # right behind the flag of a delivery: an address, a command, a file, a word
    LOGIN = auto()  # behind "A=": authenticator, account, and who the client says sent it
    ACCOUNT = auto()
    USER = auto()
    HOST = auto()  # a name; ``of``: its address
    CLAIM = auto()  # a HELO name; the same
    MAYBE_HOST = auto()  # a word right before an address, in anybody's sentence; the same
    DOMAIN = auto()
    DIRECTORY = auto()
    ARGUMENTS = auto()
    SUBJECT = auto()
    HEADER_ID = auto()
    NAME = auto()  # of a person or an organisation, such as in a client certificate
    SERVER_NAME = auto()  # in the certificate of a server
    COMMAND = auto()
    SELECTOR = auto()  # of a DKIM key
    KEPT = auto()  # words of the configuration and numbers


class Place(NamedTuple):
    start: int
    end: int
    what: What
    of: str | None = None


def places(line: Line, event: Event) -> list[Place]:
    """The places of a line, in the order in which they were read."""
    taken = bytearray(len(line.text))
    found = []
    for place in _read(line, event):
        if place.start < place.end and taken.find(1, place.start, place.end) < 0:
            taken[place.start : place.end] = b"\1" * (place.end - place.start)
            found.append(place)
    return found


def _read(line: Line, event: Event) -> Iterator[Place]:
    text, start = line.text, line.start
    match event:
        case Arrival():
            yield from _arrival(text, start)
        case Delivery() | Deferral() | Bounce():
            yield from _delivery(text, start)
        case Note(topic=Topic.ARGUMENTS):
            yield from _found(_ARGUMENTS, text, start)
        case _:
            yield from _in_words(text, start, event)
    yield from everywhere(text, start)


# -- lines with a flag

_ON_ARRIVALS = {
    "sender": What.SENDER, "from": What.ADDRESS, "U": What.USER, "DN": What.NAME, "SNI": What.DOMAIN,
    "A": What.LOGIN, "id": What.HEADER_ID, "id*": What.HEADER_ID, "T": What.SUBJECT, "DKIM": What.DOMAIN,
    "S": What.KEPT, "P": What.KEPT,
}  # fmt: skip
_ON_DELIVERIES = {
    "recipient": What.HANDED_TO, "original recipient": What.RECIPIENT, "F": What.SENDER, "P": What.ADDRESS,
    "SRS": What.ADDRESS, "DN": What.SERVER_NAME, "A": What.LOGIN, "R": What.KEPT, "T": What.KEPT,
}  # fmt: skip
_ALWAYS_KEPT = frozenset({"I", "Ci", "X", "CV", "M8S", "RT", "Q", "QT", "DT", "PS", "PRX", "S"})
_CONFIGURED = re.compile(r'[^\s@<"|/.]*')
"""Names of routers, transports and protocols, unless one holds a domain or an address."""


def _arrival(text: str, start: int) -> Iterator[Place]:
    is_behind_id = False
    for field in fields.arrival_fields(text, start):
        begin = field.end - len(field.value)
        is_behind_id = is_behind_id or field.key in ("id", "id*")
        if field.key == "for":
            yield from _each(text, begin, field.end)
        elif field.key == "H":
            yield from _host(text, begin, field.end)
        elif field.key == "R" or field.key in _ALWAYS_KEPT:
            yield Place(begin, field.end, What.KEPT)
        elif field.key == "word" and field.value.startswith("("):
            yield Place(begin + 1, field.end, What.CLAIM)  # of a line that was cut inside it
        elif is_behind_id and field.key not in _ON_ARRIVALS:
            yield Place(begin, field.end, What.HEADER_ID)  # the id has spaces, or the line was cut
        elif field.key in _ON_ARRIVALS:
            yield from _named(text, begin, field.end, _ON_ARRIVALS[field.key])


def _each(text: str, start: int, end: int) -> Iterator[Place]:
    """The recipients that an arrival lists."""
    for address in fields.addresses(text[start:end]):
        at = text.find(address, start, end)
        if at >= 0:
            yield Place(at, at + len(address), What.RECIPIENT)
            start = at + len(address)


def _delivery(text: str, start: int) -> Iterator[Place]:
    found = list(fields.delivery_fields(text, start))
    # The address before aliasing first: a bare local part is the same person.
    for field in sorted(found, key=lambda field: field.key != "original recipient"):
        begin = (
            field.start + 1
            if field.key in ("original recipient", "parents")
            else field.end - len(field.value)
        )
        end = begin + len(field.value)
        if field.key == "parents":
            yield from _found(_PARENTS, text, begin, end)
        elif field.key == "H":
            yield from _host(text, begin, end)
        elif field.key == "DKIM":
            domain, colon, _ = field.value.partition(":")
            yield Place(begin, begin + len(domain), What.DOMAIN)
            yield Place(begin + len(domain + colon), end, What.SELECTOR)
        elif field.key in _ALWAYS_KEPT:
            yield Place(begin, end, What.KEPT)
        elif field.key in _ON_DELIVERIES:
            yield from _named(text, begin, end, _ON_DELIVERIES[field.key])


def _named(text: str, start: int, end: int, what: What) -> Iterator[Place]:
    """A value by itself: without its brackets or quotes."""
    if what is What.KEPT and not _CONFIGURED.fullmatch(text, start, end):
        return
    if what in (What.SUBJECT, What.NAME, What.SERVER_NAME, What.DOMAIN) and text[start : start + 1] == '"':
        start, end = start + 1, end - text.endswith('"', start + 1, end)
    elif text[start : start + 1] == "<" and text[end - 1 : end] == ">":
        start, end = start + 1, end - 1
    yield Place(start, end, what)


def _host(text: str, start: int, end: int) -> Iterator[Place]:
    """``name (helo) [address]``, in whatever part of it is there."""
    host = hosts.read_host(text, start)
    if host is None:
        yield Place(start, end, What.CLAIM)
        return
    if host.name is not None:
        yield Place(start, start + len(host.name), What.HOST, host.address)
    if host.helo_name is not None:
        at = text.rfind(f"({host.helo_name}) ", start, host.address_start)
        yield Place(at + 1, at + 1 + len(host.helo_name), What.CLAIM, host.address)


# -- lines in words

_PATH = r'(?:[^<>"]|"(?:[^"\\]|\\.)*+")*'
_CLIENT_FOLLOWS = r"(?= (?:H=|U=|from ))"
_ARGUMENTS: tuple[tuple[re.Pattern[str], What], ...] = (
    (re.compile(r"cwd=(.*?)(?= \d+ args: )"), What.DIRECTORY),
    (re.compile(r" args: (.*)"), What.ARGUMENTS),
)
_PARENTS = ((re.compile(r"(?:^|(?<=[( ]))([^\s,()]+@[^,()]*)"), What.ADDRESS),)
# Each with what group 1 holds.
_IN_WORDS: tuple[tuple[re.Pattern[str], What], ...] = tuple(
    (re.compile(pattern), what)
    for pattern, what in (
        (rf"^(?:sender address changed to|address|recipient) <({_PATH})>", What.ADDRESS),
        (r"(?:^removed|^cancelled|frozen|^delivered|> added|> marked delivered|changed to <[^<>]*>) by "
         r"(?!ACL\b|timeout_frozen_after|(?:the )?system filter|errmsg timer|forced delivery|auto-thaw)(\S+)",
         What.USER),
        (r'error in "(AUTH[^"]*|.*?)" (?=H=|U=|\(|\[|from |[^ ]+ \[|[^ ]+ \()', What.COMMAND),
        (r'(?:last (?:command )?was |rejected (?=")|unrecognized command )"(?!EHLO |HELO )(.*?)"'
         r"(?= H=| U=|[,)]|\Z| \()", What.COMMAND),
        (r'input="(.*?)"?\Z', What.COMMAND),
        (r'rejected (?:temporarily )?"(?:EHLO|HELO) (.*?)" from ', What.CLAIM),
        (r"rejected (?:EHLO or HELO|EHLO|HELO) (?!from )(.*?)(?=: |:?\Z)", What.CLAIM),
        (r"syntactically invalid argument\(s\): (.*)", What.CLAIM),
        (r"(?:rejected |^|\")(?:VRFY|EXPN) (?:failed for )?(.*?)(?=: | H=| U=|\Z|\")", What.RECIPIENT),
        (r"(?:rejected |^|\")(?:ETRN|ATRN) (.*?)(?= received from|: | H=|\Z|\")", What.CLAIM),
        (r"rejected AUTH (.*?)(?=: |:?\Z)", What.COMMAND),
        (rf"(?:unqualified (?:recipient|sender|verify) rejected: )<?({_PATH}?)>? (?=H=|U=)", What.ADDRESS),
        (rf"(?:rejected|temporarily rejected) RCPT (?:<({_PATH})>)", What.RECIPIENT),
        (r"(?:rejected|temporarily rejected) RCPT ([^<].*?)(?=: |:?\Z)", What.RECIPIENT),
        (rf"rejected MAIL (?:FROM:)?<({_PATH})>", What.SENDER),
        (r"rejected MAIL (?!FROM:|from |command )([^<].*?)(?=: |:?\Z)", What.SENDER),
        (rf"(?:^| )F=<({_PATH})>", What.SENDER),
        (r"^F=([^< ][^ ]*)", What.SENDER),
        (rf"(?: from | for |sender=| RCPT | MAIL | verify fail for | verify defer for )<({_PATH})>", What.ADDRESS),
        (r"authenticator failed .*\(set_id=(.*)\)(?=\Z|: )", What.ACCOUNT),
        (r" A=([^\s:]+:.*?)(?= (?:temporarily )?rejected | X=| CV=| C=| DN=| SNI=| SPF| DMARC| D=|\Z)", What.LOGIN),
        (r"AUTH=(<[^>]*>|\S+)", What.ACCOUNT),
        (r' DN="(.*?)"(?= (?:F=|A=|D=|C=|SNI=|rejected|temporarily)|: |\Z)', What.NAME),
        (r" SNI=\"?([^ \"]+)", What.DOMAIN),
        (r" U=(.+?)(?= (?:Ci|P|F|X|CV|A|ID|B|S|D)=| rejected| temporarily| incomplete| Warning| dropped"
         r"| sender verify| lost| closed|: |\Z)", What.USER),
        (r"^(?:Sender|SMTP connection) identification .*?\bS=([^ @]+@[^ ]+)", What.SENDER),
        (r"^(?:Sender|SMTP connection) identification .*?\bS=([^ @]+)(?= |\Z)", What.USER),
        (r"^(?:Sender|SMTP connection) identification .*?\bD=([^ ]+)", What.DOMAIN),
        (r"^SMTP connection outbound \d+ \S+ (\S+)", What.DOMAIN),
        (r"^SMTP connection outbound \d+ \S+ \S+ (.+)", What.RECIPIENT),
        (r'^"(.*?)" from \S+ rewritten as "', What.ADDRESS),
        (r'^".*?" from \S+ rewritten as "(.*?)" by ', What.ADDRESS),
        (r"^DKIM: d=([^ ]+)", What.DOMAIN),
        (r"^DKIM: d=[^ ]+ s=([^ ]+)", What.SELECTOR),
        (r"\bi=[^ @\]]*@([^ \]]+)", What.DOMAIN),
        (r"no IP address found for host ([^ ]+)", What.HOST),
        (r"^([^ ]+) does not match any IP address for ", What.HOST),
        (r"does not match any IP address for ([^ ]+)", What.HOST),
        (r"^Authentication-Results: ([^ ;]+);", What.HOST),
        (r"smtp\.auth=([^ ;]+)", What.ACCOUNT),
        (r"queue run: .*? -[RS][fr]* (\S+)", What.ADDRESS),
        (rf"^<({_PATH})>: \S+ transport output: ", What.RECIPIENT),
        (rf"^(.*?)(?: <{_PATH}>)?: error ignored", What.HANDED_TO),
        (rf"^.*? <({_PATH})>: error ignored", What.RECIPIENT),
        (r"\bcert=(.*)", What.NAME),
    )
)  # fmt: skip


def _in_words(text: str, start: int, event: Event) -> Iterator[Place]:
    client = getattr(event, "client", None)
    yield from _clients(text, start)
    if (
        isinstance(event, Connection | Rejection)
        and client
        and client.ident
        and f"from {client.ident}" in text
    ):
        at = text.index(f"from {client.ident}", 0) + 5
        yield Place(at, at + len(client.ident), What.USER)
    if listed := _LISTED.search(text, start):
        yield from _each(text, listed.end(), len(text))
    yield from _found(_IN_WORDS, text, start)


_LISTED = re.compile(rf" incomplete transaction \([^)]*\) from <{_PATH}> for ")
_CLIENTS = re.compile(
    r"(?:^|(?<=[ \"]))(?:H=|(?:from|for|on|to)(?= (?:[^\s()\[\]=]+ )?(?:\(.{0,1024}?\) )?\[[0-9A-Fa-f.:]+\]) )"
)


def _clients(text: str, start: int) -> Iterator[Place]:
    """Hosts in the form of ``hosts``: behind ``H=``, and behind "from", "for", "on"."""
    at = start
    while match := _CLIENTS.search(text, at):
        if text.startswith("H=", match.start()) and text.rfind('"', start, match.start()) >= 0:
            break  # in somebody's words
        host = hosts.read_host(text, match.end())
        if host is not None:
            yield from _host(text, match.end(), host.end)
        at = match.end() if host is None else max(host.end, match.end())


# -- anywhere, also in the words of other servers

_IP = r"[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]+"
_HOME = (
    r"(?<![\w.])/(?:home|Users|export/home|usr/home|var/mail|var/spool/mail|var/vmail/[^/\s]+|var/www/vhosts)/"
    r"[^\s\"',;)>]+"
)
_CLAIMED = re.compile(rf"\((?!set_id=)([^()]*)\)(?= \[({_IP})\])")
_AT_ADDRESS = re.compile(rf"(?:^|(?<=[\s=(<,;:]))([^\s()\[\]<>=,;:\"'@]+)(?= [(\[]({_IP})[)\]])")
_EVERYWHERE: tuple[tuple[re.Pattern[str], What], ...] = tuple(
    (re.compile(pattern), what)
    for pattern, what in (
        (r"(?:from|running) command:? (.*)", What.COMMAND),
        (r"[Ff]ailed to expand (?:[^\"]*? )?\"(.*)\"", What.COMMAND),
        (r"[Ff]ailed to expand (?!.*\")(.*)", What.COMMAND),
        (r"(?i:\bsubject): ?(?!to\b)(.+?)(?=\\n|\Z)", What.SUBJECT),
        (r"(?i:\bmessage-id): ?(\S+)", What.HEADER_ID),
        (r"\b[Hh]ost[Nn]ame[=:] ?([\w.-]+)", What.HOST),
        (r"\bafter (?:pipelined )?(?:EHLO|HELO|LHLO) ([^\s:]+)", What.CLAIM),
        (rf"({_HOME})", What.DIRECTORY),
    )
)


def everywhere(text: str, start: int = 0) -> Iterator[Place]:
    """What is told by its own form, on any line and in any server's answer."""
    for pattern, what in ((_CLAIMED, What.CLAIM), (_AT_ADDRESS, What.MAYBE_HOST)):
        for match in pattern.finditer(text, start):
            yield Place(match.start(1), match.end(1), what, match[2])
    yield from _found(_EVERYWHERE, text, start)


def _found(
    patterns: Iterable[tuple[re.Pattern[str], What]], text: str, start: int, end: int | None = None
) -> Iterator[Place]:
    """``^`` in a pattern is ``start``: the text before it is not looked at."""
    rest = text[start:end]
    for pattern, what in patterns:
        for match in pattern.finditer(rest):
            if match[1] is not None:
                yield Place(start + match.start(1), start + match.end(1), what)
