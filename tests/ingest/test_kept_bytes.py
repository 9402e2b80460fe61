"""Bytes that are kept come back as they were, and as nothing but what is expected."""

import pickle
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from ingest import kept_bytes


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    name: str
    colour: Colour
    at: datetime
    others: tuple["Kept", ...] = ()


CLASSES = kept_bytes.expected((Colour, Kept))
ONE = Kept(name="one", colour=Colour.RED, at=datetime(2026, 3, 1, tzinfo=UTC))
TWO = Kept(name="two", colour=Colour.RED, at=ONE.at, others=(ONE, ONE))


def test_what_is_written_is_read() -> None:
    found = kept_bytes.read(kept_bytes.written([ONE, TWO], CLASSES), CLASSES)
    assert found == [ONE, TWO]
    assert isinstance(found[1].others[0].colour, Colour)


def test_nothing_else_is_built() -> None:
    written = kept_bytes.written([ONE], CLASSES)
    assert kept_bytes.read(written, kept_bytes.expected((Colour,))) is None
    assert kept_bytes.read(zlib.compress(pickle.dumps(print)), CLASSES) is None
    assert kept_bytes.read(b"nonsense", CLASSES) is None
