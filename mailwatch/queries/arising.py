"""At which line of a message each finding arises."""

from collections.abc import Callable, Mapping, Sequence

from ingest.exim.events import Arrival, Bounce, Deferral, Event, Note, Topic
from ingest.rules.bulk import BLOCKLISTED, MANY_IN_CONNECTION
from ingest.rules.replies import blocklist_named, says_content_refused, says_sender_unproven
from ingest.rules.reputation import SPAM_REFUSED
from ingest.rules.volumes import LIMITED


def _names_blocklist(event: Event) -> bool:
    return isinstance(event, Deferral | Bounce) and blocklist_named(event.text) is not None


def _refuses_content(event: Event) -> bool:
    return isinstance(event, Bounce) and (
        says_content_refused(event.text) or says_sender_unproven(event.text)
    )


def _is_queued_for_many(event: Event) -> bool:
    return isinstance(event, Note) and event.topic is Topic.QUEUED_CONNECTION


def _is_limited(event: Event) -> bool:
    if isinstance(event, Note):
        return event.topic is Topic.SENDING_LIMIT
    return isinstance(event, Deferral | Bounce) and event.remote_host_address is None


def _is_arrival(event: Event) -> bool:
    return isinstance(event, Arrival)


# All others judge who handed the message in, and how: they arise at its arrival.
_WHERE: Mapping[str, Callable[[Event], bool]] = {
    BLOCKLISTED.code: _names_blocklist,
    SPAM_REFUSED.code: _refuses_content,
    MANY_IN_CONNECTION.code: _is_queued_for_many,
    LIMITED.code: _is_limited,
}


def arises_at(rule: str, events: Sequence[Event | None]) -> int:
    """The place of the first line that the rule speaks of; of the first line where none tells it apart."""
    tells = _WHERE.get(rule, _is_arrival)
    places = (number for number, event in enumerate(events) if event is not None and tells(event))
    return next(places, 0)
