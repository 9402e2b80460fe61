"""The parts of a line with their meanings; ``glossary`` makes tokens of them."""

from collections.abc import Iterator
from typing import NamedTuple

from ingest.exim import fields, hosts, meanings, replies
from ingest.exim.events import Event, Note, Topic
from ingest.exim.hosts import Host
from ingest.exim.line import Line

_LOOSE_ENDS = (" H=", " U=", ": ", " authenticator failed")


class Part(NamedTuple):
    """A place in the text of a line, and what stands there."""

    start: int
    end: int
    meaning: str
    matters: bool = False


def parts(line: Line, event: Event) -> list[Part]:
    """Take apart what stands behind the flag, or behind the id where there is no flag."""
    if line.message_id is not None and line.flag in {"<=", "(="}:
        return [
            part for field in fields.arrival_fields(line.text, line.start) for part in _arrival(line, field)
        ]
    if line.message_id is not None and line.flag is not None:
        return [_delivery(line, field) for field in fields.delivery_fields(line.text, line.start)]
    is_remote = isinstance(event, Note) and event.topic is Topic.HOST_ERROR
    return list(_words(line.text, line.start, is_remote=is_remote))


def _arrival(line: Line, field: fields.Field) -> list[Part]:
    meaning, matters = meanings.ARRIVAL_FIELDS.get(field.key, meanings.NOT_TAKEN_APART), False
    match field.key:
        case "H":
            host = hosts.read_host(line.text, field.start + 2)
            return [Part(field.start, field.end, meaning)] if host is None else _host(host, field.start)
        case "sender" if field.value == "<>":
            meaning = "Null sender: a bounce or another automatic notice."
        case "sender" if _is_masked(field.value):
            meaning = "Envelope sender. Masked in the log as it was handed in."
        case "P":
            meaning = _protocol(field.value)
        case "A":
            meaning, matters = _login(field.value)
        case "U" if " H=" not in line.text[: field.start]:
            meaning = "The local user, or the user of the program, that handed the message over."
        case "CV" if field.value == "yes":
            meaning = "The client's certificate was verified."
        case "word":
            meaning = _word(field.value)
    return [Part(field.start, field.end, meaning, matters)]


def _delivery(line: Line, field: fields.Field) -> Part:
    meaning, matters = meanings.DELIVERY_FIELDS.get(field.key, meanings.NOT_TAKEN_APART), False
    match field.key:
        case "recipient":
            meaning = _recipient(field.value)
        case "R":
            meaning = meanings.ROUTERS.get(field.value, meaning)
        case "T":
            meaning = meanings.TRANSPORTS.get(field.value, meaning)
        case "CV":
            meaning = _verified(field.value)
        case "C":
            meaning = f"{meaning} {_answer(field.value)}"
        case "F" | "P" if field.value == "<>":
            meaning += " Empty: nobody is told if it fails."
        case "text":
            meaning, matters = _reason(field.value)
        case "parents" if "@" not in field.value:
            meaning = "Which rule threw it away."
        case "word":
            meaning = _word(field.value)
    glued = line.text.startswith(": ", field.end) and field.key != "text"
    return Part(field.start, field.end + glued, meaning, matters)


def _host(host: Host, start: int) -> list[Part]:
    """The claimed name and the address; both matter where the claim is a literal that is false."""
    claimed = None if host.helo_name is None else _claimed_address(host.helo_name)
    is_false = claimed is not None and host.address is not None and claimed != host.address
    fact = (
        "Sender host address: who really connected. "
        "The last bracketed address of the host is the one to trust."
    )
    if host.port is not None:
        fact += " Behind it the port that the client used."
    if host.name is None and host.helo_name is None:
        return [Part(start, host.end, fact)]
    return [
        Part(start, host.address_start, _claim(host, claimed, is_false=is_false), is_false),
        Part(host.address_start, host.end, fact, is_false),
    ]


def _claim(host: Host, claimed: str | None, *, is_false: bool) -> str:
    verified = "Name of the client, confirmed by the DNS. "
    if host.helo_name is None:
        return verified.rstrip(" ")
    meaning = "The name the client gave itself (HELO). "
    if is_false and claimed in {"127.0.0.1", "::1"}:
        meaning += "It claims to be this server's own loopback address. "
    elif is_false:
        meaning += f"It claims the address {claimed}, but the connection came from {host.address}. "
    return (verified + "In brackets: " if host.name else "") + meaning + "A claim, not a fact."


def _claimed_address(helo_name: str) -> str | None:
    literal = helo_name.removeprefix("[").removesuffix("]")
    return hosts.address(literal[5:] if literal[:5].lower() == "ipv6:" else literal)


def _is_masked(address: str) -> bool:
    return "*" in address or "protected]" in address


def _protocol(protocol: str) -> str:
    known = meanings.PROTOCOLS.get(protocol.removeprefix("utf8"))
    return "Protocol, as a program on this server named it." if known is None else f"Protocol: {known}"


def _login(value: str) -> tuple[str, bool]:
    name, account = fields.login(value)
    if account is None:
        return f"Logged in through the authenticator {name}. It does not log which account.", False
    if account == "":
        return (
            f"Logged in through the authenticator {name}. Nothing follows the colon: the authenticated id is "
            "empty. A login without a user name should be impossible."
        ), True
    return f"Logged in through the authenticator {name} as {account}.", False


def _word(word: str) -> str:
    return meanings.WORDS.get(word.rstrip("*.-") or word, meanings.NOT_TAKEN_APART)


def _recipient(recipient: str) -> str:
    for beginning, meaning in meanings.RECIPIENTS:
        if recipient.startswith(beginning):
            return meaning
    if _is_masked(recipient):
        return "Recipient. Masked in the log as it was handed in."
    return "Recipient." if "@" in recipient else "Recipient: a mailbox of this server, without its domain."


def _verified(value: str) -> str:
    return {
        "no": "The remote certificate was not verified. Normal for mail between servers.",
        "yes": "The remote certificate was verified.",
        "dane": "The remote certificate was verified by DANE.",
    }.get(value, meanings.DELIVERY_FIELDS["CV"])


def _answer(quoted: str) -> str:
    code = fields.unquote(quoted).lstrip(" ")[:3]
    said = f"{code} = accepted. " if code.isdigit() and code.startswith("2") else ""
    return f"{said}Quote it when you ask them about the message."


def _reason(text: str) -> tuple[str, bool]:
    """What a reason or an answer means."""
    known = replies.reply(text)
    if known is None:
        return "The reason, as this server or the other side put it.", False
    return f"The reason: {known[0]}.", known[1]


def _words(text: str, start: int, *, is_remote: bool) -> Iterator[Part]:
    """The parts of a line without a flag: a client, fields, known phrases, and the reason that ends it."""
    pos, client_may_follow = start, True
    while pos < len(text):
        if text[pos] == " ":
            pos += 1
            continue
        parts, client_may_follow = _next_words(text, pos, client_may_follow=client_may_follow)
        if is_remote and pos == start and text.startswith("H=", pos):
            parts = [Part(pos, parts[-1].end, meanings.DELIVERY_FIELDS["H"])]
        if text.startswith(": ", parts[-1].end):  # the colon ends the part before it
            parts[-1] = parts[-1]._replace(end=parts[-1].end + 1)
        yield from parts
        pos = parts[-1].end


def _next_words(text: str, pos: int, *, client_may_follow: bool) -> tuple[list[Part], bool]:
    is_tagged = text.startswith("H=", pos)
    if is_tagged or (client_may_follow and text[pos] in "(["):
        host = hosts.read_host(text, pos + 2 if is_tagged else pos)
        if host is not None:
            return _host(host, pos), False
    phrase = _phrase(text, pos)
    if phrase is not None:
        return [phrase], text[: phrase.end].endswith((" from", " for", " on"))
    pair = fields.read_pair(text, pos)
    if pair is not None and pair.key in meanings.CLIENT_FIELDS:
        meaning, matters = meanings.CLIENT_FIELDS[pair.key], False
        if pair.key == "A":
            meaning, matters = _login(pair.value)
        return [Part(pair.start, pair.end, meaning, matters)], False
    return [_loose(text, pos)], False


def _phrase(text: str, pos: int) -> Part | None:
    for pattern, meaning, matters in meanings.PHRASES:
        match = pattern.match(text, pos)
        if match is not None:
            return Part(pos, match.end(), meaning, matters)
    return None


def _loose(text: str, pos: int) -> Part:
    """Text that nothing else takes: the reason behind ``: ``, or what stands before the client or it."""
    if text[pos - 2 : pos] == ": ":
        return Part(pos, len(text), *_reason(text[pos:]))
    end = min((at for mark in _LOOSE_ENDS if (at := text.find(mark, pos + 1)) > 0), default=len(text))
    if text.startswith(" authenticator failed", end):
        return Part(pos, end, "Authenticator: the way of logging in, as the configuration names it.")
    return Part(pos, end, meanings.NOT_TAKEN_APART)
