"""A log in which each payload stands in every field that Exim can write."""

import re
from collections.abc import Iterator

from tests.web import leaks
from tests.web.attacks.payloads import PAYLOADS, Payload

LOG_HOST = "mx1"
ADDRESS = "203.0.113.45"  # of whom the payloads are reported to an abuse desk
DAY = "2026-03-09"
_FIELD = re.compile(r"\{[mnadsk]\}")
OF_THE_MESSAGE = (
    leaks.ARRIVAL,
    *leaks.DELIVERIES,
    *leaks.OF_A_MESSAGE,
    '=> {m} <{m}> R={k} T={k} H={a} [203.0.113.46] X={k} DN="{s}" C="250 {k}"',
    leaks.HOST + " rejected after DATA: {k}",
)
IN_WORDS = (
    *leaks.IN_WORDS,
    "H=({a}) [203.0.113.45] F=<{m}> rejected RCPT <{m}>: {k}",
    "{k} authenticator failed for ({a}) [203.0.113.45]: 535 {k} (set_id={a})",
    "{k}",
)
# of messages that one sender host handed in, each with lines that everything else names differently
SENT = '<= {m} H=({a}) [203.0.113.45]:4711 P=esmtpa A={k}:{a} S=9 id={s} T="{s}" from <{m}> for {m}'
TEMPLATES = (*OF_THE_MESSAGE, *IN_WORDS, *leaks.BELOW, SENT)
FIELDS = sum(len(_FIELD.findall(template)) for template in TEMPLATES)


def message_id(number: int) -> str:
    """Of the message that carries a payload; arrived at 07:53:12 of that day."""
    return f"1vzCVM-{number:011d}-0001"


def lines_of(payload: Payload, number: int) -> Iterator[str]:
    """Lines of one payload: once as it is, once without spaces, by which it stays in its field."""
    at = f"{DAY} 07:53:{12 + number % 40} +0000"
    for text, mine in ((payload.dense, message_id(number)), (payload.text, message_id(1000 + number))):
        for template in OF_THE_MESSAGE:
            yield f"{at} {mine} {_filled(template, text)}"
        for template in leaks.BELOW:
            yield _filled(template, text)
        for template in IN_WORDS:
            yield f"{at} {_filled(template, text)}"
        yield f"{at} {message_id(2000 + number)} {_filled(SENT, text)}"
        yield f"{at} {message_id(2000 + number)} Completed"


def _filled(template: str, text: str) -> str:
    return _FIELD.sub(lambda _: text, template)


def log() -> bytes:
    """All payloads, each with messages of its own."""
    lines = [line for at, payload in enumerate(PAYLOADS) for line in lines_of(payload, at)]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
