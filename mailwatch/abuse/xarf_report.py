"""An abuse report as XARF v4: JSON that abuse desks read by program."""

import re
from typing import Any

from xarf import create_evidence, create_report

from mailwatch.abuse.case import AbuseCase, Offence, Reporter
from mailwatch.printable import plain_json

_MAIL = re.compile(r"[\w.+=-]+@(?:[\w-]+\.)+[A-Za-z0-9-]{2,}", re.ASCII)


class NoPort(ValueError):
    """XARF takes no report about tried passwords without the port that they came from."""


def document(case: AbuseCase, reporter: Reporter) -> str:
    """The report as JSON. Raises NoPort, and ValueError where the format does not take it."""
    contact = {"org": reporter.organisation[:200], "contact": reporter.contact, "domain": reporter.domain}
    made = create_report(
        source_identifier=case.address,
        reporter=contact,
        sender=contact,
        first_seen=case.first_at.isoformat(),
        last_seen=case.last_at.isoformat(),
        evidence=[_evidence(case)],
        **_offence(case),
    )
    if made.report is None or made.errors:
        raise ValueError("; ".join(f"{error.field}: {error.message}" for error in made.errors) or "no report")
    report = made.report.model_dump(mode="json", by_alias=True, exclude_none=True)
    return plain_json(report | {"timestamp": case.last_at.isoformat()}, indent=2)


def _offence(case: AbuseCase) -> dict[str, Any]:
    if case.offence is Offence.LOGINS:
        if not case.port:
            raise NoPort
        tried: dict[str, Any] = {"category": "connection", "type": "login_attack", "protocol": "tcp"}
        ends = {"destination_ip": case.interface_address, "source_port": case.port}
        return tried | {name: value for name, value in ends.items() if value}
    sender = case.envelope_sender or ""
    told: dict[str, Any] = {"recipient_count": case.recipients} if case.recipients else {}
    if case.port and _MAIL.fullmatch(sender):
        told |= {"protocol": "smtp", "smtp_from": sender, "source_port": case.port}
    else:  # the format has no null sender, and no mail without the port that it came from
        told |= {"protocol": "other"}
    return {"category": "messaging", "type": "spam", "evidence_source": "automated_filter", **told}


def _evidence(case: AbuseCase) -> Any:
    text = "".join(f"{line}\n" for line in case.lines)
    words = f"Lines of the log of {case.log_host}; times without an offset are in {case.timezone}"
    return create_evidence("text/plain; charset=utf-8", text, description=words)
