"""What an ACL accepted and threw away: ``HOST F=<sender> RCPT <recipient>: discarded by RCPT ACL``.

The client was told that all is well, so it is a note and no rejection; to whoever looks for the message it is lost
all the same. Source: smtp_in.c, where an ACL gives DISCARD.
"""

import re

from ingest.exim import hosts
from ingest.exim.events import Client, Note, Rejection, Stage

_PATH = r'(?:[^<>"]|"(?:[^"\\]|\\.)*+")*+'
_DISCARD = re.compile(
    rf"(?: F=<(?P<sender>{_PATH})>)?+ (?P<command>RCPT|MAIL) <(?P<path>{_PATH})>[^:]*+: (?P<text>discarded by .*+)",
    re.DOTALL,
)


def read_discard(note: Note) -> Rejection:
    """The parts of a note of topic DISCARDED, in the form of a rejection; ``text`` begins with "discarded by"."""
    _client, end = hosts.host_and_ident(note.text, 0)
    match = _DISCARD.match(note.text, end)
    stage, sender, recipient, text = Stage.RCPT, None, note.address, note.text
    if match is not None:
        text, sender = match["text"], match["sender"]
        if match["command"] == "MAIL":
            stage, sender, recipient = Stage.MAIL, match["path"], None
    client = note.client or Client()
    return Rejection(
        note.logged_at, note.message_id, stage, False, client, sender, recipient, None, None, text
    )
