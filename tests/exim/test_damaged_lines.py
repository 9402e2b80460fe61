"""Whatever bytes come in: no exception, text that a database takes, and no more time than they are worth."""

import ipaddress
import os
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.exim.events import Client, Event, Unparsed
from ingest.exim.glossary import explain
from ingest.exim.parse import parse

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
HEAD = b"2026-03-01 10:00:00 1vwa0G-00000000001-0001 "
LINES = [
    line
    for path in sorted(SAMPLES.glob("*.log"))
    for line in path.read_bytes().split(b"\n")
    if line and not line.startswith(b"#")
][:400]
PIECES = [b" ", b'"', b"<", b">", b"(", b")", b"[", b"]", b":", b"\\", b"=", b"\0", b"\xff", b"\r", b"\x1b"]
PIECES += [b" H=", b" T=", b" A=", b" C=", b' DN="', b" for ", b" U=", b" rejected RCPT <", b": ", b"\n"]


# A million is a matter of two minutes; so many only when asked for.
DAMAGED_LINES = int(os.environ.get("DAMAGED_LINES", "60000"))
SEEDS = 4


def damaged(count: int, seed: int) -> Iterator[bytes]:
    """Sample lines with pieces cut out, doubled, swapped and put in."""
    chance = random.Random(seed)
    for _ in range(count):
        line = bytearray(chance.choice(LINES))
        for _ in range(chance.randint(1, 4)):
            start = chance.randint(0, len(line))
            end = chance.randint(start, min(len(line), start + 30))
            line[start:end] = chance.choice(
                [b"", chance.choice(PIECES), bytes(line[start:end]) * 2, chance.randbytes(2)]
            )
        yield bytes(line)


def assert_storable(event: Event | Unparsed) -> None:
    for value in event:
        if isinstance(value, Client):
            assert_storable_client(value)
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str):
                assert "\0" not in text
                text.encode("utf-8")
        if isinstance(value, datetime):
            assert value.tzinfo is UTC


def assert_storable_client(client: Client) -> None:
    for address in (client.sender_host_address, client.interface_address):
        if address is not None:
            assert str(ipaddress.ip_address(address)) == address
    for port in (client.sender_host_port, client.interface_port):
        assert port is None or 0 <= port <= 65_535


@pytest.mark.parametrize("seed", range(SEEDS))
def test_damaged_lines_are_read_or_refused_and_always_storable(seed: int) -> None:
    for line in damaged(DAMAGED_LINES // SEEDS, seed):
        assert_storable(parse(line, zone=UTC))


def test_damaged_lines_are_explained() -> None:
    for line in damaged(2_000, 99):
        explanation = explain(line, zone=UTC)
        assert explanation.sentence
        for token in explanation.tokens:
            token.text.encode("utf-8")


@given(st.binary(max_size=300))
@example(b"")
@example(b"\r")
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    assert_storable(parse(raw, zone=UTC))
    assert_storable(parse(HEAD + raw, zone=UTC))


@given(
    st.sampled_from([b"<= ", b"=> ", b"== ", b"** ", b"H=", b"F=<", b"SMTP ", b""]),
    st.lists(st.sampled_from(PIECES)),
)
def test_any_pieces_of_grammar_are_read_or_refused(flag: bytes, pieces: list[bytes]) -> None:
    line = HEAD + flag + b"".join(pieces)
    assert_storable(parse(line, zone=UTC))
    assert explain(line, zone=UTC).sentence


HOSTILE = {
    "one word": b"a" * 10_000_000,
    "spaces": b" " * 10_000_000,
    "quotes": b'"' * 10_000_000,
    "escaped quotes": b'"\\' * 100_000,
    "hosts": b"H=(" + b"x) [1.1.1.1] " * 100_000,
    "open hosts": b" H=(a" * 100_000,
    "fields": b" A=b:c" * 100_000,
    "subjects": b' T="a' * 100_000,
    "certificates": b' DN="a' * 100_000,
    "recipients": b" <a@b> R=" * 100_000,
    "open recipients": b' <"a' * 100_000,
    "parents": b" (a) <" * 100_000,
    "refusals": b"rejected RCPT <a: " * 100_000,
    "refused hosts": b'rejected "EHLO x" from (a [1' * 100_000,
    "colons": b": " * 100_000,
    "set_id": b"(set_id=" * 100_000,
    "ignored": b" <a>: error ignored" * 100_000,
    "failed logins": b"x authenticator failed for (" + b"a) [1 " * 100_000,
}


BEGINNINGS = [b"", b"<= ", b"=> ", b"== ", b"** ", b"H=(x) [192.0.2.1] F=<", b'SMTP syntax error in "']


@pytest.mark.parametrize("flag", BEGINNINGS)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_lines_cost_no_more_than_their_length(name: str, flag: bytes) -> None:
    line = HEAD + flag + HOSTILE[name]
    began = time.process_time()
    assert_storable(parse(line, zone=UTC))
    assert time.process_time() - began < 1.5


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_lines_are_explained_in_time(name: str) -> None:
    began = time.process_time()
    assert explain(HEAD + HOSTILE[name], zone=UTC).sentence
    assert time.process_time() - began < 3


def seconds(line: bytes) -> float:
    began = time.process_time()
    parse(line, zone=UTC)
    return time.process_time() - began


# With all lines asked for, every byte and every pair of the signs of the grammar; else those that matter most.
SIGNS = b" \"'()*+,-./:;<=>@[\\]|aA0HFT\t\xc3" if DAMAGED_LINES >= 1_000_000 else b' "(<[:=\\a'
CHARACTERS = [bytes([code]) for code in (range(256) if DAMAGED_LINES >= 1_000_000 else b"\0\t')>]@|-1\xff")]
REPEATED = [*CHARACTERS, *(bytes(pair) for pair in product(SIGNS, repeat=2))]


@pytest.mark.parametrize("beginning", [*BEGINNINGS, b"SMTP connection from ", b"x authenticator failed for "])
def test_a_megabyte_of_one_character_or_pair_takes_less_than_a_second(beginning: bytes) -> None:
    for text in REPEATED:
        line = HEAD + beginning + text * (1_000_000 // len(text))
        assert seconds(line) < 1 or seconds(line) < 1, text
