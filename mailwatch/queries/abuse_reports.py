"""What a sender host did to the server of a log host, for whoever answers for the host; and who that is."""

from collections.abc import Sequence
from datetime import UTC, datetime
from ipaddress import ip_address

from ingest.exim.events import Client
from ingest.exim.parse import parse
from ingest.models import LogHost, Message, Rejection
from ingest.pages import read_entries
from mailwatch.abuse import AbuseCase, Offence
from mailwatch.models import AbuseContact
from mailwatch.queries import drilldown, sender
from mailwatch.queries.drilldown import Counts
from mailwatch.queries.ranges import Bounds
from mailwatch.redaction import Level, Redactor

MESSAGES = 5  # of which lines are shown: the newest
LINES_OF_A_MESSAGE = 10
REFUSALS = 20


def log_hosts(address: str) -> list[LogHost]:
    """Those that may be read and know the address, the one that saw it last first. Raises ValueError."""
    plain = str(ip_address(address))
    seen: list[tuple[datetime, LogHost]] = []
    for host in LogHost.objects.order_by("name"):
        newest = [
            Message.objects.filter(log_host=host, sender_host_address=plain)
            .order_by("-first_at")
            .values_list("last_at", flat=True)
            .first(),
            Rejection.objects.filter(log_host=host, sender_host_address=plain)
            .order_by("-logged_at")
            .values_list("logged_at", flat=True)
            .first(),
        ]
        if any(newest):
            seen.append((max(at for at in newest if at), host))
    return [host for _, host in sorted(seen, key=lambda one: one[0], reverse=True)]


def case(address: str, log_host: LogHost) -> AbuseCase | None:
    """What the host did, mailboxes masked; None where the log does not know it. Raises ValueError for no address."""
    subject = sender.subject(address)
    found = drilldown.drill_down(subject, log_host=log_host, bounds=Bounds())
    messages = list(
        Message.objects.filter(log_host=log_host, sender_host_address=subject.name).order_by("-first_at")[
            :MESSAGES
        ]
    )
    refusals = list(
        Rejection.objects.filter(log_host=log_host, sender_host_address=subject.name).order_by("-logged_at")[
            :REFUSALS
        ]
    )
    last_at = found.last_at or found.counted_since
    if not (messages or refusals) or last_at is None:
        return None
    raws = _lines(log_host, messages, refusals)
    redactor = Redactor(Level.MASKED)
    for raw in raws:
        redactor.learn_line(raw)
    newest: Message | Rejection = messages[0] if messages else refusals[0]
    envelope_sender = newest.envelope_sender
    return AbuseCase(
        address=subject.name,
        offence=_offence(found.counts),
        log_host=log_host.name,
        timezone=log_host.timezone,
        first_at=(found.first_at or last_at).astimezone(log_host.zone),
        last_at=last_at.astimezone(log_host.zone),
        messages=found.counts.messages,
        recipients=found.counts.recipients,
        rejections=found.counts.rejections,
        failed_logins=found.counts.failed_logins,
        lines=tuple("".join(part.text for part in redactor.line(raw)) for raw in raws),
        envelope_sender=redactor.address(envelope_sender).replace(" ", "-")
        if envelope_sender
        else envelope_sender,
        helo_name=redactor.text(newest.helo_name) if newest.helo_name else None,
        port=_port(raws, subject.name),
        interface_address=messages[0].interface_address if messages else None,
    )


def _port(raws: Sequence[bytes], address: str) -> int | None:
    """That the address came from last, where the log tells ports."""
    for raw in reversed(raws):
        client = getattr(parse(raw.split(b"\n", 1)[0], zone=UTC), "client", None)
        if isinstance(client, Client) and client.sender_host_address == address and client.sender_host_port:
            return client.sender_host_port
    return None


def _offence(counts: Counts) -> Offence:
    return Offence.LOGINS if counts.failed_logins > counts.messages + counts.rejections else Offence.SPAM


def _lines(log_host: LogHost, messages: Sequence[Message], refusals: Sequence[Rejection]) -> list[bytes]:
    """Oldest first: of each message together, then what was refused."""
    refs = [ref for message in reversed(messages) for ref in message.line_refs[:LINES_OF_A_MESSAGE]]
    refs += [refusal.line_ref for refusal in reversed(refusals)]
    return [raw for raw in read_entries(log_host.pk, refs) if raw]


def contact(address: str) -> AbuseContact | None:
    """What a registry said of the address, as far as it is kept."""
    return AbuseContact.objects.filter(address=str(ip_address(address))).first()
