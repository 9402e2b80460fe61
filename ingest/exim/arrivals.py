"""``<=`` and ``(=``: the server took responsibility for a message."""

import re
from collections.abc import Callable
from functools import partial

from ingest.exim import fields, hosts
from ingest.exim.events import Arrival, Client
from ingest.exim.line import Line

# The usual arrival, whole, in the order in which receive.c writes its fields. Anything unusual (a quote,
# spaces in a HELO name or a login, a field out of order) does not match; fields.arrival_fields reads it.
USUAL = re.compile(
    r"""
    (<>|[^\ "]++)
    (?:\ R=([^\ ]++))?+
    (?:\ DS)?+
    (?:\ H=(?:([^\ ()\[\]]++)\ )?+(?:\(([^\ ()]++)\)\ )?+\[([0-9A-Fa-f.:]++)\](?::([0-9]++))?+)?+
    (?:\ I=\[([0-9A-Fa-f.:]++)\](?::([0-9]++))?+)?+
    (?:\ TFO\*?+)?+
    (?:\ U=([^\ ]++))?+
    (?:\ Ci=([^\ ]++))?+
    \ P=([^\ ]++)
    (?:\ (?:L[-.*]*+|SPF(?:=[^\ ]++)?+)(?=\ ))*+
    (?:\ X=([^\ ]++))?+
    (?:\ CV=[^\ ]++)?+
    (?:\ DN="[^"]*+")?+
    (?:\ SNI=[^\ "]++)?+
    (?:\ A=([^\ :]++)(?::([^\ :]*+)(?::[^\ ]*+)?+)?+)?+
    (?:\ (?:PRDR|K|PRX=[^\ ]++)(?=\ ))*+
    (?:\ S=([0-9]++))?+
    (?:\ (?:M8S|DKIM|ARC|DMARC|RT|Q)(?:=[^\ "]*+)?+(?=\ |\Z))*+
    (?:\ id\*?+=([^\ "]++))?+
    (?:\ T="((?:[^"\\]++|\\.)*+)")?+
    (?:\ from\ <([^>"]*+)>)?+
    (?:\ for\ ([^"\[]++))?+
    \Z
    """,
    re.VERBOSE,
)

_arrival: Callable[[tuple[object, ...]], Arrival] = partial(tuple.__new__, Arrival)


def read_arrival(line: Line, message_id: str) -> Arrival:
    """Read the rest of an arrival line."""
    usual = USUAL.match(line.text, line.start)
    return read_carefully(line, message_id) if usual is None else _usual(line, message_id, usual)


def _usual(line: Line, message_id: str, match: re.Match[str]) -> Arrival:
    (
        sender, parent, name, helo_name, address, port, interface, interface_port, ident, connection_id,
        protocol, tls, authenticator, account, size, header_id, subject, original_sender, recipients,
    ) = match.groups()  # fmt: skip
    client = hosts.client_of((
        None if address is None else hosts.address(address),
        None if port is None else hosts.port(port),
        name,
        helo_name,
        None if interface is None else hosts.address(interface),
        None if interface_port is None else hosts.port(interface_port),
        ident,
    ))  # fmt: skip
    return _arrival((
        line.logged_at,
        message_id,
        "" if sender == "<>" else sender,
        client,
        parent,
        protocol,
        tls,
        authenticator,
        account,
        int(size) if size is not None and len(size) < 19 else fields.number(size),
        header_id,
        subject if subject is None or "\\" not in subject else fields.unescape(subject),
        None if recipients is None else fields.addresses(recipients),
        line.flag == "(=",
        connection_id,
        original_sender,
    ))  # fmt: skip


def read_carefully(line: Line, message_id: str) -> Arrival:
    """The same for a line of any shape, field by field."""
    found: dict[str, str] = {}
    for field in fields.arrival_fields(line.text, line.start):
        found.setdefault(field.key, field.value)
    get = found.get
    authenticator, account = fields.login(get("A"))
    subject, recipients, original_sender = get("T"), get("for"), get("from")
    sender = found.get("sender", "")
    return Arrival(
        line.logged_at,
        message_id,
        "" if sender == "<>" else sender,
        _client(get),
        get("R"),
        get("P"),
        get("X"),
        authenticator,
        account,
        fields.number(get("S")),
        get("id", get("id*", get("masked"))),
        None if subject is None else fields.decode(subject),
        None if recipients is None else fields.addresses(recipients),
        line.flag == "(=",
        get("Ci"),
        None if original_sender is None else original_sender.removeprefix("<").removesuffix(">"),
    )


def _client(get: Callable[[str], str | None]) -> Client:
    host_text, interface_text = get("H"), get("I")
    host = None if host_text is None else hosts.read_host(host_text, 0)
    interface = None if interface_text is None else hosts.read_host(interface_text, 0)
    return Client(
        None if host is None else host.address,
        None if host is None else host.port,
        None if host is None else host.name,
        None if host is None else host.helo_name,
        None if interface is None else interface.address,
        None if interface is None else interface.port,
        get("U"),
    )
