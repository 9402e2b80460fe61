"""What a sender host did to the server of a log host, for whoever answers for the host; and who that is."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from django.db.models import Count, F, Max, Min, Q, Sum

from ingest.exim.events import Client
from ingest.exim.parse import parse
from ingest.models import LogHost, Message, Rejection
from ingest.pages import read_entries
from mailwatch.abuse import AbuseCase, Offence
from mailwatch.models import AbuseContact
from mailwatch.printable import plain as plain_text
from mailwatch.redaction import Level, Redactor

MESSAGES = 5  # of which lines are shown: the newest
LINES_OF_A_MESSAGE = 10
REFUSALS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the log of one host has of an address: all of it, since these numbers leave the house."""

    log_host: LogHost
    first_at: datetime
    last_at: datetime
    messages: int = 0
    recipients: int = 0
    rejections: int = 0
    failed_logins: int = 0


def seen(address: str) -> list[Seen]:
    """By which log hosts that may be read an address was seen, the one that saw it last first.

    Raises ValueError for a text that is no address.
    """
    plain = str(ip_address(address))
    hosts = LogHost.objects.in_bulk()
    messages = (
        Message.objects.filter(log_host_id__in=list(hosts), sender_host_address=plain)
        .values("log_host_id")
        .annotate(
            first=Min("first_at"),
            last=Max("last_at"),
            messages=Count("message_id", filter=Q(received_at__isnull=False)),
            recipients=Sum(F("delivered") + F("deferred") + F("bounced"), default=0),
        )
    )
    refusals = (
        Rejection.objects.filter(log_host_id__in=list(hosts), sender_host_address=plain)
        .values("log_host_id")
        .annotate(
            first=Min("logged_at"),
            last=Max("logged_at"),
            rejections=Count("digest", filter=Q(is_login=False)),
            failed_logins=Count("digest", filter=Q(is_login=True)),
        )
    )
    rows: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in (*messages, *refusals):
        rows[row["log_host_id"]].append({**row})
    found = [_seen(hosts[host_id], parts) for host_id, parts in rows.items()]
    return sorted(found, key=lambda one: one.last_at, reverse=True)


_NUMBERS = ("messages", "recipients", "rejections", "failed_logins")


def _seen(log_host: LogHost, parts: Sequence[dict[str, Any]]) -> Seen:
    """Of its messages, of its refusals, or of both."""
    first, last = min(part["first"] for part in parts), max(part["last"] for part in parts)
    numbers = {name: part[name] for part in parts for name in _NUMBERS if name in part}
    return Seen(log_host=log_host, first_at=first, last_at=last, **numbers)


def case(address: str, of: Seen) -> AbuseCase:
    """What the host did to one server, mailboxes masked."""
    log_host, plain = of.log_host, str(ip_address(address))
    mine = Q(log_host=log_host, sender_host_address=plain)
    messages = list(Message.objects.filter(mine).order_by("-first_at")[:MESSAGES])
    refusals = list(Rejection.objects.filter(mine).order_by("-logged_at")[:REFUSALS])
    raws = _lines(log_host, messages, refusals)
    redactor = Redactor(Level.MASKED)
    redactor.learn_log_host(log_host.name)
    for raw in raws:
        redactor.learn_line(raw)
    newest: Message | Rejection = messages[0] if messages else refusals[0]
    sender = newest.envelope_sender
    return AbuseCase(
        address=plain,
        offence=Offence.LOGINS if of.failed_logins > of.messages + of.rejections else Offence.SPAM,
        log_host=redactor.log_host(log_host.name),
        timezone=log_host.timezone,
        first_at=of.first_at.astimezone(log_host.zone),
        last_at=of.last_at.astimezone(log_host.zone),
        messages=of.messages,
        recipients=of.recipients,
        rejections=of.rejections,
        failed_logins=of.failed_logins,
        lines=tuple(line for raw in raws for line in _shown(raw, redactor)),
        envelope_sender=redactor.address(sender).replace(" ", "-") if sender else sender,
        helo_name=plain_text(redactor.host(newest.helo_name)) if newest.helo_name else None,
        port=_port(raws, plain),
        interface_address=messages[0].interface_address if messages else None,
    )


def _shown(raw: bytes, redactor: Redactor) -> list[str]:
    """An entry as lines that do nothing to a terminal or a mail program."""
    text = "".join(part.text for part in redactor.line(raw))
    return [plain_text(line) for line in text.split("\n")]


def _port(raws: Sequence[bytes], address: str) -> int | None:
    """That the address came from last, where the log tells ports."""
    for raw in reversed(raws):
        client = getattr(parse(raw.split(b"\n", 1)[0], zone=UTC), "client", None)
        if isinstance(client, Client) and client.sender_host_address == address and client.sender_host_port:
            return client.sender_host_port
    return None


def _lines(log_host: LogHost, messages: Sequence[Message], refusals: Sequence[Rejection]) -> list[bytes]:
    """Oldest first: of each message together, then what was refused."""
    refs = [ref for message in reversed(messages) for ref in message.line_refs[:LINES_OF_A_MESSAGE]]
    refs += [refusal.line_ref for refusal in reversed(refusals)]
    return [raw for raw in read_entries(log_host.pk, refs) if raw]


def contact(address: str) -> AbuseContact | None:
    """What a registry said of the address, as far as it is kept."""
    return AbuseContact.objects.filter(address=str(ip_address(address))).first()
