"""Archives with damage anywhere: members or a sentence, and never another error."""

import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.sources.archives import Kind, Walk
from ingest.sources.limits import Limits, Refused
from ingest.sources.streams import Plain, open_stream
from tests.ingest.packing import COMPRESSIONS, MAINLOG, REJECTLOG, tar, zipped

TEXT = MAINLOG[:5000]
INNER = zipped([("mainlog", TEXT)])
SEEDS = {
    "tar": tar([("exim4/mainlog", TEXT), ("rejectlog", REJECTLOG), ("old.zip", INNER)]),
    "long names": tar([("a" * 150, TEXT), ("b/" * 120, REJECTLOG)]),
    "zip": zipped([("mainlog", TEXT), ("old.tar", tar([("rejectlog", REJECTLOG)]))]),
    **{name: pack(tar([("mainlog", TEXT)])) for name, pack in COMPRESSIONS.items()},
}


@pytest.mark.parametrize("name", SEEDS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damage_is_told_in_a_sentence(name: str, data: st.DataObject) -> None:
    packed = bytearray(SEEDS[name])
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(packed) - 1))
        packed[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=12))
        packed = packed or bytearray(b"x")
    for sentence in _walked(bytes(packed)):
        assert sentence.endswith(".") and "\n" not in sentence


def test_without_damage_everything_is_found() -> None:
    assert all(_walked(seed) == [] for seed in SEEDS.values())


def _walked(packed: bytes) -> list[str]:
    """Every member read to its end; the sentences of those that could not be."""
    sentences: list[str] = []
    file = io.BytesIO(packed)
    walk = Walk(
        limits=Limits(), folder=Path(tempfile.gettempdir()), size=len(packed), refuse_foreign=_nothing
    )
    try:
        stream = open_stream(Plain(file))
        for member in walk.members(file, stream) if stream.archive else ():
            if member.kind is not Kind.LOG:
                sentences.append(member.reason)
            while member.stream and (block := member.stream.read(65536)):
                walk.count(len(block))
    except Refused as refusal:
        sentences.append(str(refusal))
    return sentences


def _nothing(entries: object, name: str) -> None:
    """Everything passes for a log here."""
