"""Whole messages and refusals of usual lines into rows, without an event in between.

``batch_rows`` would give the same rows for these lines (the tests compare the two): it costs 25 us a line, this one 5.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ingest import copy_text
from ingest.assembly import Status, still_listed
from ingest.exim import fields, hosts
from ingest.exim.events import Stage
from ingest.exim.reasons import Reason, reason_of
from ingest.exim.usual import NULL, InArrival, InDelivery, Usual
from ingest.pages import checksum
from ingest.refusals import without_id
from ingest.rules.facts import LogHostFacts, MessageFacts, Outcome, RecipientFacts
from ingest.rules.messages import may_be_found_on_login, may_be_found_on_stranger
from ingest.sorted_lines import SortedLines
from ingest.whole_messages import Whole

_DELIVERED = Status.DELIVERED.value
_RCPT, _AUTH, _LOGIN = Stage.RCPT.value, Stage.AUTH.value, Reason.LOGIN.value
_NOTHING_ELSE = "\t\\N" * 5  # frozen, thawed, removed, rejected, and no limit of the connection
_NOT_NOW = "435"


@dataclass(slots=True)
class Taken:
    """The rows of the usual lines of a batch, as COPY reads them, and what is counted of them."""

    messages: list[tuple[str, str]] = field(default_factory=list)  # message id and row
    deliveries: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    to_judge: list[MessageFacts] = field(default_factory=list)  # messages on which rules may find something
    arrived: list[str] = field(default_factory=list)  # stamps, as in the log
    delivered: list[str] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    failed_logins: list[str] = field(default_factory=list)
    arrivals: list[tuple[str, ...]] = field(default_factory=list)  # groups
    local_domains: list[str] = field(default_factory=list)  # one for each delivery by a local transport
    transports: list[str] = field(default_factory=list)  # of the deliveries
    reasons: list[str] = field(default_factory=list)  # of what was rejected

    @property
    def lines(self) -> int:
        """How many lines were taken."""
        stamps = (self.arrived, self.delivered, self.completed, self.rejected, self.failed_logins)
        return sum(map(len, stamps))


def may_be_found(groups: Sequence[str], lines: Sequence[Usual], is_remote: bool, host: LogHostFacts) -> bool:
    """Whether a rule may find something on a message that was delivered; most need not be asked."""
    helo_name = groups[InArrival.HELO_NAME]
    if helo_name is NULL:
        helo_name = ""
    if groups[InArrival.AUTHENTICATOR] is not NULL:
        account = groups[InArrival.ACCOUNT]
        return may_be_found_on_login(None if account is NULL else account, helo_name, host)
    if groups[InArrival.CLIENT] is NULL:
        return False
    if is_remote:
        return True
    recipients = [_before_aliasing(line) for _, line in lines]
    return may_be_found_on_stranger(helo_name, groups[InArrival.SENDER], recipients, host)


def _before_aliasing(groups: Sequence[str]) -> str:
    original = groups[InDelivery.ORIGINAL]
    return groups[InDelivery.RECIPIENT] if original is NULL else original


class _Writer:
    """Writes the rows of one batch."""

    def __init__(
        self, found: SortedLines, refs: Sequence[int], copies: Mapping[int, int], log_host_id: int
    ) -> None:
        self._texts = found.texts
        self._stamps = found.stamps
        self._clock = found.clock
        self._suffix = found.clock.suffix
        self._refs = refs
        self._copies = copies
        self._host_id = log_host_id
        self._addresses: dict[str, str] = {NULL: NULL}
        self._reasons: dict[str, Reason] = {}
        self.taken = Taken()

    def _address(self, text: str) -> str:
        """In its one spelling."""
        known = self._addresses.get(text)
        if known is None:
            known = self._addresses[text] = hosts.address(text) or NULL
        return known

    def message(self, arrival: Usual, lines: Sequence[Usual], completed_place: int) -> bool:
        """Write a message and its deliveries; says whether one was handed to another server."""
        place, groups = arrival
        (
            message_id, sender, parent, name, helo_name, address, port, interface, _, ident, _,
            protocol, _, authenticator, account, size, header_id, subject, _, recipients,
        ) = groups  # fmt: skip
        taken, suffix, refs = self.taken, self._suffix, self._refs
        stamp, completed = self._stamps[place], self._stamps[completed_place]
        told, is_remote, first, last = [], False, stamp, completed
        line_refs = [refs[place]]
        for line_place, line in lines:
            told.append(self._delivery(line_place, line))
            is_remote |= line[InDelivery.REMOTE] is not NULL
            at = self._stamps[line_place]
            if at > last:
                last = at
            if at < first:
                first = at
            line_refs.append(refs[line_place])
        if first > completed:
            first = completed
        if last < stamp:
            last = stamp
        listed = NULL
        if recipients is not NULL and not (len(told) == 1 and told[0] == recipients):
            listed = copy_text.array(still_listed(fields.addresses(recipients), told))
        if "\\" in subject and subject is not NULL:
            subject = copy_text.text(fields.unescape(subject))
        line_refs.append(refs[completed_place])
        client = self._address(address)
        taken.messages.append((
            message_id,
            f"{self._host_id}\t{message_id}\t{first}{suffix}\t{last}{suffix}\t{_DELIVERED}\t{stamp}{suffix}"
            f"\t{checksum(self._texts[place])}\t{'' if sender == '<>' else sender}\t{client}\t{port}\t{name}"
            f"\t{helo_name}\t{self._address(interface)}\t{ident if client is NULL else NULL}\t{parent}\t{protocol}"
            f"\t{authenticator}\t{account}\t{size}\t{header_id}\t{subject}\t{listed}\t{completed}{suffix}"
            f"{_NOTHING_ELSE}\t{len(told)}\t0\t0\t{copy_text.packed_refs(line_refs)}\n",
        ))  # fmt: skip
        taken.arrived.append(stamp)
        taken.completed.append(completed)
        taken.arrivals.append(groups)
        return is_remote

    def _delivery(self, place: int, groups: Sequence[str]) -> str:
        """Write a delivery line; returns the recipient as it was before aliasing."""
        message_id, recipient, original, _, transport, name, address, *_ = groups
        if original == recipient:
            original = NULL
        stamp, taken = self._stamps[place], self.taken
        taken.deliveries.append(
            f"{self._host_id}\t{message_id}\t{stamp}{self._suffix}\t{checksum(self._texts[place])}\t0\t{_DELIVERED}\tt"
            f"\t{recipient}\t{original}\t{transport}\t{name}\t{self._address(address)}\t\\N"
            f"\t{self._refs[place]}\n"
        )
        taken.delivered.append(stamp)
        told = recipient if original is NULL else original
        taken.transports.append(transport)
        if address is NULL and transport is not NULL:
            _, at, domain = (recipient if "@" in recipient else told).rpartition("@")
            if at:
                taken.local_domains.append(domain.lower())
        return told

    def facts(self, arrival: Usual, lines: Sequence[Usual]) -> None:
        """Keep the facts of a message for the rules."""
        place, said = arrival
        groups = [None if group is NULL else group for group in said]
        (
            _, sender, _, name, helo_name, address, port, _, _, ident, _,
            protocol, _, authenticator, account, size, _, subject, *_,
        ) = groups  # fmt: skip
        self.taken.to_judge.append(
            MessageFacts(
                said[InArrival.MESSAGE_ID],
                self._clock.at(self._stamps[place]),
                "" if sender == "<>" else sender,
                hosts.address(address),
                hosts.port(port),
                helo_name,
                name,
                protocol,
                authenticator,
                account,
                ident if address is None else None,
                None,
                None,
                tuple(self._recipient(*line) for line in lines),
                fields.number(size),
                subject if subject is None else fields.unescape(subject),
                Status.DELIVERED,
            )
        )

    def _recipient(self, place: int, groups: Sequence[str]) -> RecipientFacts:
        return RecipientFacts(
            groups[InDelivery.RECIPIENT],
            _before_aliasing(groups),
            Outcome.DELIVERED,
            groups[InDelivery.REMOTE] is not NULL,
            None,
            self._clock.at(self._stamps[place]),
        )

    def refusal(self, place: int, groups: Sequence[str]) -> None:
        """Write a recipient that was refused."""
        name, helo_name, address, _, _, _, sender, login, temporarily, recipient, text = groups
        reason = self._reasons.get(text)
        if reason is None:
            reason = self._reasons[text] = reason_of(text)
        authenticator, account = _login(login)
        stamp = self._stamps[place]
        self.taken.refusals.append(
            f"{self._host_id}\t{stamp}{self._suffix}\t{checksum(self._texts[place])}\t{self._copies.get(place, 0)}\tf"
            f"\t{_RCPT}\t{'f' if temporarily is NULL else 't'}\t{reason}\t\\N\t{self._address(address)}\t{name}"
            f"\t{helo_name}\t{sender}\t{recipient}\t{authenticator}\t{account}\t{text}\t{self._refs[place]}"
            "\t\\N\t\\N\n"
        )
        self.taken.rejected.append(stamp)
        self.taken.reasons.append(reason)

    def failed_login(self, place: int, groups: Sequence[str]) -> None:
        """Write a login that was refused."""
        authenticator, name, helo_name, address, _, _, _, text, code, account = groups
        stamp = self._stamps[place]
        self.taken.refusals.append(
            f"{self._host_id}\t{stamp}{self._suffix}\t{checksum(self._texts[place])}\t{self._copies.get(place, 0)}\tt"
            f"\t{_AUTH}\t{'t' if code == _NOT_NOW else 'f'}\t{_LOGIN}\t\\N\t{self._address(address)}\t{name}"
            f"\t{helo_name}\t\\N\t\\N\t{authenticator}\t{account}\t{without_id(text, account)}\t{self._refs[place]}"
            "\t\\N\t\\N\n"
        )
        self.taken.failed_logins.append(stamp)


def _login(text: str) -> tuple[str, str]:
    """Authenticator and id of a client that had logged in."""
    if text is NULL:
        return NULL, NULL
    authenticator, account = fields.login(text)
    return authenticator or "", NULL if account is None else account


def take(
    found: SortedLines,
    chosen: Whole,
    refs: Sequence[int],
    copies: Mapping[int, int],
    log_host_id: int,
    host: LogHostFacts,
) -> Taken:
    """The rows of what was chosen. ``refs`` say where each entry is stored, ``copies`` of a line that repeats earlier
    ones how many there are, by its place.
    """
    usual, writer = found.usual, _Writer(found, refs, copies, log_host_id)
    for name in chosen.message_ids:
        arrival, lines = usual.arrivals[name], usual.deliveries[name]
        is_remote = writer.message(arrival, lines, usual.completions[name])
        if may_be_found(arrival[1], lines, is_remote, host):
            writer.facts(arrival, lines)
    for line in chosen.refusals:
        writer.refusal(*line)
    for line in chosen.failed_logins:
        writer.failed_login(*line)
    return writer.taken
