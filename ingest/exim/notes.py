"""Every other line with a stamp: what a message went through, and what the server did."""

import re

from ingest.exim import hosts
from ingest.exim.events import Client, Note, Topic
from ingest.exim.line import Line

_LIMIT = re.compile(
    r"no immediate delivery: more than ([0-9]{1,9}) messages received in one connection(?= |\Z)"
)
_ERROR_IGNORED = re.compile(r"([^\"]*?|.*?)(?: <([^<>]*+)>)?: error ignored(?=:|\Z)")
_TLS_CLIENT = re.compile(r"TLS error (?:\([^)]*+\): )?on connection from ")
_NAMED = re.compile(r"(?:address|recipient|sender address changed to) <([^<>]*+)>(?= |\Z)")
# By beginning, for lines that name a message.
_OF_A_MESSAGE: tuple[tuple[str, Topic], ...] = (
    ("Frozen", Topic.FROZEN),
    ("frozen by ", Topic.FROZEN),
    ("Message is frozen", Topic.FROZEN),
    ("Unfrozen by ", Topic.THAWED),
    ("unfrozen by ", Topic.THAWED),
    ("removed by ", Topic.REMOVED),
    ("Message removed because ", Topic.REMOVED),
    ("cancelled by ", Topic.CANCELLED),
    ("no immediate delivery: ", Topic.QUEUED),
    ("SMTP connection lost after final dot", Topic.NOT_ACCEPTED),
    ("rescind the above message-accept", Topic.NOT_ACCEPTED),
    ("Message abandoned: ", Topic.NOT_ACCEPTED),
)
_OF_THE_SERVER: tuple[tuple[str, Topic], ...] = (
    ("cwd=", Topic.ARGUMENTS),
    ("DKIM: ", Topic.DKIM),
    ("TLS error", Topic.TLS_ERROR),
    ("SSL_", Topic.TLS_ERROR),
    ("TLS session:", Topic.TLS_ERROR),
    ("listen backlog ", Topic.DAEMON),
    ("daemon: ", Topic.DAEMON),
)
_QUEUE_RUN = re.compile(r"(?:Start|End|Abandon) (?:'.*?' |ODMR )?queue run(?=[ :]|\Z)")
_DAEMON = re.compile(r"(?:exim [^ ]++ daemon |pid [0-9]++: SIGHUP received)")
_REMOTE_LOGIN = re.compile(r"[^ ]{1,255} authenticator failed H=")


def read_note(line: Line) -> Note:
    """Say what a note is about, and whom it names."""
    text = line.text[line.start :]
    topic, address, value = _message_topic(text) if line.message_id is not None else (None, None, None)
    return Note(
        line.logged_at,
        line.message_id,
        topic or _server_topic(text),
        _client(text),
        address,
        value,
        text,
    )


def _message_topic(text: str) -> tuple[Topic | None, str | None, int | None]:
    limit = _LIMIT.match(text)
    if limit is not None:
        return Topic.QUEUED_CONNECTION, None, int(limit[1])
    for beginning, topic in _OF_A_MESSAGE:
        if text.startswith(beginning):
            return topic, None, None
    ignored = _ERROR_IGNORED.match(text) if ": error ignored" in text else None
    if ignored is not None:
        return Topic.ERROR_IGNORED, ignored[2] or ignored[1], None
    if _REMOTE_LOGIN.match(text):
        return Topic.HOST_ERROR, None, None
    named = _NAMED.match(text)
    return None, None if named is None else named[1], None


def _server_topic(text: str) -> Topic:
    for beginning, topic in _OF_THE_SERVER:
        if text.startswith(beginning):
            return topic
    if _QUEUE_RUN.match(text):
        return Topic.QUEUE_RUN
    return Topic.DAEMON if _DAEMON.match(text) else Topic.OTHER


def _client(text: str) -> Client | None:
    match = _TLS_CLIENT.match(text)
    return None if match is None else hosts.host_and_ident(text, match.end())[0]
