"""What the refusals of some hours show."""

from collections.abc import Iterable, Iterator, Sequence

from ingest.counted_hours.counted import (
    KEPT,
    Counted,
    address_order,
    grouped,
    hour_of,
    line_order,
)
from ingest.exim.reasons import Reason
from ingest.refusals import Refusal
from ingest.rules.definition import Limits
from ingest.rules.signs import Sign

_NOT_ADVERTISED = "auth command used when not advertised"
_BY_ADDRESS = {
    Reason.SENDER: Sign.SENDERS_REFUSED,
    Reason.BLOCKLIST: Sign.LISTED,
    Reason.PROTOCOL: Sign.PROTOCOL,
}


def _refused(sign: Sign, value: str, count: int, own: Sequence[Refusal], **more: object) -> Counted:
    first = min(own, key=line_order)
    return Counted(
        hour=hour_of(first.logged_at),
        sign=sign,
        value=value,
        count=count,
        first_at=first.logged_at,
        last_at=max(refusal.logged_at for refusal in own),
        line=None if sign is Sign.FAILED_LOGINS else first.line_ref,
        **more,  # type: ignore[arg-type]
    )


def refusals_of_hours(refusals: Iterable[Refusal], limits: Limits) -> Iterator[Counted]:
    """Signs of refusals, by the hour."""
    for (_, reason), own in grouped(refusals, lambda item: (hour_of(item.logged_at), item.reason)).items():
        if reason is Reason.LOGIN:
            named = [refusal for refusal in own if refusal.authenticator is not None]
            for name, failed in grouped(named, lambda item: item.authenticator or "").items():
                yield _refused(Sign.FAILED_LOGINS, name, len(failed), failed)
        else:
            yield from _by_address(reason, own, limits)
        if reason is Reason.PROTOCOL:
            yield from _not_advertised(own)
        if reason is Reason.UNKNOWN_RECIPIENT:
            bounces = [refusal for refusal in own if refusal.envelope_sender == ""]
            if bounces and len(bounces) >= limits.bounces_received:
                yield _refused(Sign.BOUNCES_REFUSED, "", len(bounces), bounces)


def _by_address(reason: Reason, own: Iterable[Refusal], limits: Limits) -> Iterator[Counted]:
    known = (refusal for refusal in own if refusal.sender_host_address is not None)
    for address, refused in grouped(known, lambda item: item.sender_host_address or "").items():
        if reason is Reason.UNKNOWN_RECIPIENT:
            number = len({refusal.recipient.lower() for refusal in refused if refusal.recipient is not None})
            if number >= limits.guessed_recipients:
                yield _refused(Sign.UNKNOWN_RECIPIENTS, address, number, refused)
        elif reason in _BY_ADDRESS and len(refused) >= limits.refusals:
            yield _refused(_BY_ADDRESS[reason], address, len(refused), refused)


def _not_advertised(own: Iterable[Refusal]) -> Iterator[Counted]:
    if tried := [refusal for refusal in own if _NOT_ADVERTISED in refusal.text.lower()]:
        addresses = {refusal.sender_host_address for refusal in tried if refusal.sender_host_address}
        seen = frozenset(sorted(addresses, key=address_order)[:KEPT])
        yield _refused(Sign.NOT_ADVERTISED, "", len(tried), tried, seen=seen)
