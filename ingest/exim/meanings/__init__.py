"""What everything that may stand in a log means, for somebody who has never seen Exim.

``ENTRIES`` is the whole glossary in the order of the page. ``parts`` takes a line apart and gives each part its
entry, so that a meaning has one definition. "This server" is the log host that wrote the line. What nobody can know
from a log, such as what a local name stands for, is said.
"""

import re
from collections.abc import Iterable, Iterator

from ingest.exim.meanings.additions import DKIM, DKIM_FIELDS, LIMITS, PANEL_FIELDS, PANELS
from ingest.exim.meanings.answers import ACCEPTED, COMMON, PROVIDERS
from ingest.exim.meanings.codes import CLASSES, CODES, STATUS, SUBJECTS
from ingest.exim.meanings.entry import Entry, Known
from ingest.exim.meanings.keys import ARRIVAL, DELIVERY, FIELDS, HOST
from ingest.exim.meanings.kinds import FLAGS, FREE, HEAD, KINDS, STAGES, TOPICS
from ingest.exim.meanings.phrases import CONNECTIONS, NAMED, QUOTED, REFUSALS, REFUSED_FOR, REST
from ingest.exim.meanings.queue import QUEUE
from ingest.exim.meanings.reasons import REASONS, STEPS
from ingest.exim.meanings.server import SERVER
from ingest.exim.meanings.values import ADDRESSES, DURATION, NAMES, NUMBERS, PROTOCOLS, RECIPIENTS, TLS, WORDS

_FIELDS: tuple[Known, ...] = (
    Known(re.compile(r"cwd=.{1,300}?(?= [0-9]{1,6} args: )"), FIELDS["cwd="], matters=False),
    Known(re.compile(r"[^ ]{1,64}@[^ ]{1,255}(?= F=<)"), DELIVERY["recipient"], matters=False),
)
PHRASES: tuple[Known, ...] = (*_FIELDS, *PANELS, *DKIM, *REFUSALS, *CONNECTIONS, *SERVER, *QUEUE, *QUOTED)
"""Words of lines without a flag, in the order in which they are tried at a place."""


def _entries() -> Iterator[Entry]:
    for named in (
        HEAD,
        FLAGS,
        KINDS,
        STAGES,
        TOPICS,
        ARRIVAL,
        DELIVERY,
        FIELDS,
        HOST,
        ADDRESSES,
        PROTOCOLS,
        WORDS,
    ):
        yield from named.values()
    yield DURATION
    yield from _of(TLS)
    yield from NAMES.values()
    yield from _of(REFUSALS)
    yield from NAMED.values()
    yield from REST.values()
    yield from _of(CONNECTIONS, QUEUE, SERVER, DKIM)
    yield from DKIM_FIELDS.values()
    yield from _of(PANELS, LIMITS)
    yield from PANEL_FIELDS.values()
    yield from _of(STEPS, REASONS)
    for named in (NUMBERS, CODES, CLASSES, STATUS, SUBJECTS):
        yield from named.values()
    yield from _of(PROVIDERS, COMMON, ACCEPTED, QUOTED)
    yield from FREE.values()


def _of(*tables: Iterable[Known]) -> Iterator[Entry]:
    for recognised in tables:
        for each in recognised:
            yield each.entry


ENTRIES: tuple[Entry, ...] = tuple(dict.fromkeys(_entries()))

__all__ = [
    "ACCEPTED",
    "ADDRESSES",
    "ARRIVAL",
    "CODES",
    "COMMON",
    "DELIVERY",
    "DKIM",
    "DKIM_FIELDS",
    "ENTRIES",
    "FIELDS",
    "FLAGS",
    "FREE",
    "HEAD",
    "HOST",
    "KINDS",
    "LIMITS",
    "NAMED",
    "NAMES",
    "NUMBERS",
    "PANEL_FIELDS",
    "PHRASES",
    "PROTOCOLS",
    "PROVIDERS",
    "REASONS",
    "RECIPIENTS",
    "REFUSED_FOR",
    "REST",
    "STAGES",
    "STEPS",
    "TLS",
    "TOPICS",
    "WORDS",
]
