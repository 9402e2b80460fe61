"""Every other line with a stamp: what a message went through, and what the server did.

A line is told by how it begins. What an administrator's own rules write (``log_message``, ``logwrite``) may
begin with anything: it stays OTHER, with its addresses.
"""

import re

from ingest.exim import fields, hosts, panels
from ingest.exim.events import Client, Note, Topic
from ingest.exim.line import Line

_LIMIT = re.compile(
    r"no immediate delivery: more than ([0-9]{1,9}) messages received in one connection(?= |\Z)"
)
_ERROR_IGNORED = re.compile(r"([^\"]*?|.*?)(?: <([^<>]*+)>)?: error ignored(?=:|\Z)")
_CLIENT = re.compile(
    r"(?:TLS error (?:\([^)]*+\): )?on connection from "
    r"|ETRN [^ ]{0,255} received from |ATRN '[^']{0,1024}' received from |ignoring AUTH=[^ ]{0,320} from )"
)
_NAMED = re.compile(
    r"(?:address|recipient|sender address changed to|original recipient) <([^<>]*+)>(?= |\Z)"
    r"|<([^<>|/]{1,320})>: [^ ]{1,64} transport output: "
)
# Lines that name a message, by beginning.
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
    ("timed out while reading local message", Topic.NOT_ACCEPTED),
    ("Delivery deferred by system filter", Topic.SYSTEM_FILTER),
    ("original recipients ignored (system filter)", Topic.SYSTEM_FILTER),
    ("Error in system filter", Topic.SYSTEM_FILTER),
    ("remote host address is the local host", Topic.DNS),
    ("lowest numbered MX record points to local host", Topic.DNS),
    ("smtp transport process returned", Topic.HOST_ERROR),
    ("Format error in spool file", Topic.SPOOL),
    ("sender address changed to <", Topic.CHANGED),
)
_BY_BEGINNING: tuple[tuple[str, Topic], ...] = (
    ("Spool file ", Topic.SPOOL),
    ("spool directory ", Topic.SPOOL),
    ("cwd=", Topic.ARGUMENTS),
    ("DKIM: ", Topic.DKIM),
    ("PDKIM: ", Topic.DKIM),
    ("SPF: ", Topic.SENDER_CHECK),
    ("dmarc: ", Topic.SENDER_CHECK),
    ("DMARC ", Topic.SENDER_CHECK),
    ("arc: ", Topic.SENDER_CHECK),
    ("ARC: ", Topic.SENDER_CHECK),
    ("Authentication-Results: ", Topic.SENDER_CHECK),
    ("TLS error", Topic.TLS_ERROR),
    ("TLS session:", Topic.TLS_ERROR),
    ("SSL_", Topic.TLS_ERROR),
    ("DANE ", Topic.TLS_ERROR),
    ("malware acl condition: ", Topic.SCANNER),
    ("spam acl condition: ", Topic.SCANNER),
    ("no host name found for IP address ", Topic.DNS),
    ("no IP address found for host ", Topic.DNS),
    ("DNS list lookup ", Topic.DNS),
    ("ident connection to ", Topic.IDENT),
    ("ETRN ", Topic.COMMAND),
    ("ATRN ", Topic.COMMAND),
    ("ignoring AUTH=", Topic.COMMAND),
    ("Exim configuration error", Topic.CONFIGURATION_ERROR),
    ("Failed to expand ", Topic.CONFIGURATION_ERROR),
    ("failed to expand ", Topic.CONFIGURATION_ERROR),
    ("Tainted ", Topic.CONFIGURATION_ERROR),
    ("Warning: purging the environment", Topic.CONFIGURATION_ERROR),
    ("Warning: No server certificate defined", Topic.TLS_ERROR),
    ("listen backlog ", Topic.DAEMON),
    ("daemon: ", Topic.DAEMON),
)
_BY_PATTERN: tuple[tuple[re.Pattern[str], Topic], ...] = tuple(
    (re.compile(pattern), topic)
    for pattern, topic in (
        (r"(?:Start|End|Abandon) (?:'.{0,64}?' |ODMR )?queue run(?=[ :]|\Z)", Topic.QUEUE_RUN),
        (r"exim [^ ]++ daemon |pid [0-9]++: SIGHUP received", Topic.DAEMON),
        (r"\[[0-9A-Fa-f.:]++\] SSL verify error: ", Topic.TLS_ERROR),
        (r"[^ ]{1,255} does not match any IP address for ", Topic.DNS),
        (
            r"[^ ]{1,255} \[[0-9A-Fa-f.:]++\](?::[0-9]++)?+ (?:Connection |Network |No route )",
            Topic.HOST_ERROR,
        ),
        (r'"[^"]{0,512}" from [^ ]{1,64} rewritten as "', Topic.REWRITTEN),
        (r"(?:address|recipient) <[^<>]{0,320}> (?:marked delivered|added) by ", Topic.CHANGED),
        (r"<.{1,1024}?>: [^ ]{1,64} transport output: ", Topic.PIPE_OUTPUT),
    )
)
_REMOTE_LOGIN = re.compile(r"[^ ]{1,255} authenticator failed H=")
_ARGUMENTS = re.compile(r"cwd=(.{0,4096}?) [0-9]{1,6} args: ")
_HANDING_IN = frozenset({"-t", "-ti", "-it", "-i", "-oi", "-bm", "-bs"})
_OWN_WORK = (
    "-M", "-q", "-bd", "-bw", "-bp", "-bP", "-bV", "-bh", "-be", "-bt", "-bv", "-br", "-bi", "-bI", "-bf", "-bF",
    "-bmalware",
)  # fmt: skip
_HOST_IN_WORDS = re.compile(
    r" H=|[ (](?:from|for)(?= (?:[^ ]{1,255} )?(?:\([^)]{0,255}\) )?\[[0-9A-Fa-f.:]++\])"
)


def read_note(line: Line) -> Note:
    """Say what a note is about, and whom it names."""
    text = line.text[line.start :]
    panel = panels.read_panel(line)
    if panel is not None:
        return panel
    topic, address, value = _message_topic(text) if line.message_id is not None else (None, None, None)
    if topic is None:
        topic = _topic(text)
    arguments = _ARGUMENTS.match(text) if topic is Topic.ARGUMENTS else None
    named = _NAMED.match(text)
    if address is None and named is not None:
        address = named[1] or named[2]
    return Note(
        line.logged_at,
        line.message_id,
        topic,
        _client(text, topic),
        address,
        value,
        text,
        fields.named_addresses(text if arguments is None else text.replace(" -f", " -f ")),
        None,
        None if arguments is None else arguments[1],
    )


def hands_in(arguments: str) -> bool:
    """Whether a ``cwd=... args:`` line is of a program that hands in a message; not of Exim at its own work."""
    words = arguments.partition(" args: ")[2].split()[1:]
    is_own_work = any(word.startswith(_OWN_WORK) for word in words)
    is_own_work |= "<>" in words and any(word.startswith("-E") for word in words)  # a bounce of its own
    return not is_own_work and any(
        word in _HANDING_IN or "@" in word or word.startswith("-f") for word in words
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
    return (Topic.HOST_ERROR if _REMOTE_LOGIN.match(text) else None), None, None


def _topic(text: str) -> Topic:
    for beginning, topic in _BY_BEGINNING:
        if text.startswith(beginning):
            return topic
    for pattern, topic in _BY_PATTERN:
        if pattern.match(text):
            return topic
    return Topic.OTHER


def _client(text: str, topic: Topic) -> Client | None:
    match = _CLIENT.match(text)
    if match is not None:
        return hosts.host_and_ident(text, match.end())[0]
    if topic not in _ABOUT_CLIENTS:
        return None
    named = _HOST_IN_WORDS.search(text)
    if named is None:
        return None
    client = hosts.host_and_ident(text, named.start() + 1 if named[0] == " H=" else named.end() + 1)[0]
    return client if client.sender_host_address is not None else None


_ABOUT_CLIENTS = frozenset({Topic.OTHER, Topic.NOT_ACCEPTED, Topic.DNS, Topic.TLS_ERROR, Topic.SCANNER})
