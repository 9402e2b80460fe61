"""The parts of a line with a flag, and their meanings; ``glossary`` makes tokens of them."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ingest.exim import durations, fields, hosts, meanings, replies
from ingest.exim.hosts import Host
from ingest.exim.line import Line
from ingest.exim.meanings.entry import Entry
from ingest.exim.replies import Meaning, of
from ingest.languages import later, say

_SPANS: tuple[tuple[int, str, str], ...] = (
    (604_800, later("{number} week"), later("{number} weeks")),
    (86_400, later("{number} day"), later("{number} days")),
    (3_600, later("{number} hour"), later("{number} hours")),
    (60, later("{number} minute"), later("{number} minutes")),
    (1, later("{number} second"), later("{number} seconds")),
)
_TIMES = frozenset({"RT", "QT", "DT", "D"})


class Part(NamedTuple):
    """A place in the text of a line, and what stands there."""

    start: int
    end: int
    meaning: Meaning


def parts(line: Line) -> list[Part]:
    """Take apart what stands behind the flag."""
    if line.flag in {"<=", "(="}:
        return [
            part for field in fields.arrival_fields(line.text, line.start) for part in _arrival(line, field)
        ]
    return list(_deliveries(line))


def _deliveries(line: Line) -> Iterator[Part]:
    end = line.start  # of a remark in brackets behind ST=: why the copy failed
    for field in fields.delivery_fields(line.text, line.start):
        if field.start < end:
            continue
        if field.key == "ST" and line.text.startswith(" (", field.end):
            end = line.text.find(")", field.end) + 1 or field.end
            field = field._replace(end=end)
        yield from _delivery(line, field)


def _arrival(line: Line, field: fields.Field) -> list[Part]:
    if field.key == "H":
        host = hosts.read_host(line.text, field.start + 2)
        if host is not None:
            return client(host, field.start)
    return [Part(field.start, field.end, _arrival_meaning(line, field))]


def _arrival_meaning(line: Line, field: fields.Field) -> Meaning:
    known = meanings.ARRIVAL
    match field.key:
        case "sender" if field.value == "<>":
            return of(meanings.ADDRESSES["<>"])
        case "sender" if _is_masked(field.value):
            return Meaning(
                f"{known['sender'].said} {meanings.ADDRESSES['a***@…'].said}",
                (known["sender"], meanings.ADDRESSES["a***@…"]),
            )
        case "P":
            return _protocol(field.value)
        case "A":
            return login(field.value, known)
        case "U" if " H=" not in line.text[: field.start]:
            return of(known["U= without H="])
        case "CV" if f"CV={field.value}" in known:
            return of(known[f"CV={field.value}"])
        case "X":
            return encryption(known["X="], field.value)
        case "word":
            return _word(field.value)
    key = f"{field.key}="
    entry = known.get(field.key) or known.get(key) or meanings.PANEL_FIELDS.get(key)
    return of(entry or meanings.FREE["unknown words"], _spoken(field))


def _delivery(line: Line, field: fields.Field) -> Iterator[Part]:
    if field.key == "text":
        yield from reason(line.text, field.start, field.end)
        return
    glued = line.text.startswith(": ", field.end)
    yield Part(field.start, field.end + glued, _delivery_meaning(field))


def _delivery_meaning(field: fields.Field) -> Meaning:
    known = meanings.DELIVERY
    match field.key:
        case "recipient":
            return _recipient(field.value)
        case "R" | "T":
            name = meanings.NAMES.get(f"{field.key}={field.value}")
            return of(name or known[f"{field.key}="])
        case "CV" if f"CV={field.value}" in known:
            return of(known[f"CV={field.value}"])
        case "X":
            return encryption(known["X="], field.value)
        case "C":
            return accepted(field.value)
        case "F" | "P" if field.value == "<>":
            return Meaning(
                f"{known[f'{field.key}='].said} {meanings.ADDRESSES['<>'].said}",
                (known[f"{field.key}="], meanings.ADDRESSES["<>"]),
            )
        case "parents":
            return of(known["(address)" if "@" in field.value else "(rule)"])
        case "original recipient":
            return of(known["<address>"])
        case "word":
            return _word(field.value)
    return of(known.get(f"{field.key}=") or meanings.FREE["unknown words"], _spoken(field))


def client(host: Host, start: int) -> list[Part]:
    """Who connected. Both parts matter where the name is the literal of another address."""
    claimed = None if host.helo_name is None else _claimed_address(host.helo_name)
    is_false = claimed is not None and host.address is not None and claimed != host.address
    fact, by_port = meanings.HOST["[address]"], meanings.HOST[":port"]
    meaning = of(fact, matters=is_false)
    if host.port is not None:
        meaning = Meaning(f"{fact.said} {by_port.said}", (fact, by_port), is_false)
    if host.name is None and host.helo_name is None:
        return [Part(start, host.end, meaning)]
    return [
        Part(start, host.address_start, _claim(host, claimed, is_false=is_false)),
        Part(host.address_start, host.end, meaning),
    ]


def _claim(host: Host, claimed: str | None, *, is_false: bool) -> Meaning:
    verified, said, literal = (meanings.HOST[term] for term in ("name", "(name)", "([address])"))
    if host.helo_name is None:
        return of(verified)
    told, entries = said.said, [said]
    if is_false:
        detail = say(
            "It claims the address {claimed}, but the connection came from {address}.",
            claimed=claimed,
            address=host.address,
        )
        if claimed in {"127.0.0.1", "::1"}:
            detail = say("It claims to be this server's own loopback address.")
        told, entries = f"{literal.said} {detail}", [literal]
    if host.name is not None:
        told = say("{name} In brackets: {told}", name=verified.said, told=told)
        entries = [verified, *entries]
    return Meaning(told, tuple(entries), matters=is_false)


def _claimed_address(helo_name: str) -> str | None:
    literal = helo_name.removeprefix("[").removesuffix("]")
    return hosts.address(literal[5:] if literal[:5].lower() == "ipv6:" else literal)


def _is_masked(address: str) -> bool:
    return "*" in address or "protected]" in address


def _protocol(protocol: str) -> Meaning:
    field, utf8 = meanings.ARRIVAL["P="], meanings.PROTOCOLS["utf8…"]
    known = meanings.PROTOCOLS.get(protocol.removeprefix("utf8"))
    if known is None:
        return of(meanings.PROTOCOLS["any other word"])
    if protocol.startswith("utf8"):
        return Meaning(say("Protocol: {meaning}", meaning=f"{known.said} {utf8.said}"), (known, utf8, field))
    return Meaning(say("Protocol: {meaning}", meaning=known.said), (known, field))


def login(value: str, known: Mapping[str, Entry]) -> Meaning:
    """The three cases of ``A=``: no account logged, an empty one, a name."""
    _name, account = fields.login(value)
    if account is None:
        return of(known["A=name"])
    return of(known["A=name:account"]) if account else of(known["A=name:"], matters=True)


def encryption(entry: Entry, value: str) -> Meaning:
    """``X=`` with what its version and its cipher are worth."""
    found = [each.entry for each in meanings.TLS if each.pattern.search(value)]
    worth = [each.said for each in found if each.term[:3] in {"TLS", "SSL", "3DE"}]
    return Meaning(" ".join([entry.said, *worth]), (entry, *found))


def _word(word: str) -> Meaning:
    if word in {"routing", "transporting"}:
        return of(meanings.DELIVERY[word])
    return of(meanings.WORDS.get(word.rstrip("*.-") or word, meanings.FREE["unknown words"]))


def _recipient(recipient: str) -> Meaning:
    for beginning, entry in meanings.RECIPIENTS:
        if recipient.startswith(beginning):
            return of(entry)
    known = meanings.DELIVERY["recipient"]
    if _is_masked(recipient):
        masked = meanings.ADDRESSES["a***@…"]
        return Meaning(f"{known.said} {masked.said}", (known, masked))
    return of(known if "@" in recipient else meanings.ADDRESSES["name without @"])


def accepted(quoted: str) -> Meaning:
    """``C=``: the words of the other server, with what they tell."""
    known, said = meanings.DELIVERY["C="], replies.answer(fields.unquote(quoted).lstrip(" "))
    if said is None:
        return of(known)
    text = f"{known.said} {said.text}"
    code = fields.unquote(quoted).lstrip(" ")[:3]
    if said.entries[0].term == code:
        text = f"{known.said} {say('{code} = {gist}.', code=code, gist=said.entries[0].gist)}"
    return Meaning(text, (known, *said.entries), said.matters)


def _spoken(field: fields.Field) -> str:
    """A duration in words; "" for other fields, and for one that says itself, such as ``3s``."""
    seconds = durations.seconds(field.value) if field.key in _TIMES else None
    if seconds is None or seconds < 60:
        return ""
    rest, words = int(seconds), []
    for length, one, many in _SPANS:
        number, rest = divmod(rest, length)
        if number:
            words.append(say(one if number == 1 else many, number=number))
    return say("Here: {duration}.", duration=" ".join(words))


def reason(text: str, start: int, end: int) -> Iterator[Part]:
    """Why an attempt failed: number, remote host, step of the conversation, and the answer or the reason."""
    pos = start
    while pos < end:
        part = _number(text, pos) or _remote(text, pos) or _step(text, pos)
        if part is None or part.end > end:
            break
        yield part
        pos = part.end
        while pos < end and text[pos] in " :":
            pos += 1
    if pos < end:
        known = replies.answer(text[pos:end])
        yield Part(pos, end, known or of(meanings.FREE["the other side's reason"]))


def _number(text: str, pos: int) -> Part | None:
    if not text.startswith("defer (", pos) or (close := text.find(")", pos, pos + 32)) < 0:
        return None
    number = text[pos + 7 : close]
    known = meanings.NUMBERS.get(number)
    if known is None:
        kind = "-n" if number[:1] == "-" else "any other number" if number.isdigit() else "letter"
        known = meanings.NUMBERS[kind]
    end = close + 1
    return Part(pos, end + text.startswith(":", end), of(known))


def _remote(text: str, pos: int) -> Part | None:
    """``H=``, ``I=`` and ``DT=`` inside the reason of a deferral."""
    if text.startswith("H=", pos):
        host = hosts.read_host(text, pos + 2)
        unreadable = text.find(":", pos)
        end = unreadable if host is None else host.end + text.startswith("*", host.end)
        key = "H="
    else:
        pair = fields.read_pair(text, pos)
        if pair is None or pair.key not in {"I", "DT"}:
            return None
        end, key = pair.end, f"{pair.key}="
    if end < 0:
        return None
    return Part(pos, end + text.startswith(":", end), of(meanings.DELIVERY[key]))


def _step(text: str, pos: int) -> Part | None:
    for each in meanings.STEPS:
        match = each.pattern.match(text, pos)
        if match is not None:
            return Part(pos, match.end(), of(each.entry))
    return None
