"""A log put together in memory, as ingest does it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC

from ingest.assembly import Gathered, Place, absorb
from ingest.exim.events import Event, Unparsed
from ingest.exim.parse import parse


@dataclass(slots=True)
class Assembled:
    """Events in the order of the log, and what they say of each message, in the order of their first line."""

    events: list[Event] = field(default_factory=list)
    messages: dict[str, Gathered] = field(default_factory=dict)

    def of(self, message_id: str) -> list[Event]:
        return [event for event in self.events if event.message_id == message_id]


def assembled(lines: Iterable[bytes]) -> Assembled:
    log = Assembled()
    for number, line in enumerate(lines):
        event = parse(line, zone=UTC)
        if isinstance(event, Unparsed):
            continue
        log.events.append(event)
        if event.message_id is not None:
            gathered = absorb(log.messages.get(event.message_id), event, Place(number, 0, number))
            log.messages[event.message_id] = gathered
    return log
