"""What the next server calls a message, out of its answer: who asks there has to name it."""

import re
from typing import NamedTuple

from ingest.exim.message_id import next_message_id

_READ_AT_MOST = 1_000  # characters of an answer
_ID = r"[0-9A-Za-z][\w.@:=/+-]{3,199}"
# by program: a word of its answers, and its id among them
_ANSWERS = tuple(
    (word, re.compile(pattern, re.ASCII))
    for word, pattern in (
        ("queued as", rf"\bqueued as ({_ID})"),  # Postfix
        ("InternalId=", r"\bInternalId=([0-9]{6,24})"),  # Exchange
        ("gsmtp", rf"\bOK +[0-9]{{9,11}} ({_ID}) - gsmtp"),  # Google
        ("Message accepted for delivery", rf"(?:^| )({_ID}) Message accepted for delivery"),  # sendmail
        (" qp ", r"\bok ([0-9]{9,11} qp [0-9]{1,9})"),  # qmail
        ("id=", rf"(?:^|[ ;(,])id=({_ID})"),
        ("Saved", rf"> ({_ID}) Saved"),  # LMTP of Dovecot
    )
)


class HandedOn(NamedTuple):
    """The id that a server gave a message, as it said it; ``is_exim``: its log can be looked up by it."""

    text: str
    is_exim: bool


def handed_on(answer: str | None) -> HandedOn | None:
    """Read an answer. None: it names no id in a form that is known."""
    if not answer:
        return None
    exim = next_message_id(answer)
    if exim is not None:
        return HandedOn(exim, is_exim=True)
    read = answer[:_READ_AT_MOST]
    for word, pattern in _ANSWERS:
        match = pattern.search(read) if word in read else None
        if match is not None:
            return HandedOn(match[1].rstrip(".,;:"), is_exim=False)
    return None
