"""``=>`` ``->`` ``>>`` ``*>``, ``==`` and ``**``: what became of one recipient."""

import re
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from ingest.exim import durations, fields, hosts
from ingest.exim.events import Bounce, Deferral, Delivery
from ingest.exim.hosts import Host
from ingest.exim.line import Line

# The usual lines, whole, in the order in which deliver.c writes their fields; the rest is read by
# fields.delivery_fields.
_RECIPIENT = r'([^\ "|/>:(<]++)(?:\ <([^<>\ "]++)>)?+'
_HOST = r"(?:\ H=([^\ ()\[\]]++)\ \[([0-9A-Fa-f.:]++)\](?::([0-9]++))?+\*?+)?+"
_INTERFACE = r"(?:\ I=\[[^\]]*+\](?::[0-9]++)?+)?+"
USUAL_DELIVERY = re.compile(
    _RECIPIENT
    + r"""
    (?:\ F=<[^>"]*+>)?+(?:\ Q=[^\ ]++)?+(?:\ P=<[^>"]*+>)?+
    (?:\ R=([^\ ]++))?+
    (?:\ T=([^\ ]++))?+
    (?:\ S=[0-9]++)?+
    """
    + _HOST
    + _INTERFACE
    + r"""
    (?:\ TFO\*?+)?+(?:\ PS=[^\ ]++)?+
    (?:\ X=([^\ ]++))?+
    (?:\ CV=[^\ ]++)?+
    (?:\ DN="[^"]*+")?+
    (?:\ A=[^\ ]++)?+
    (?:\ (?:L\*?+|PRDR|K)(?=\ |\Z))*+
    (?:\ DKIM=[^\ ]++)?+
    (?:\ C="((?:[^"\\]++|\\.)*+)")?+
    (?:\ QT=([^\ ]++))?+(?:\ DT=([^\ ]++))?+
    \Z
    """,
    re.VERBOSE,
)
_USUAL_DEFERRAL = re.compile(
    _RECIPIENT
    + r"""
    (?:\ Q=[^\ ]++)?+(?:\ R=([^\ ]++))?+(?:\ T=([^\ ]++))?+
    \ (?:routing\ |transporting\ )?+
    (defer\ \([^)]*+\)(?::\ [^:=\ ]*+(?:\ (?!H=)[^:=\ ]*+)*+)?+
    """
    + _HOST
    + r""".*+)\Z
    """,
    re.VERBOSE,
)
_USUAL_BOUNCE = re.compile(
    _RECIPIENT
    + r"""
    (?:\ F=<[^>"]*+>)?+(?:\ Q=[^\ :]++)?+(?:\ P=<[^>"]*+>)?+
    (?:\ R=([^\ :]++))?+(?:\ T=([^\ :]++))?+
    """
    + _HOST
    + _INTERFACE
    + r"""
    (?:\ X=([^\ ]*[^\ :]))?(?:\ CV=[a-z]++)?+(?:\ DN="[^"]*+")?+
    \ ?:\ (.*+)\Z
    """,
    re.VERBOSE,
)
_NOT_TRIED = re.compile(r"defer \([^)]*\)(?: DT=[^ :]*+)?: retry time not reached")
_DEFER_HOST = re.compile(r"defer \([^)]*\)(?:: [^:=]*?)? H=")
# Before 4.85 the host stood in the text only.
_HOST_IN_TEXT = re.compile(
    r"(?:defer \([^)]*\): )?[A-Z]{4} error from remote mail(?:er| server) after [^:]*+(?::<[^>]*+>[^:]*+)?+"
    r": host (?=[^ ]++ \[)"
)
_REMARK = re.compile(r"(?:MAIL|RCPT|DATA|PRDR|local_scan|system filter)(?= |\Z)")

_delivery: Callable[[tuple[object, ...]], Delivery] = partial(tuple.__new__, Delivery)


class _Attempt(NamedTuple):
    """What the three kinds of line share."""

    recipient: str
    original_recipient: str
    router: str | None
    transport: str | None
    host: Host | None
    tls: str | None
    text: str | None
    queue_time: str | None
    delivery_time: str | None


def read_delivery(line: Line, message_id: str) -> Delivery:
    """Read the rest of ``=>``, ``->``, ``>>`` or ``*>``."""
    usual = USUAL_DELIVERY.match(line.text, line.start)
    if usual is None:
        return delivery_carefully(line, message_id)
    recipient, original, router, transport, name, address, port, tls, answer, queued, took = usual.groups()
    return _delivery((
        line.logged_at,
        message_id,
        line.flag,
        recipient,
        recipient if original is None else original,
        router,
        transport,
        name,
        None if address is None else hosts.address(address),
        None if port is None else hosts.port(port),
        tls,
        answer if answer is None or "\\" not in answer else fields.unescape_quotes(answer),
        None if queued is None else durations.seconds(queued),
        None if took is None else durations.seconds(took),
    ))  # fmt: skip


def delivery_carefully(line: Line, message_id: str) -> Delivery:
    """The same for a line of any shape."""
    attempt = _attempt(line)
    name, address, port = _remote_host(attempt.host)
    return Delivery(
        line.logged_at,
        message_id,
        line.flag or "=>",
        attempt.recipient,
        attempt.original_recipient,
        attempt.router,
        attempt.transport,
        name,
        address,
        port,
        attempt.tls,
        attempt.text,
        durations.seconds(attempt.queue_time),
        durations.seconds(attempt.delivery_time),
    )


def read_deferral(line: Line, message_id: str) -> Deferral:
    """Read the rest of ``==``."""
    usual = _USUAL_DEFERRAL.match(line.text, line.start)
    if usual is None:
        return deferral_carefully(line, message_id)
    recipient, original, router, transport, text, name, address, port = usual.groups()
    if name is None and (" H=" in text or "rror from remote mail" in text):  # masked, or before 4.85
        return deferral_carefully(line, message_id)
    return Deferral(
        line.logged_at,
        message_id,
        recipient,
        recipient if original is None else original,
        router,
        transport,
        name,
        None if address is None else hosts.address(address),
        None if port is None else hosts.port(port),
        text,
        _NOT_TRIED.match(text) is None,
    )


def deferral_carefully(line: Line, message_id: str) -> Deferral:
    """The same for a line of any shape."""
    attempt = _attempt(line)
    text = attempt.text or ""
    start = _DEFER_HOST.match(text) or _HOST_IN_TEXT.match(text)
    name, address, port = _remote_host(None if start is None else hosts.read_host(text, start.end()))
    return Deferral(
        line.logged_at,
        message_id,
        attempt.recipient,
        attempt.original_recipient,
        attempt.router,
        attempt.transport,
        name,
        address,
        port,
        text,
        _NOT_TRIED.match(text) is None,
    )


def read_bounce(line: Line, message_id: str) -> Bounce:
    """Read the rest of ``**``."""
    usual = _USUAL_BOUNCE.match(line.text, line.start)
    if usual is None:
        return bounce_carefully(line, message_id)
    recipient, original, router, transport, name, address, port, _tls, text = usual.groups()
    if name is None and text.startswith("SMTP error"):  # before 4.85
        return bounce_carefully(line, message_id)
    if text[-1:] == "s":
        text = fields.without_delivery_time(text)
    return Bounce(
        line.logged_at,
        message_id,
        recipient,
        recipient if original is None else original,
        router,
        transport,
        name,
        None if address is None else hosts.address(address),
        None if port is None else hosts.port(port),
        text,
    )


def bounce_carefully(line: Line, message_id: str) -> Bounce:
    """The same for a line of any shape."""
    attempt = _attempt(line)
    text, host = attempt.text or "", attempt.host
    if host is None:
        old = _HOST_IN_TEXT.match(text)
        host = None if old is None else hosts.read_host(text, old.end())
    name, address, port = _remote_host(host)
    return Bounce(
        line.logged_at,
        message_id,
        attempt.recipient,
        attempt.original_recipient,
        attempt.router,
        attempt.transport,
        name,
        address,
        port,
        text,
    )


def _attempt(line: Line) -> _Attempt:
    found: dict[str, str] = {}
    for field in fields.delivery_fields(line.text, line.start):
        found.setdefault(field.key, field.value)
    get = found.get
    recipient = found["recipient"]
    host, text = get("H"), get("text", "")
    if "C" in found:
        text = fields.unquote(found["C"])
    remark = get("parents", "")
    if _REMARK.match(remark):  # "blackhole (RCPT ACL discarded recipients): why"
        text = f"({remark})" + (f": {text}" if text else "")
    return _Attempt(
        recipient,
        get("original recipient", recipient),
        get("R"),
        get("T"),
        None if host is None else hosts.read_host(host, 0) or Host(host, None, None, None, 0, 0),
        get("X"),
        text or None,
        get("QT"),
        get("DT"),
    )


def _remote_host(host: Host | None) -> tuple[str | None, str | None, int | None]:
    if host is None:
        return None, None, None
    return host.name or host.helo_name, host.address, host.port
