"""What a sender host did to a server, as its owner may read it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Offence(StrEnum):
    SPAM = "spam"  # it sent or tried to send mail
    LOGINS = "logins"  # it tried passwords


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who complains, as they want to be answered."""

    organisation: str
    contact: str  # a mail address

    @property
    def domain(self) -> str:
        return self.contact.rpartition("@")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class AbuseCase:
    """Nothing in it names a mailbox or a host inside: what others wrote, and the log host, have passed a redactor.

    Times are aware, in the zone of the log; ``timezone`` is its name.
    """

    address: str
    offence: Offence
    log_host: str
    timezone: str
    first_at: datetime
    last_at: datetime
    messages: int
    recipients: int
    rejections: int
    failed_logins: int
    lines: tuple[str, ...]  # the newest
    envelope_sender: str | None  # of the newest message; "" is the null sender
    helo_name: str | None
    port: int | None  # that it sent from, where the log tells
    interface_address: str | None  # that it came to, where the log tells

    @property
    def reporting_mta(self) -> str | None:
        """The log host where it has a name outside; a stand-in is none."""
        return None if " " in self.log_host else self.log_host

    @property
    def incidents(self) -> int:
        return self.messages + self.rejections + self.failed_logins

    @property
    def title(self) -> str:
        what = "mail" if self.offence is Offence.SPAM else "password guessing"
        return f"Abuse report: {what} from {self.address}, {self.last_at:%Y-%m-%d %H:%M %z}"


def letter(case: AbuseCase, reporter: Reporter) -> str:
    """The report in words, in English as abuse desks expect it; the evidence is at its end."""
    return "\n".join([*_greeting(case), "", *_facts(case), "", *_evidence(case), "", *_signature(reporter)])


def _greeting(case: AbuseCase) -> Iterator[str]:
    yield "Hello,"
    yield ""
    if case.offence is Offence.SPAM:
        yield f"the address {case.address}, for which you answer, sent unwanted mail through or to our mail server."
    else:
        yield f"the address {case.address}, for which you answer, tried passwords on our mail server."
    yield "Please find out who uses it, and stop this."


def _facts(case: AbuseCase) -> Iterator[str]:
    yield f"Address:          {case.address}"
    if case.helo_name:
        yield f"Calls itself:     {case.helo_name}"
    yield f"First seen:       {case.first_at:%Y-%m-%d %H:%M:%S %z}"
    yield f"Last seen:        {case.last_at:%Y-%m-%d %H:%M:%S %z}"
    for name, number in (
        ("Messages taken", case.messages),
        ("Recipients", case.recipients),
        ("Refused", case.rejections),
        ("Failed logins", case.failed_logins),
    ):
        if number:
            yield f"{f'{name}:':<17} {number:,}"
    yield f"Seen by:          {case.log_host}"


def _evidence(case: AbuseCase) -> Iterator[str]:
    yield f"The newest lines of its log. Times without an offset are in {case.timezone}; mailboxes are masked."
    yield ""
    yield from case.lines


def _signature(reporter: Reporter) -> Iterator[str]:
    yield "Regards"
    yield reporter.organisation
    yield reporter.contact
