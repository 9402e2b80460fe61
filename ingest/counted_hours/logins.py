"""What the logins of some hours show."""

import re
from collections.abc import Iterable, Iterator, Sequence

from ingest.counted_hours.counted import (
    INSIDE,
    KEPT,
    Arrived,
    Counted,
    grouped,
    is_in,
    of_messages,
    some_addresses,
)
from ingest.exim.events import Arrival
from ingest.rules.facts import Coverage, LogHostFacts
from ingest.rules.new_ids import asked_since, may_be_nobody
from ingest.rules.signs import Sign, Told

_WINDOWS_NAME = re.compile(r"[^\\]+\\[A-Za-z0-9._-]+")
_CLEARTEXT = ("esmtpa", "asmtp")


def logins(arrived: Iterable[Arrived]) -> Iterator[Counted]:
    """Signs of who logged in, and how."""
    logins = [message for message in arrived if message.arrival.authenticator is not None]
    for (_, name), own in grouped(logins, lambda item: (item.hour, item.arrival.authenticator or "")).items():
        foreign = [message for message in own if message.address and not is_in(message.address, INSIDE)]
        yield of_messages(Sign.LOGINS, name, len(own), own, seen=some_addresses(foreign))
        if nameless := [message for message in own if message.arrival.authenticated_id is None]:
            yield of_messages(Sign.UNRECORDED, name, len(nameless), nameless)
        yield from _cleartext(name, foreign)
        yield from _odd_ids(name, own)


def _cleartext(name: str, foreign: Sequence[Arrived]) -> Iterator[Counted]:
    """Of everybody who sent a password without TLS in this hour, from the first login to the last."""
    clear = {_who(message) for message in foreign if message.arrival.protocol in _CLEARTEXT}
    if own := [message for message in foreign if _who(message) in clear]:
        number = sum(message.arrival.protocol in _CLEARTEXT for message in own)
        yield of_messages(Sign.CLEARTEXT, name, number, own, seen=some_addresses(own))


def _who(message: Arrived) -> tuple[str | None, str | None]:
    is_foreign = not is_in(message.address, INSIDE)
    return message.arrival.authenticated_id, message.address if is_foreign else None


def _odd_ids(name: str, own: Sequence[Arrived]) -> Iterator[Counted]:
    names = {_who(message) for message in own if _is_sender(message.arrival)}
    odd = [
        message
        for message in own
        if _who(message) not in names and _looks_like_a_password(message.arrival.authenticated_id or "")
    ]
    if odd:
        ids = sorted({message.arrival.authenticated_id or "" for message in odd})
        yield of_messages(Sign.ODD_IDS, name, len(odd), odd, seen=frozenset(ids[:KEPT]))


def _is_sender(arrival: Arrival) -> bool:
    name = arrival.authenticated_id
    return (
        name is not None
        and "@" not in name
        and arrival.envelope_sender.lower().partition("@")[0] == name.lower()
    )


def _looks_like_a_password(text: str) -> bool:
    if not text or "@" in text or _WINDOWS_NAME.fullmatch(text):
        return False
    if re.search(r"[^A-Za-z0-9._+-]", text):
        return True
    return all(re.search(kind, text) for kind in ("[0-9]", "[a-z]", "[A-Z]"))


def new_ids(
    arrived: Iterable[Arrived], host: LogHostFacts, coverage: Coverage
) -> tuple[list[Told], frozenset[str]]:
    """Ids that were used first lately and may be nobody's, and all others."""
    logins = [message for message in arrived if message.arrival.authenticated_id and message.address]
    uses = grouped(logins, lambda message: message.arrival.authenticated_id or "")
    first_at, last_at = coverage.first_at, coverage.last_at
    if host.known_accounts or first_at is None or last_at is None:
        return [], frozenset()
    asked = asked_since(first_at, last_at, None, host.limits)
    if asked > last_at:
        return [], frozenset()
    new = [
        _new_id(name, [message for message in own if message.at >= asked])
        for name, own in sorted(uses.items())
        if may_be_nobody(name, host)
        and any(message.at >= asked for message in own)
        and not any(asked - host.limits.new_ids_forgotten <= message.at < asked for message in own)
    ]
    return new, frozenset(uses) - {told.value for told in new}


def _new_id(name: str, own: Sequence[Arrived]) -> Told:
    return Told(
        sign=Sign.NEW_IDS,
        value=name,
        count=len(own),
        peak=len(own),
        seen=frozenset(message.arrival.authenticator or "" for message in own),
        first_at=min(message.at for message in own),
        last_at=max(message.at for message in own),
        message_ids=(min(message.message_id for message in own),),
    )
