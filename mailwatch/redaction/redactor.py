"""Everything that leaves the house passes here; one redactor for each report, since it knows who stands for whom."""

import re
from collections.abc import Iterable
from datetime import UTC

from ingest.exim.events import Event, Unparsed
from ingest.exim.line import Line, read_line, readable
from ingest.exim.parse import parse
from mailwatch.redaction.addresses import ADDRESSES, IN_SENTENCES, LEAD
from mailwatch.redaction.cut import Cut, Part, marks
from mailwatch.redaction.disguises import DISGUISED, undisguised
from mailwatch.redaction.host_names import DOTTED, is_file, is_internal_address
from mailwatch.redaction.learned import Learned, is_nobody
from mailwatch.redaction.level import Level
from mailwatch.redaction.ordinary_words import IN_ANSWERS, in_sentences, is_ordinary_directory, words_of
from mailwatch.redaction.places import Place, What, everywhere, places
from mailwatch.redaction.stand_ins import RUN, Role, is_masked

_STAND_IN = re.compile(r"(?:{}) \Z".format("|".join(Role)))
_LONGEST_ROLE = max(map(len, Role)) + 1
_NUMBERED = re.compile(r"\d+@")
_SYSLOG_HOST = re.compile(
    r"(?:\ufeff)?(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d [\d:]{8}|\d{4}-\d\d-\d\dT\S+) (\S+) "
)
_DIRECTORY = re.compile(r"[^/\s\"',;:]+")
_ARGUMENT = re.compile(
    r"-F ?(?P<name>\S.*?)(?= -[a-zA-Z]|\Z)|-f ?(?P<sender>[^\s-][^\s]*)|(?P<path>/[^\s\"]+)"
)
_PROGRAMS = re.compile(
    r"(?:/[\w.-]+)*/(?:s?bin|libexec|lib)/(?:sendmail|exim4?|rsmtp|newaliases|mailq)(?:\.\w+)?\Z"
)
_ROLES = {
    What.SENDER: Role.SENDER, What.RECIPIENT: Role.RECIPIENT, What.ADDRESS: Role.ADDRESS,
    What.ACCOUNT: Role.ACCOUNT, What.USER: Role.LOCAL_USER,
}  # fmt: skip
_STANDING_FOR = {
    What.SUBJECT: "subject", What.HEADER_ID: "id", What.NAME: "name", What.COMMAND: "command",
}  # fmt: skip
_PUBLIC_NAME = re.compile(r"(?:.*,)?CN=((?:\*\.)?[\w.-]+)(?:,.*)?")


class Redactor:
    """Takes out of log text what a level hides. First everything is learned, then shown."""

    def __init__(self, level: Level = Level.MASKED) -> None:
        self._level = level
        self._learned = Learned(level)
        self._unsearched: list[bytes] = []  # lines of which only the places were read

    # -- learning

    def learn_line(self, raw: bytes) -> None:
        """Take note of everyone named on a line."""
        text = readable(raw)
        read = _read(raw)
        if syslog := _SYSLOG_HOST.match(text):
            self._learned.host(syslog[1], None)
        if read is None:
            return
        line, event = read
        for word in (
            getattr(event, name, None) for name in ("authenticator", "router", "transport", "protocol")
        ):
            self._learned.word(word)
        for place in places(line, event):
            self._learn_place(line.text, place)
        self._unsearched.append(raw)

    def _learn_fromwords_of(self) -> None:
        """Take note of whom only the words of servers name. Later than those in places: they are somebody there."""
        lines, self._unsearched = self._unsearched, []
        for raw in lines:
            cut = self._cut_by_place(raw)
            self._search_addresses(cut, 0, len(cut.source))

    def _learn_place(self, text: str, place: Place) -> None:
        value = text[place.start : place.end]
        match place.what:
            case What.HANDED_TO if value[:1] not in ("|", "/", ">") and not is_nobody(value):
                self.learn(value, Role.RECIPIENT)
            case What.LOGIN:
                self._learned.login(value)
            case What.HOST | What.CLAIM | What.DOMAIN:
                self._learned.host(value, place.of)
            case What.MAYBE_HOST if place.of and is_internal_address(place.of) and not _is_ordinary(value):
                self._learned.host(value, place.of)
            case What.DIRECTORY | What.COMMAND | What.HANDED_TO:
                self._learned.directory(value)
            case What.ARGUMENTS:
                self._learn_arguments(value)
            case What.SUBJECT | What.HEADER_ID | What.NAME:
                self._learned.phrase(value, _STANDING_FOR[place.what], in_sentences())
            case what if what in _ROLES:
                self.learn(value, _ROLES[what])

    def _learn_arguments(self, text: str) -> None:
        for match in _ARGUMENT.finditer(text):
            if match["name"]:
                self.learn(match["name"].strip('"'), Role.ACCOUNT)
            elif match["path"]:
                self._learned.directory(match["path"])

    def learn(self, address: str, role: Role) -> None:
        """Take note of an address, a login name or a local user."""
        self._learned.somebody(address, role)

    def learn_log_host(self, name: str) -> None:
        """Take note of what a log host is called here."""
        self._learned.log_host(name)

    def learn_hidden(self, lines: Iterable[bytes], shown: Iterable[str]) -> None:
        """Take note of each word of some lines that no shown text has: where people write it, it is hidden too.

        Words that everyone uses stay, and those of headers: a story could not be told without them.
        """
        had = {word for raw in lines for word in words_of(readable(raw).partition("\n")[0])}
        seen = {word for text in shown for word in words_of(text)}
        for word in sorted(had - seen - in_sentences()):
            self._learned.people.learn_name(word, "hidden")

    # -- values

    def address(self, address: str) -> str:
        """An address."""
        self.learn(address, Role.ADDRESS)
        return self._cut_out(address, What.ADDRESS)

    def account(self, account: str, role: Role = Role.ACCOUNT) -> str:
        """A login name or a local user."""
        self.learn(account, role)
        return self._cut_out(account, What.ACCOUNT if role is Role.ACCOUNT else What.USER)

    def recipient(self, recipient: str) -> str:
        """An address, or the command or file that a message was handed to."""
        return self._cut_out(recipient, What.HANDED_TO)

    def host(self, name: str) -> str:
        """The name of a host, as it stands behind ``H=`` or as a client claims it."""
        return self._cut_out(name, What.HOST)

    def log_host(self, name: str) -> str:
        """What a log host is called here."""
        self.learn_log_host(name)
        return self._learned.log_host_shown(name)

    def hidden(self, text: str, stand_in: str) -> str:
        """What has no part worth showing: ``stand_in`` in its place."""
        return stand_in if text and not is_masked(text) else text

    def word(self, word: str) -> str:
        """A word of the configuration, such as a router's name."""
        return self._searched(word, IN_ANSWERS) if "." in word or "@" in word else word

    def text(self, text: str) -> str:
        """A sentence of Mailwatch's, with whatever log text it quotes."""
        return self._searched(text, in_sentences(), is_ours=True)

    def written(self, text: str) -> str:
        """What somebody of the house wrote about the log: its words are ours in nothing but whom they name."""
        return self._searched(text, IN_ANSWERS, is_ours=True)

    def answer(self, text: str) -> str:
        """A server's words about a delivery."""
        return self._searched(text, IN_ANSWERS)

    def _cut_out(self, text: str, what: What) -> str:
        cut = Cut(text)
        self._hide(cut, Place(0, len(text), what))
        return cut.joined()

    # -- lines

    def line(self, raw: bytes) -> tuple[Part, ...]:
        """A log line, with the unstamped lines that follow it."""
        self._learn_fromwords_of()
        cut = self._cut_by_place(raw)
        self._search(cut, IN_ANSWERS)
        return cut.parts(marks(cut.source, raw))

    def _cut_by_place(self, raw: bytes) -> Cut:
        text = readable(raw)
        cut = Cut(text)
        below = text.find("\n") + 1
        if below:  # a rejectlog writes the message's headers there: subject, names, anything
            cut.hide(below, len(text), self.hidden(text[below:], "headers"))
        read = _read(raw)
        shift = text.find(read[0].text) if read else -1
        if read is None or shift < 0:
            cut.hide(0, len(text), "text without a stamp")
            return cut
        line, event = read
        if syslog := _SYSLOG_HOST.match(cut.source, 0, shift):
            self._hide(cut, Place(syslog.start(1), syslog.end(1), What.HOST))
        cut.keep(0, shift + line.start)
        for place in places(line, event):
            self._hide(cut, place._replace(start=place.start + shift, end=place.end + shift))
        return cut

    def _hide(self, cut: Cut, place: Place) -> None:  # one case for each kind of place
        start, end, what = place.start, place.end, place.what
        value = cut.source[start:end]
        match what:
            case What.KEPT:
                cut.keep(start, end)
            case What.SENDER | What.RECIPIENT | What.ADDRESS:
                self._hide_address(cut, start, end)
            case What.HANDED_TO:
                self._hide_handed_to(cut, start, end)
            case What.ACCOUNT | What.USER:
                self._hide_account(cut, start, end, is_user=what is What.USER)
            case What.LOGIN:
                self._hide_login(cut, start, end)
            case What.HOST | What.CLAIM if self._learned.people.knows(value):
                cut.hide(start, end, self._learned.people.of(value))
            case What.HOST | What.CLAIM | What.DOMAIN:
                self._hide_host(cut, start, end)
            case What.MAYBE_HOST:
                if not _is_ordinary(value) and self._learned.hosts.is_hidden(value):
                    self._hide_host(cut, start, end)
            case What.DIRECTORY:
                self._hide_directories(cut, start, end)
            case What.ARGUMENTS:
                self._hide_arguments(cut, start, end)
            case What.SELECTOR:
                if self._level.hides_domains:
                    cut.hide(start, end, "selector")
            case What.SERVER_NAME:
                self._hide_certificate(cut, start, end)
            case _:
                cut.hide(start, end, self.hidden(value, _STANDING_FOR[what]))

    def _hide_address(self, cut: Cut, start: int, end: int) -> None:
        address = cut.source[start:end]
        if not address or is_masked(address) or address == "<>":
            return
        local_part, at, domain = _split(address)
        if not at:
            if self._level.hides_mailboxes and self._learned.people.knows(address):
                cut.hide(start, end, self._learned.people.of(address))
            elif not self._level.hides_mailboxes or not DOTTED.search(address):
                cut.keep(start, end)
            return
        middle = start + len(local_part)
        if self._level.hides_mailboxes and self._learned.people.knows(f"{local_part}@{domain}"):
            cut.hide(start, middle, self._learned.people.of(f"{local_part}@{domain}"))
        cut.keep(start, middle + len(at))
        self._hide_host(cut, middle + len(at), end)

    def _hide_handed_to(self, cut: Cut, start: int, end: int) -> None:
        """The address right behind the flag; of a delivery it may be a command, a file or a word."""
        value = cut.source[start:end]
        if value[:1] in ("|", "/"):
            cut.hide(start, end, "|command" if value[0] == "|" else "/path")
        elif value[:1] == ">":  # an automatic reply, to these addresses
            self._search_addresses(cut, start, end)
        elif not is_nobody(value):
            if not self._learned.people.knows(value):
                self.learn(value, Role.ADDRESS)
            self._hide_address(cut, start, end)

    def _hide_account(self, cut: Cut, start: int, end: int, *, is_user: bool = False) -> None:
        account = cut.source[start:end]
        if not account or is_masked(account):
            return
        self.learn(account, Role.LOCAL_USER if is_user else Role.ACCOUNT)
        people = self._learned.people
        shown = people.of(account) if is_user else people.of_account(account)
        local_part, at, _ = account.rpartition("@")
        if not at or shown == account or not self._learned.may_show_domain(account):
            cut.hide(start, end, shown)
            return
        middle = start + len(local_part)
        cut.hide(start, middle, shown)
        cut.keep(middle, middle + 1)
        self._hide_host(cut, middle + 1, end)

    def _hide_login(self, cut: Cut, start: int, end: int) -> None:
        name, colon, rest = cut.source[start:end].partition(":")
        at = start + len(name + colon)
        cut.keep(start, at)
        account, colon, said = rest.partition(":")
        self._hide_account(cut, at, at + len(account))
        at += len(account + colon)
        self._hide_account(cut, at, at + len(said))

    def _hide_host(self, cut: Cut, start: int, end: int) -> None:
        name = cut.source[start:end]
        shown = self._learned.host_shown(name)
        cut.keep(start, end) if shown == name else cut.hide(start, end, shown)

    def _hide_directories(self, cut: Cut, start: int, end: int) -> None:
        """``/home/local user 1/public_html``: directories that are called so everywhere stay."""
        for match in _DIRECTORY.finditer(cut.source, start, end):
            word = match[0]
            if is_ordinary_directory(word):
                cut.keep(match.start(), match.end())
            elif self._learned.people.knows(word):
                cut.hide(match.start(), match.end(), self._learned.people.of(word))
            else:
                cut.hide(match.start(), match.end(), "directory")

    def _hide_arguments(self, cut: Cut, start: int, end: int) -> None:
        for match in _ARGUMENT.finditer(cut.source, start, end):
            if match["name"]:
                self._hide_account(cut, match.start("name"), match.end("name"))
            elif match["sender"] and "@" not in match["sender"]:
                self._hide_account(cut, match.start("sender"), match.end("sender"), is_user=True)
            elif match["path"] and not _PROGRAMS.match(match["path"]):
                self._hide_directories(cut, match.start(), match.end())

    def _hide_certificate(self, cut: Cut, start: int, end: int) -> None:
        """A server's certificate tells nothing where it has the public name that its level shows."""
        named = _PUBLIC_NAME.fullmatch(cut.source[start:end])
        if named and "." in named[1] and self._learned.host_shown(named[1]) == named[1]:
            return
        cut.hide(start, end, "name")

    # -- free text

    def _searched(self, text: str, ordinary: frozenset[str], *, is_ours: bool = False, depth: int = 2) -> str:
        cut = Cut(text)
        for place in everywhere(text):
            self._hide(cut, place)
        self._search(cut, ordinary, is_ours=is_ours, depth=depth)
        return cut.joined()

    def _search(self, cut: Cut, ordinary: frozenset[str], *, is_ours: bool = False, depth: int = 2) -> None:
        """Hide what looks like an address or a host wherever it stands, and every name learned."""
        self._learn_fromwords_of()
        self._learned.settle()
        self._search_addresses(cut, 0, len(cut.source), is_ours=is_ours)
        if depth:
            cut.each(DISGUISED, lambda run: self._unmasked(run, ordinary, depth))
        for start, name in cut.found(DOTTED):
            if self._learned.hosts.is_hidden(name) and not is_file(name):
                self._hide_host(cut, start, start + len(name))
        for begin, stop in cut.open():
            for start, end, stand_in in self._learned.people.phrases_in(cut.source, begin, stop):
                cut.hide(start, end, stand_in)
        for start, run in cut.found(RUN):
            for begin, end, stand_in in self._learned.people.names_in(run, ordinary):
                cut.hide(start + begin, start + end, stand_in)

    def _unmasked(self, run: str, ordinary: frozenset[str], depth: int) -> str:
        """A run of text, unless it is a name that is written otherwise."""
        for plain in undisguised(run):
            if self._learned.people.are_in(plain):
                return "encoded"
            if plain.isprintable() and self._searched(plain, ordinary, depth=depth - 1) != plain:
                return "encoded"
        return run

    def _search_addresses(self, cut: Cut, start: int, end: int, *, is_ours: bool = False) -> None:
        for pattern in IN_SENTENCES if is_ours else ADDRESSES:
            for at, address in cut.found(pattern, end=end):
                if at >= start:
                    self._hide_found(cut, at, address, is_ours=is_ours)

    def _hide_found(self, cut: Cut, start: int, address: str, *, is_ours: bool) -> None:
        before = cut.source[max(0, start - _LONGEST_ROLE) : start]
        if _NUMBERED.match(address) and _STAND_IN.search(before):
            cut.keep(start, start + len(address))
            return
        end = start + len(address)
        lead = LEAD.match(address)
        if lead and not self._learned.knows(address):
            start, address = start + lead.end(), address[lead.end() :]
        local_part, at, domain = _split(address)
        if not local_part or is_masked(address):
            return
        if self._learned.is_account(f"{local_part}@{domain}", is_ours=is_ours):
            if at == "@":
                self._hide_account(cut, start, end)
            else:
                cut.hide(start, end, self._learned.people.of(f"{local_part}@{domain}"))
            return
        self.learn(f"{local_part}@{domain}", Role.ADDRESS)
        self._hide_address(cut, start, end)


def _read(raw: bytes) -> tuple[Line, Event] | None:
    """The first line of an entry, with what it says; None if it is no line of Exim's."""
    first = raw.split(b"\n", 1)[0]
    line, event = read_line(first, zone=UTC), parse(first, zone=UTC)
    return None if isinstance(line, Unparsed) or isinstance(event, Unparsed) else (line, event)


def _is_ordinary(word: str) -> bool:
    return word.casefold() in IN_ANSWERS


def _split(address: str) -> tuple[str, str, str]:
    """``alice%40example.net`` or ``alice@example.net`` in its three parts."""
    return address.rpartition("@" if "@" in address else "%40")
