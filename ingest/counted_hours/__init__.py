"""What the hours of pasted lines show of the log host as a whole, counted in memory.

``ingest.signs`` counts the same in the database. The tests hold both against each other.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from ingest.assembly import Gathered
from ingest.counted_hours.counted import Arrived, Counted, grouped
from ingest.counted_hours.logins import logins, new_ids
from ingest.counted_hours.messages import attempts, messages_of_hours
from ingest.counted_hours.refusals import refusals_of_hours
from ingest.refusals import Refusal
from ingest.rules.definition import Limits
from ingest.rules.facts import Coverage, LogHostFacts
from ingest.rules.signs import Sign, Told, ends

_HOUR = timedelta(hours=1)


def told(
    messages: Mapping[str, Gathered],
    refusals: Sequence[Refusal],
    scripts: Mapping[tuple[datetime, str], int],
    lines: Mapping[tuple[datetime, str], int],
    *,
    limits: Limits,
    zone: tzinfo,
) -> list[Told]:
    """All signs. ``scripts``: programs that handed in a message, by hour and directory; ``lines``: one of each."""
    arrived = _arrived(messages)
    counted = [
        *logins(arrived),
        *messages_of_hours(arrived, messages, limits),
        *attempts(arrived),
        *refusals_of_hours(refusals, limits),
    ]
    return [*_summed(counted, zone), *_scripts(scripts, lines, limits)]


def ids(
    messages: Mapping[str, Gathered], host: LogHostFacts, coverage: Coverage
) -> tuple[list[Told], frozenset[str]]:
    """New ids that may be nobody's, and all others that logged in."""
    return new_ids(_arrived(messages), host, coverage)


def _arrived(messages: Mapping[str, Gathered]) -> list[Arrived]:
    return [
        Arrived(message_id, gathered.arrival, gathered)
        for message_id, gathered in messages.items()
        if gathered.arrival is not None
    ]


def sent(messages: Mapping[str, Gathered], signs: Iterable[Told]) -> Mapping[str, int]:
    """How many messages those sent who got many bounces."""
    names = {item.value for item in signs if item.sign is Sign.BOUNCES_IN}
    senders = (gathered.arrival.envelope_sender.lower() for gathered in messages.values() if gathered.arrival)
    return Counter(sender for sender in senders if sender in names)


def _summed(counted: Iterable[Counted], zone: tzinfo) -> Iterator[Told]:
    def key(item: Counted) -> tuple[Sign, str, str]:
        part = ""
        if item.sign is Sign.GATEWAY:
            part = item.hour.astimezone(zone).date().isoformat()
        elif item.sign is Sign.OPEN:
            part = item.hour.isoformat()
        return item.sign, item.value, part

    for (sign, value, _), hours in sorted(grouped(counted, key).items()):
        hours.sort(key=lambda item: item.hour)
        yield Told(
            sign=sign,
            value=value,
            count=sum(item.count for item in hours),
            peak=max(item.count for item in hours),
            total=sum(item.total for item in hours),
            seen=frozenset().union(*(item.seen for item in hours)),
            first_at=min(item.first_at for item in hours),
            last_at=max(item.last_at for item in hours),
            message_ids=ends([item.message_id for item in hours if item.message_id is not None]),
            lines=ends([item.line for item in hours if item.line is not None]),
        )


def _scripts(
    scripts: Mapping[tuple[datetime, str], int], lines: Mapping[tuple[datetime, str], int], limits: Limits
) -> Iterator[Told]:
    by_directory: dict[str, dict[datetime, int]] = defaultdict(dict)
    for (hour, directory), runs in scripts.items():
        by_directory[directory][hour] = runs
    for directory, hours in sorted(by_directory.items()):
        if max(hours.values()) >= limits.script_runs:
            first = min(hours)
            line = lines.get((first, directory))
            yield Told(
                sign=Sign.SCRIPT,
                value=directory,
                count=sum(hours.values()),
                peak=max(hours.values()),
                first_at=first,
                last_at=max(hours) + _HOUR,
                lines=() if line is None else (line,),
            )
