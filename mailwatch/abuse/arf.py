"""An abuse report as a mail that a program can read (ARF, RFC 5965), for the user's own mail program to send."""

from collections.abc import Iterator
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid

from mailwatch.abuse.case import AbuseCase, Offence, Reporter, letter

USER_AGENT = "Mailwatch/0.1"
_TYPES = {Offence.SPAM: "abuse", Offence.LOGINS: "other"}
_NOTE = "Put together from the log of the server that took the message; the message itself was not kept."


def mail(case: AbuseCase, reporter: Reporter, *, now: datetime, to: str = "") -> bytes:
    """The whole mail, with CRLF. ``to`` "": whoever sends it fills it in.

    Raises ValueError for an address that cannot stand in a header.
    """
    report = EmailMessage(policy=SMTP)
    report["From"] = _address(reporter.contact, reporter.organisation)
    if to:
        report["To"] = _address(to)
    report["Subject"] = case.title
    report["Date"] = format_datetime(now)
    report["Message-ID"] = make_msgid(domain=reporter.domain)
    report["X-Unsent"] = "1"  # mail programs open it as a draft
    report.set_content(letter(case, reporter), charset="utf-8")
    report.make_mixed()
    report.replace_header("Content-Type", "multipart/report")
    report.set_param("report-type", "feedback-report")
    report.attach(_part("message/feedback-report", _fields(case)))
    report.attach(_part("text/rfc822-headers", _headers(case)))
    return report.as_bytes(policy=SMTP)


def _address(mail: str, name: str = "") -> Address:
    try:
        return Address(name, addr_spec=mail)
    except (ValueError, IndexError) as error:
        raise ValueError(f"“{mail[:100]}” is no mail address.") from error


def _part(content_type: str, lines: Iterator[str]) -> EmailMessage:
    part = EmailMessage(policy=SMTP)
    part["Content-Type"] = content_type
    part["Content-Disposition"] = "inline"
    part.set_payload("".join(f"{_ascii(line)}\r\n" for line in lines))
    return part


def _ascii(line: str) -> str:
    """Of what others wrote, only what a header may hold."""
    return "".join(letter if " " <= letter <= "~" else "?" for letter in line)[:900]


def _fields(case: AbuseCase) -> Iterator[str]:
    """RFC 5965, sections 3.1 and 3.2."""
    yield f"Feedback-Type: {_TYPES[case.offence]}"
    yield f"User-Agent: {USER_AGENT}"
    yield "Version: 1"
    if case.envelope_sender is not None:
        yield f"Original-Mail-From: <{case.envelope_sender}>"
    yield f"Arrival-Date: {format_datetime(case.last_at)}"
    if case.reporting_mta:
        yield f"Reporting-MTA: dns; {case.reporting_mta}"
    yield f"Source-IP: {case.address}"
    yield f"Incidents: {max(case.incidents, 1)}"


def _headers(case: AbuseCase) -> Iterator[str]:
    """As far as a log tells them: the hop between the host and the server that took the message."""
    helo = case.helo_name or "unknown"
    yield f"Received: from {helo} ([{case.address}]) by {case.reporting_mta or 'unknown'} with ESMTP;"
    yield f"\t{format_datetime(case.last_at)}"
    if case.envelope_sender is not None:
        yield f"Return-Path: <{case.envelope_sender}>"
    yield f"X-Mailwatch-Note: {_NOTE}"
