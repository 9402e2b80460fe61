"""Logins refused, and connections opened, closed, lost or timed out. Source: smtp_in.c, daemon.c."""

import re

from ingest.exim import hosts
from ingest.exim.events import AuthFailure, Connection
from ingest.exim.line import Line

# Up to 4.98 "for (helo) [ip]:", from 4.99 "for H=(helo) [ip]:"; without "for" Exim is the client.
_AUTH_FAILURE = re.compile(r"([^ ]{1,255}) authenticator failed for ")
# The usual one whole: groups of the name, of hosts.USUAL, the answer, its code, the id that was tried.
USUAL_AUTH_FAILURE = re.compile(
    rf"([^ ]{{1,255}}+) authenticator failed for (?:H=)?+{hosts.USUAL}"
    r": (([0-9]{3})?+[^()]*+(?:\(set_id=([^()]*+)\))?+)\Z"
)
_ANSWER = re.compile(r": (([0-9]{3})?+.*+)\Z")
_ATTEMPTED_ID = re.compile(r"\(set_id=(.*)\)(?=\Z|: )")
_CONNECTION_ID = re.compile(r" Ci=([^ :]++)")
_CONNECTION = re.compile(
    r"(?:SMTP connection (?:Ci=(?P<id>[^ ]++) )?+from "
    r"|no MAIL in (?:TFO )?+SMTP connection from "
    r"|unexpected (?:disconnection|EOF) while [a-zA-Z ]{1,60}? from "
    r"|SMTP (?:command|data) timeout (?:\([^)]*+\) )?+on (?:TLS )?+connection from "
    r"|SMTP call from )"
)


def read_auth_failure(line: Line) -> AuthFailure | None:
    """Read ``NAME authenticator failed for ...``; None if it is something else."""
    match = _AUTH_FAILURE.match(line.text, line.start)
    if match is None:
        return None
    client, end = hosts.host_and_ident(line.text, match.end())
    answer = _ANSWER.match(line.text, end)
    text = line.text[end:].lstrip(" ") if answer is None else answer[1]
    code = None if answer is None or answer[2] is None else int(answer[2])
    attempted = _ATTEMPTED_ID.search(text)
    return AuthFailure(
        line.logged_at,
        line.message_id,
        match[1],
        client,
        code,
        None if attempted is None else attempted[1],
        text,
    )


def read_connection(line: Line) -> Connection | None:
    """Read a line about a connection; None if it is something else."""
    match = _CONNECTION.match(line.text, line.start)
    if match is None:
        return None
    client, end = hosts.host_and_ident(line.text, match.end())
    # Behind the address: before it stands what the client wrote.
    connection = _CONNECTION_ID.fullmatch(line.text, max(line.text.rfind(" ", 0, end), 0), end)
    return Connection(
        line.logged_at,
        line.message_id,
        client,
        line.text[line.start :],
        match["id"] if connection is None else connection[1],
    )
