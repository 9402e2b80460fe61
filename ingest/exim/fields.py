"""The fields behind a flag, one by one, with the place where each stands.

A field letter has no meaning without its flag: ``T=`` is the subject on an arrival and the transport on a
delivery. Text that others write (HELO names, ids, subjects, replies) may imitate any field; so fields are
read from left to right, each by its own grammar, and the first of a name counts.

This is the careful reader. ``arrivals`` and ``deliveries`` read the usual shapes with one pattern and come
here for the rest; the glossary always does. Source: receive.c; deliver.c, delivery_log().
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from ingest.exim import hosts

ADDRESS = r"""(?:\[email[ \xa0]protected\]|(?:[^ "]|"(?:[^"\\]|\\.)*+")++)"""
"""One address: quotes may hold spaces. Pages that publish logs mask it as ``[email protected]``."""

_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_NEXT = (
    r"(?:(?:A|C|CV|DKIM|DT|H|I|M8S|PRX|P|Q|QT|R|RT|SNI|T|X|id\*?)="
    r"|S=[0-9]++(?= |\Z)|(?:K|L[*.-]*+|PRDR)(?= |\Z))"
)
_ARRIVAL_SENDER = re.compile(rf"{ADDRESS}(?= |\Z)|.*?(?= (?:R|H|U|P|S)=)|.*")
_END = r"(?= (?:F|Q|P|R|T|SRS)=| (?:routing |transporting )?defer \(|: | : |:?\Z)"
_TOP = rf"<(?:(?P<top>[^<>\" ]*+)|(?P<quoted>[^<>\"]*+{_QUOTED}[^<>]*|[^<>]*))>"
# A pipe, a file and an autoreply always name the address they come from; their own text may hold anything.
_ODD_RECIPIENT = re.compile(rf"(?P<final>[|/>].*?)(?: \((?P<parents>[^()]*)\))? {_TOP}{_END}", re.DOTALL)
_RECIPIENT = re.compile(
    rf"(?P<final>{ADDRESS}|.+?)(?: \((?P<parents>[^()]*)\))?(?: {_TOP})?{_END}", re.DOTALL
)
_KEY = re.compile(r" ([A-Za-z][A-Za-z0-9]{0,4}\*?)=")
_WORD = re.compile(r" ([^ ]*+)")
_PLAIN = re.compile(r"([^ ]*+)")
_MASKED = re.compile(r" \[email[ \xa0]protected\](?= |\Z)")
_CSTRING = re.compile(rf"({_QUOTED})")
_BRACKETED = re.compile(rf"(<(?:[^<>\"]|{_QUOTED})*+>)|([^ ]*+)")
_NAME_IN_CERTIFICATE = re.compile(rf'("[^"]*+")(?=:? |:?\Z)|(".*?")(?= {_NEXT}|:? : |: |:?\Z)')
_ACCOUNT = re.compile(
    r"([^ ]*+)(?= (?:PRDR|K|(?:PRX|S)=)|\Z)|(.*?)(?= (?:PRDR|PRX=|K|S=|M8S=)(?:[^ ]*+)(?= |\Z))"
)
_ARRIVAL_VALUES: Mapping[str, re.Pattern[str]] = {
    "T": _CSTRING,
    "DN": _NAME_IN_CERTIFICATE,
    "SNI": re.compile(rf"({_QUOTED})|([^ ]*+)"),
    "A": _ACCOUNT,
    "U": re.compile(r"(.*?)(?= (?:Ci|ID|B|P)=)|([^ ]*+)"),
    "id": re.compile(rf"({ADDRESS})"),
    "id*": re.compile(rf"({ADDRESS})"),
}
_DELIVERY_VALUES: Mapping[str, re.Pattern[str]] = {
    "F": _BRACKETED,
    "P": _BRACKETED,
    "SRS": _BRACKETED,
    "DN": _NAME_IN_CERTIFICATE,
    "SNI": re.compile(rf"({_QUOTED})|([^ ]*+)"),
    "C": _CSTRING,
}
_WORD_VALUES: Mapping[str, re.Pattern[str]] = {
    "F": _BRACKETED,
    "DN": re.compile(r'(".*?")(?= (?:F=|A=|D=|C=|SNI=|rejected|temporarily))|([^ ]*+)'),
    "A": re.compile(r"(.{0,512}?)(?= (?:temporarily )?rejected | X=)|([^ ]*+)"),
    "I": re.compile(r"(\[[^\[\] ]*+\](?::[0-9]++)?+)|([^ ]*+)"),
}
_MESSAGE = re.compile(r" ?: ?|:\Z")
_DEFER = re.compile(r" (?:routing |transporting )?(?=defer \()")
_TAIL = re.compile(r" (from) (?=<)| (for) ")
_DELIVERY_TIME = re.compile(r" DT=[0-9][0-9.wdhms]*+")
_ESCAPE = re.compile(r"\\([0-3][0-7]{2}|.)", re.DOTALL)
_ESCAPED_QUOTE = re.compile(r'\\(["\\])')
_ADDRESSES = re.compile(rf"{ADDRESS}|[^ ]++")
_NAMED_ADDRESS = re.compile(
    r"(?<![^\s<>()\[\]\",;:|'=`{}>])[^\s<>()\[\]\",;:|'=`{}@/\\]{1,128}+@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?"
)
_MOST_NAMED = 8
_LETTERS = {"n": b"\n", "r": b"\r", "t": b"\t", "b": b"\b", "v": b"\v", "f": b"\f"}


class Field(NamedTuple):
    """One part of the text behind the flag.

    ``key`` is the part before ``=`` ("H", "T", "id*"); a part without one has a name in small letters:
    "sender", "recipient", "parents", "original recipient", "masked", "from", "for", "text", "word".
    """

    key: str
    value: str  # as it stands, with its quotes
    start: int
    end: int


def arrival_fields(text: str, start: int) -> Iterator[Field]:
    """The fields of ``<=`` and ``(=``."""
    sender = _ARRIVAL_SENDER.match(text, start)
    if sender is None:  # a newline inside the line
        yield Field("text", text[start:], start, len(text))
        return
    yield Field("sender", sender[0], start, sender.end())
    yield from _fields(text, sender.end(), _ARRIVAL_VALUES, is_arrival=True)


def delivery_fields(text: str, start: int) -> Iterator[Field]:
    """The fields of ``=>``, ``->``, ``>>``, ``*>``, ``==``, ``**``; "text" is the reason of the last two."""
    recipient = _ODD_RECIPIENT.match(text, start) or _RECIPIENT.match(text, start)
    if recipient is None:
        yield Field("recipient", text[start:], start, len(text))
        return
    for group, key in (
        ("final", "recipient"),
        ("parents", "parents"),
        ("top", "original recipient"),
        ("quoted", "original recipient"),
    ):
        if recipient[group] is not None:
            around = 0 if group == "final" else 1
            yield Field(key, recipient[group], recipient.start(group) - around, recipient.end(group) + around)
    yield from _fields(text, recipient.end(), _DELIVERY_VALUES, is_arrival=False)


def _fields(
    text: str, pos: int, values: Mapping[str, re.Pattern[str]], *, is_arrival: bool
) -> Iterator[Field]:
    seen: set[str] = set()
    while pos < len(text):
        field = _tail(text, pos, seen) if is_arrival else _reason(text, pos)
        if field is None:
            field = _pair(text, pos, values, seen) or _word(text, pos)
        seen.add(field.key)
        yield field
        pos = field.end


def _pair(text: str, pos: int, values: Mapping[str, re.Pattern[str]], seen: set[str]) -> Field | None:
    key = _KEY.match(text, pos)
    if key is None or key[1] in seen:
        return None
    name, start = key[1], key.end()
    if name == "H":
        host = hosts.read_host(text, start)
        if host is not None:
            end = host.end + text.startswith("*", host.end)
            return Field("H", text[start:end], pos + 1, end)
    value = values.get(name, _PLAIN).match(text, start) or _PLAIN.match(text, start)
    end = start if value is None else value.end()
    if values is _DELIVERY_VALUES and end > start and text[end - 1] == ":" and name != "C":
        end -= 1  # "R=alias: mailbox disabled": the colon begins the reason
    return Field(name, text[start:end], pos + 1, end)


def read_pair(text: str, pos: int) -> Field | None:
    """One ``KEY=value`` of a line without a flag, at ``pos``; None if there is none."""
    return _pair(text, pos - 1, _WORD_VALUES, set()) if pos > 0 else None


def _word(text: str, pos: int) -> Field:
    masked = _MASKED.match(text, pos)
    if masked is not None:
        return Field("masked", masked[0][1:], pos + 1, masked.end())
    word = _WORD.match(text, pos)
    if word is None:
        return Field("text", text[pos:], pos, len(text))
    return Field("word", word[1], pos + 1, word.end())


def _tail(text: str, pos: int, seen: set[str]) -> Field | None:
    """`` from <sender>`` and `` for recipient ...``, which end an arrival."""
    tail = _TAIL.match(text, pos)
    if tail is None or not seen & {"P", "S"}:
        return None
    if tail[2] is not None:
        return Field("for", text[tail.end() :], pos + 1, len(text))
    address = _BRACKETED.match(text, tail.end())
    end = tail.end() if address is None else address.end()
    return Field("from", text[tail.end() : end], pos + 1, end)


def _reason(text: str, pos: int) -> Field | None:
    """The reason that ends a deferral or a failure."""
    deferral = _DEFER.match(text, pos)
    if deferral is not None:
        return Field("text", text[deferral.end() :], deferral.end(), len(text))
    failure = _MESSAGE.match(text, pos)
    if failure is None:
        return None
    reason = without_delivery_time(text[failure.end() :])
    return Field("text", reason, failure.end(), failure.end() + len(reason))


def without_delivery_time(text: str) -> str:
    """The reason of a failure without the `` DT=3s`` that log selector +deliver_time puts behind it."""
    took = text.rfind(" DT=")
    return text if took < 0 or _DELIVERY_TIME.fullmatch(text, took) is None else text[:took]


def decode(quoted: str) -> str:
    """The text inside ``"..."`` as Exim escaped it: ``\\"``, ``\\\\``, ``\\n``, ``\\303``.

    The bytes are read as UTF-8. Exim cuts a subject at 100 bytes, so the last character may be broken: it
    becomes U+FFFD.
    """
    return unescape(quoted[1:-1] if len(quoted) > 1 and quoted[0] == quoted[-1] == '"' else quoted)


def unescape(inner: str) -> str:
    """The same for the text without the quotes around it."""
    if "\\" not in inner:
        return inner
    parts, last = [], 0
    for escape in _ESCAPE.finditer(inner):
        parts.append(inner[last : escape.start()].encode())
        parts.append(_escaped(escape[1]))
        last = escape.end()
    parts.append(inner[last:].encode())
    return b"".join(parts).decode("utf-8", "replace").replace("\0", "\\x00")


def _escaped(code: str) -> bytes:
    if len(code) == 3:
        return bytes([int(code, 8)])
    return _LETTERS.get(code) or code.encode()


def unquote(quoted: str) -> str:
    """The text inside ``"..."`` with only ``\\"`` and ``\\\\`` undone.

    For remote replies: there ``\\n`` may be a new line or two characters of the reply.
    """
    return unescape_quotes(quoted[1:-1] if len(quoted) > 1 and quoted[0] == quoted[-1] == '"' else quoted)


def unescape_quotes(inner: str) -> str:
    """The same for the text without the quotes around it."""
    return inner if "\\" not in inner else _ESCAPED_QUOTE.sub(r"\1", inner)


def addresses(text: str) -> tuple[str, ...]:
    """The recipients of `` for a b c``, without Exim's marks for a list or a line that was too long."""
    if " " not in text and "<" not in text:
        return (text,)
    text = text.partition(" **** log string overflowed")[0].removesuffix("<trunc>")
    if '"' not in text and "[" not in text:
        return tuple(word for word in text.split(" ") if word)
    return tuple(_ADDRESSES.findall(text))


def named_addresses(text: str) -> tuple[str, ...]:
    """The mail addresses that a line in words names, each once, eight at most."""
    if "@" not in text:
        return ()
    found = (match[0] for match in islice(_NAMED_ADDRESS.finditer(text), 4 * _MOST_NAMED))
    return tuple(dict.fromkeys(found))[:_MOST_NAMED]


def number(text: str | None) -> int | None:
    """A size in bytes; None for text that is no number, or one of 2^63 and above."""
    if text is None or not 0 < len(text) <= 19 or not (text.isascii() and text.isdigit()):
        return None
    value = int(text)
    return value if value < 2**63 else None


def null_sender(address: str) -> str:
    """An envelope sender as events hold it: the null sender ``<>`` is ""."""
    return "" if address == "<>" else address


def login(text: str | None) -> tuple[str | None, str | None]:
    """Split the value of ``A=``, ``name[:id[:sender]]``: a missing id is None, an empty one is ""."""
    if text is None:
        return None, None
    name, colon, account = text.partition(":")
    return name, account.partition(":")[0] if colon else None
