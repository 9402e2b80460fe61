"""What the messages of some hours show, but for logins."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from ingest.assembly import Attempt, Gathered, conclude
from ingest.counted_hours.counted import (
    INSIDE,
    KEPT,
    LOOPBACK,
    Arrived,
    Counted,
    grouped,
    is_in,
    line_order,
    of_messages,
)
from ingest.rules.definition import Limits
from ingest.rules.facts import Outcome
from ingest.rules.replies import THROTTLED
from ingest.rules.signs import Sign

_LATE = timedelta(minutes=1)
_THROTTLED = re.compile(THROTTLED.replace(r"\m", r"\b").replace(r"\M", r"\b"), re.IGNORECASE)


def messages_of_hours(
    arrived: Sequence[Arrived], every: Mapping[str, Gathered], limits: Limits
) -> Iterator[Counted]:
    """Signs of messages, by the hour they were received in. ``every``: also those whose arrival was not seen."""
    for messages in grouped(arrived, lambda message: message.hour).values():
        if frozen := [message for message in messages if message.gathered.frozen_at is not None]:
            yield of_messages(Sign.FROZEN, "", len(frozen), frozen)
        if waiting := [message for message in messages if _is_open(message.gathered)]:
            yield of_messages(Sign.OPEN, "", len(waiting), waiting)
        yield from _gateways(messages)
        yield from _bounces(messages, every, limits)
    yield from _own_mail(arrived, every, limits)


def _is_open(gathered: Gathered) -> bool:
    return gathered.completed_at is None and gathered.removed_at is None and gathered.rejected_at is None


def _gateways(messages: Iterable[Arrived]) -> Iterator[Counted]:
    passed = [message for message in messages if message.is_gateway]
    for address, own in grouped(passed, lambda message: message.address or "").items():
        names = sorted({(message.arrival.client.helo_name or "").lower() for message in own})[:KEPT]
        relayed = sum(message.handed_on > 0 for message in own)
        yield of_messages(Sign.GATEWAY, address, len(own), own, total=relayed, seen=frozenset(names))


def _own_mail(arrived: Sequence[Arrived], every: Mapping[str, Gathered], limits: Limits) -> Iterator[Counted]:
    came_in = _header_ids_from_outside(every)
    own = [message for message in arrived if message.is_own and message.handed_on and not came_in(message)]
    by_sender = grouped(own, lambda item: (item.hour, item.arrival.envelope_sender.lower()))
    for (_, sender), messages in by_sender.items():
        number = sum(message.handed_on for message in messages)
        if number >= limits.own_mail:
            yield of_messages(Sign.OWN_MAIL, sender, number, messages, total=len(messages))


def _header_ids_from_outside(every: Mapping[str, Gathered]) -> Callable[[Arrived], bool]:
    """Whether the same message came in before from elsewhere: a filter handed it back."""
    known: dict[str, set[str]] = defaultdict(set)
    for message_id, gathered in every.items():
        arrival = gathered.arrival
        if arrival is None or arrival.header_message_id is None:
            continue
        if not is_in(arrival.client.sender_host_address, LOOPBACK):
            known[arrival.header_message_id].add(message_id)
    none: set[str] = set()

    def came_in(message: Arrived) -> bool:
        return bool(known.get(message.arrival.header_message_id or "", none) - {message.message_id})

    return came_in


def _bounces(messages: Iterable[Arrived], every: Mapping[str, Gathered], limits: Limits) -> Iterator[Counted]:
    bounces = [message for message in messages if message.arrival.envelope_sender == ""]
    ours = [
        message
        for message in bounces
        if message.address is None and message.handed_on and _is_of_a_stranger(message, every)
    ]
    if ours and len(ours) >= limits.backscatter:
        yield of_messages(Sign.BACKSCATTER, "", len(ours), ours)
    received: dict[str, dict[str, Arrived]] = defaultdict(dict)
    for message in bounces:
        if message.address is not None and not message.is_own:
            for attempt in message.gathered.attempts:
                name = (attempt.original_recipient or attempt.recipient).lower()
                received[name][message.message_id] = message
    for name, own in received.items():
        if len(own) >= limits.bounces_received:
            yield of_messages(Sign.BOUNCES_IN, name, len(own), list(own.values()))


def _is_of_a_stranger(bounce: Arrived, every: Mapping[str, Gathered]) -> bool:
    parent = every.get(bounce.arrival.parent_message_id or "")
    if parent is None or parent.arrival is None or parent.arrival.authenticator is not None:
        return False
    address = parent.arrival.client.sender_host_address
    return address is not None and not is_in(address, INSIDE)


# ---- attempts


def attempts(arrived: Iterable[Arrived]) -> Iterator[Counted]:
    """Signs of deliveries that were put off or given up."""
    found: dict[tuple[datetime, Sign, str], list[tuple[str, Attempt]]] = defaultdict(list)
    for message in filter(_was_put_off, arrived):
        for attempt in message.gathered.attempts:
            if sign := _sign_of(attempt):
                found[message.hour, sign, _provider(attempt)].append((message.message_id, attempt))
    for (hour, sign, provider), attempts in found.items():
        first = min((attempt for _, attempt in attempts), key=line_order)
        yield Counted(
            hour=hour,
            sign=sign,
            value=provider,
            count=len(attempts),
            first_at=first.logged_at,
            last_at=max(attempt.logged_at for _, attempt in attempts),
            message_id=min(message_id for message_id, _ in attempts),
            line=first.line_ref,
        )


def _was_put_off(message: Arrived) -> bool:
    conclusion = conclude(message.gathered)
    return bool(conclusion.deferred or conclusion.bounced or message.gathered.last_at > message.at + _LATE)


def _sign_of(attempt: Attempt) -> Sign | None:
    if not attempt.is_attempt:
        return None
    text = attempt.text or ""
    if attempt.outcome is Outcome.BOUNCED and text.lower().startswith("retry timeout exceeded"):
        return Sign.RETRIES
    is_throttled = attempt.outcome is Outcome.DEFERRED and _THROTTLED.search(text)
    return Sign.THROTTLED if is_throttled else None


def _provider(attempt: Attempt) -> str:
    found = re.search(r"[^.]+\.[^.]+\Z", attempt.remote_host_name or "")
    if found:
        return found[0].lower()
    return (attempt.recipient.rpartition("@")[2] or attempt.recipient).lower()
