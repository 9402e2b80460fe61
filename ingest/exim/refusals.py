"""Refusals during SMTP. No message exists then, unless the line names one: refused after DATA.

Most begin with who connected (``H=... F=<...> rejected RCPT <...>: reason``), some with the refusal. Source:
smtp_in.c, acl.c, receive.c; the specification, chapter "Log files".
"""

import re
from collections.abc import Callable
from functools import partial

from ingest.exim import fields, hosts, panels
from ingest.exim.events import Client, Note, Rejection, Stage, Topic
from ingest.exim.line import Line

_PATH = r'(?:[^<>"]|"(?:[^"\\]|\\.)*+")*+'
_REJECTED = re.compile(
    rf"""
    (?:
      \ (?:X|CV|SNI|SPF|DMARC|ARC)=[^\ ]++
      |\ (?:SPF|DMARC|ARC)(?=\ )
      |\ DN=".*?"(?=\ (?:F=|rejected|temporarily|SNI=))
    )*+
    (?:\ F=<(?P<sender>{_PATH})>)?+
    (?:\ A=(?P<login>.{{0,512}}?)(?=\ (?:temporarily\ )?rejected\ |\ (?:SPF|DMARC|ARC)))?
    (?:\ (?:SPF|DMARC|ARC)(?:=[^\ ]++)?+)*+
    \ (?P<temporarily>temporarily\ )?+rejected[ ]
    """,
    re.VERBOSE,
)
# The usual refusal of a recipient, whole: it is a quarter of all lines.
USUAL_RCPT = re.compile(
    rf'H={hosts.USUAL} F=<([^<>"]*+)>(?: A=([^ ]++))?+ (temporarily )?+rejected RCPT <([^<>"]*+)>: (.*+)\Z'
)
_RECIPIENT = re.compile(rf"RCPT (?:<(?P<path>{_PATH})>[^:]*+|(?P<word>.*?))(?=: |:?\Z)")
_SENDER = re.compile(rf"MAIL (?:<(?P<path>{_PATH})>[^:]*+|(?P<word>.*?))(?=: |:?\Z)")
_ARGUMENT = re.compile(r".*?(?=: |:?\Z)")
_STAGES = (
    ("RCPT", Stage.RCPT),
    ("MAIL", Stage.MAIL),
    ("EHLO", Stage.HELO),
    ("HELO", Stage.HELO),
    ("AUTH", Stage.AUTH),
    ("connection", Stage.CONNECT),
    ("DATA", Stage.DATA),
    ("after DATA", Stage.DATA),
    ("during MIME", Stage.DATA),
    ("by local_scan", Stage.DATA),
    ("by non-SMTP", Stage.DATA),
)
_FIRST_SENDER = re.compile(rf"F=(?:<(?P<path>{_PATH})>|(?P<word>[^ ]*+))(?= )")
_PROTOCOL = re.compile(r" P=[^ ]++")
_DROPPED = re.compile(r" dropped by '(\w++)' ACL(?:: )?+")
# What else begins with a client, behind it; group 1 is the address.
_CLIENT_NOTES: tuple[tuple[re.Pattern[str], Topic], ...] = tuple(
    (re.compile(pattern), topic)
    for pattern, topic in (
        (rf" sender verify (?:fail|defer) for <({_PATH})>", Topic.SENDER_VERIFY),
        (rf"(?: F=<{_PATH}>)?+ (?:RCPT|MAIL) <({_PATH})>[^:]*+: discarded by ", Topic.DISCARDED),
        (rf" incomplete transaction \([^)]*+\) from <({_PATH})>", Topic.INCOMPLETE),
        (r" incomplete transaction \(", Topic.INCOMPLETE),
        (rf" ([^ ]++) F=<{_PATH}> P=<{_PATH}> tmp-reject from cutthrough ", Topic.HOST_ERROR),
    )
)
_WARNING = re.compile(r"(?: [A-Z]{1,5}=[^ ]++)*+ Warning: \"?+")
_CLIENT_AHEAD = r"(?=H=|U=)"
# Lines that begin with the refusal; the client follows where the pattern ends.
_REFUSALS: tuple[tuple[re.Pattern[str], Stage], ...] = tuple(
    (re.compile(pattern), stage)
    for pattern, stage in (
        (r'(?P<temporarily>temporarily )?rejected "?(?:EHLO|HELO)(?: .{0,1024}?)??"? from ', Stage.HELO),
        (
            r"(?P<temporarily>temporarily )?rejected MAIL "
            rf"(?:from |command {_CLIENT_AHEAD}|FROM:<(?P<sender>{_PATH})>[^:]*? {_CLIENT_AHEAD})",
            Stage.MAIL,
        ),
        (
            rf"(?P<temporarily>temporarily )?rejected from <(?P<sender>{_PATH})> {_CLIENT_AHEAD}",
            Stage.DATA,
        ),
        (rf"unqualified recipient rejected: <?(?P<recipient>.*?)>? {_CLIENT_AHEAD}", Stage.RCPT),
        (rf"unqualified sender rejected: <?(?P<sender>.*?)>? {_CLIENT_AHEAD}", Stage.MAIL),
        (rf"unqualified verify rejected: <?(?P<recipient>.*?)>? {_CLIENT_AHEAD}", Stage.OTHER),
        (r"(?P<temporarily>temporarily )?refused connection from ", Stage.CONNECT),
        (
            r"local_scan\(\) function (?:timed out|crashed with signal [0-9]++) - message "
            r"(?P<temporarily>temporarily )?rejected",
            Stage.DATA,
        ),
        (r"[Cc]onnection from (?=\S*+(?: I=\S*+)?+ refused|.{0,512} refused )", Stage.CONNECT),
        (
            r"too many recipients: (?:message|excess) (?P<temporarily>temporarily )?rejected: "
            rf"sender=<(?P<sender>{_PATH})> {_CLIENT_AHEAD}",
            Stage.RCPT,
        ),
        (rf"(?:VRFY|EXPN) failed for .*? {_CLIENT_AHEAD}", Stage.OTHER),
        (
            r"SMTP protocol synchronization error \([^)]*+\): "
            rf'rejected (?:".*?" {_CLIENT_AHEAD}|connection from )',
            Stage.OTHER,
        ),
        (rf'SMTP (?:syntax|protocol) error in ".*" {_CLIENT_AHEAD}', Stage.OTHER),
    )
)
_NO_CLIENT = re.compile(r"SMTP protocol synchronization error \([^)]*+\): rejected")
FIRST_WORDS = frozenset(
    {
        "rejected",
        "temporarily",
        "unqualified",
        "refused",
        "Connection",
        "connection",
        "too",
        "VRFY",
        "EXPN",
        "SMTP",
        "local_scan()",
    }
)
"""The words with which a line that is read by ``read_refusal`` begins."""

_refused: Callable[[tuple[object, ...]], Rejection] = partial(tuple.__new__, Rejection)


def read_refusal(line: Line) -> Rejection | None:
    """Read a line that begins with the refusal; None if it is something else."""
    for pattern, stage in _REFUSALS:
        match = pattern.match(line.text, line.start)
        if match is not None:
            return _refusal(line, match, stage)
    if _NO_CLIENT.match(line.text, line.start):
        return _rejection(line, Stage.OTHER, Client(), text=line.text[line.start :])
    return None


def _refusal(line: Line, match: re.Match[str], stage: Stage) -> Rejection:
    client, end = hosts.host_and_ident(line.text, match.end())
    named = match.groupdict()
    reason = line.text[end:].lstrip(": ")
    return _rejection(
        line,
        stage,
        client,
        text=reason or line.text[line.start : match.end()].rstrip(" "),
        is_temporary=named.get("temporarily") is not None or reason.startswith("refused: too many"),
        sender=named.get("sender"),
        recipient=named.get("recipient"),
    )


def _rejection(
    line: Line,
    stage: Stage,
    client: Client,
    *,
    text: str,
    is_temporary: bool = False,
    sender: str | None = None,
    recipient: str | None = None,
    login: str | None = None,
) -> Rejection:
    authenticator, account = fields.login(login)
    return Rejection(
        line.logged_at,
        line.message_id,
        stage,
        is_temporary,
        client,
        sender,
        recipient,
        authenticator,
        account,
        text,
    )


def read_client_line(line: Line) -> Rejection | Note:
    """Read a line that begins with who connected: ``H=``, ``U=``, or ``DS H=``."""
    usual = USUAL_RCPT.match(line.text, line.start)
    if usual is not None:
        return _rejected_rcpt(line, usual)
    start = line.start + 3 if line.text.startswith("DS ", line.start) else line.start
    client, end = hosts.host_and_ident(line.text, start)
    rejected = _REJECTED.match(line.text, end)
    if rejected is not None:
        return _rejected(line, client, rejected)
    dropped = _DROPPED.match(line.text, end)
    if dropped is not None:
        stage = Stage.CONNECT if dropped[1] == "connect" else Stage.OTHER
        text = line.text[dropped.end() :] or line.text[end + 1 :]
        return _rejection(line, stage, client, text=text)
    return _client_note(line, client, end)


def _rejected_rcpt(line: Line, match: re.Match[str]) -> Rejection:
    (
        name, helo_name, address, port, interface, interface_port,
        sender, login, temporarily, recipient, text,
    ) = match.groups()  # fmt: skip
    authenticator, account = (None, None) if login is None else fields.login(login)
    return _refused((
        line.logged_at,
        line.message_id,
        Stage.RCPT,
        temporarily is not None,
        hosts.usual_client(name, helo_name, address, port, interface, interface_port),
        sender,
        recipient,
        authenticator,
        account,
        text,
    ))  # fmt: skip


def _rejected(line: Line, client: Client, match: re.Match[str]) -> Rejection:
    text, start = line.text, match.end()
    sender = match["sender"]
    stage = next((stage for word, stage in _STAGES if text.startswith(word, start)), Stage.OTHER)
    recipient = None
    argument: re.Match[str] | None
    if stage is Stage.RCPT and (path := _RECIPIENT.match(text, start)) is not None:
        argument, recipient = path, _address(path)
    elif stage is Stage.MAIL and (path := _SENDER.match(text, start)) is not None:
        argument, sender = path, _address(path)
    else:
        argument = _ARGUMENT.match(text, start)
    reason = "" if argument is None else text[argument.end() + 2 :]
    return _rejection(
        line,
        stage,
        client,
        text=reason,
        is_temporary=match["temporarily"] is not None,
        sender=sender,
        recipient=recipient,
        login=match["login"],
    )


def _address(match: re.Match[str]) -> str:
    path = match["path"]
    return path if path is not None else match["word"].strip("<>")


def _client_note(line: Line, client: Client, end: int) -> Note:
    topic, address, value = _client_topic(line.text, end)
    is_remote = line.message_id is not None and client.helo_name is None and client.ident is None
    if topic is Topic.OTHER and address is None and is_remote:
        topic = Topic.HOST_ERROR  # a HELO name is of clients only; a remote host has none
    text = line.text[line.start :]
    return Note(
        line.logged_at,
        line.message_id,
        topic,
        None if topic is Topic.HOST_ERROR else client,
        address,
        value,
        text,
        fields.named_addresses(text),
    )


def _client_topic(text: str, end: int) -> tuple[Topic, str | None, int | None]:
    for pattern, topic in _CLIENT_NOTES:
        match = pattern.match(text, end)
        if match is not None:
            return topic, match[1] if match.re.groups else None, None
    warning = _WARNING.match(text, end)
    if warning is None:
        return Topic.OTHER, None, None
    rate = panels.sending_rate(text, warning.end())
    if rate is not None:
        return Topic.SENDING_RATE, rate[0], rate[1]
    limit = panels.sending_limit(text[warning.end() : warning.end() + 1024])
    if limit is not None:
        return Topic.SENDING_LIMIT, limit.who, limit.allowed
    return Topic.WARNING, None, None


def read_sender_line(line: Line) -> Rejection | None:
    """Read ``F=<sender> ... rejected by non-SMTP ACL`` or ``by local_scan()``; None if it is neither."""
    text = line.text
    sender = _FIRST_SENDER.match(text, line.start)
    if sender is None:
        return None
    client, end = Client(), sender.end()
    if text.startswith((" H=", " U="), end):
        client, end = hosts.host_and_ident(text, end + 1)
    protocol = _PROTOCOL.match(text, end)
    match = _REJECTED.match(text, end if protocol is None else protocol.end())
    if match is None:
        return None
    path = sender["path"] if sender["path"] is not None else sender["word"]
    return _rejected(line, client, match)._replace(envelope_sender=fields.null_sender(path))
