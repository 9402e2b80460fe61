"""What control panels add to Exim's log: cPanel, DirectAdmin, Hestia (and Vesta, from which it comes).

Plesk brings no Exim. Source: lines of cPanel servers as published; DirectAdmin's exim.pl; Hestia's
exim4.conf.template. cPanel writes lines of its own; the others put their words into rejections, warnings and
the reasons of deferrals and failures, so ``sending_limit`` reads any text.
"""

import re
from typing import NamedTuple

from ingest.exim import fields, hosts
from ingest.exim.events import Client, Note, Topic
from ingest.exim.line import Line

_PAIR = re.compile(r" ([A-Z]{1,2})=([^ ]++)")
_IDENTIFIED = re.compile(r"(?:Sender|SMTP connection) identification(?= [A-Z]{1,2}=)")
_OUTBOUND = re.compile(r"SMTP connection outbound ([0-9]{1,12}) [^ ]++ ([^ ]++) (.++)\Z")
_LIMITS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (panel, re.compile(pattern))
    for panel, pattern in (
        (
            "cPanel",
            r"Domain (?P<who>[^ ]{1,320}) has exceeded the max (?:emails|defers and failures) per hour "
            r"\((?:(?P<sent>[0-9]{1,9})/)?+(?P<allowed>[0-9]{1,9})",
        ),
        (
            "cPanel",
            r"(?:Sender|Domain|Account) (?P<who>[^ ]{1,320}) has an outgoing mail (?:hold|suspension)",
        ),
        (
            "DirectAdmin",
            r"You(?:r E-Mail)? \((?P<who>[^ )]{1,320})\) ha(?:ve|s) reached (?:your|it's) daily email limit of "
            r"(?P<allowed>[0-9]{1,9}) emails",
        ),
        (
            "Hestia",
            r"(?:Website of user|Email account) (?P<who>[^ ]{1,320}) is sending too many emails"
            r"(?: - rate overlimit = (?P<sent>[0-9]{1,9})(?:\.[0-9]++)? / (?P<period>[0-9a-z]{1,8}))?",
        ),
    )
)
_PERIODS = {"cPanel": "1h", "DirectAdmin": "1d", "Hestia": "1h"}
_RATE = re.compile(
    r"Sender rate (?:\[limitlog\]: log / [a-z]{1,16} / (?P<who>[^ ]*+) / )?+(?P<rate>[0-9]{1,9})(?:\.[0-9]++)?+ / "
    r"[0-9a-z]{1,8}"
)


class SendingLimit(NamedTuple):
    """A limit that a control panel sets on what one of its accounts or domains sends."""

    panel: str
    who: str  # an address, a domain or a user of the server
    sent: int | None  # in the period
    allowed: int | None
    period: str  # "1h", "1d"


def sending_limit(text: str) -> SendingLimit | None:
    """The limit that was reached, where a text says so; None where it does not.

    A remote server may say the same of its own accounts: ask only for texts of this server.
    """
    for panel, pattern in _LIMITS:
        match = pattern.search(text)
        if match is not None:
            found = match.groupdict()
            sent, allowed = found.get("sent"), found.get("allowed")
            return SendingLimit(
                panel,
                found["who"] or "",
                None if sent is None else int(sent),
                None if allowed is None else int(allowed),
                found.get("period") or _PERIODS[panel],
            )
    return None


def sending_rate(text: str, start: int = 0) -> tuple[str | None, int] | None:
    """Whose rate was counted, and how many it is, where the text says so from ``start`` on."""
    match = _RATE.match(text, start)
    return None if match is None else (match["who"] or None, int(match["rate"]))


def read_panel(line: Line) -> Note | None:
    """Read a line that a control panel wrote; None if it is something else."""
    text = line.text[line.start :]
    if text.startswith("SMTP connection outbound "):
        return _outbound(line, text)
    if _IDENTIFIED.match(text):
        return _identified(line, text)
    if "outgoing mail" in text or "has exceeded the max" in text or "reached" in text:
        return _limit(line, text)
    return None


def _outbound(line: Line, text: str) -> Note | None:
    match = _OUTBOUND.match(text)
    if match is None:
        return None
    recipient = match[3].strip("<>")
    return _note(
        line,
        Topic.OUTBOUND,
        text,
        address=recipient,
        addresses=(recipient,),
        value=int(match[1]),
        domain=match[2],
    )


def _identified(line: Line, text: str) -> Note:
    found: dict[str, str] = {}
    for key, value in _PAIR.findall(text):
        found.setdefault(key, value)
    sender = found.get("S")
    return _note(
        line,
        Topic.IDENTIFIED,
        text,
        client=Client(
            hosts.address(found.get("A")), hosts.port(found.get("P")), found.get("H"), ident=found.get("U")
        ),
        address=sender,
        addresses=() if sender is None or "@" not in sender else (sender,),
        domain=found.get("D"),
        identified_by=found.get("B"),
    )


def _limit(line: Line, text: str) -> Note | None:
    limit = sending_limit(text[:1024])
    if limit is None:
        return None
    is_address = "@" in limit.who
    return _note(
        line,
        Topic.SENDING_LIMIT,
        text,
        address=limit.who if is_address else None,
        addresses=fields.named_addresses(text),
        value=limit.allowed,
        domain=None if is_address else limit.who,
    )


def _note(
    line: Line,
    topic: Topic,
    text: str,
    *,
    client: Client | None = None,
    address: str | None = None,
    addresses: tuple[str, ...] = (),
    value: int | None = None,
    domain: str | None = None,
    identified_by: str | None = None,
) -> Note:
    return Note(
        line.logged_at,
        line.message_id,
        topic,
        client,
        address,
        value,
        text,
        addresses,
        domain,
        None,
        identified_by,
    )
