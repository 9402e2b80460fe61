"""Every part of every sample line is explained by an entry of its own, not by a word for what is unknown.

What may remain unknown is free text: the words that an administrator wrote into rules (logwrite, log_message) and
those that a remote server chose. The pieces of it in the samples are listed here.
"""

import gzip
import re
from collections.abc import Iterator
from datetime import UTC
from functools import cache
from pathlib import Path

import pytest

from ingest.exim import meanings
from ingest.exim.events import Kind
from ingest.exim.glossary import Explanation, Token, explain
from ingest.exim.line import Line, read_line
from ingest.exim.meanings.entry import Where
from tests.conftest import SHARED

ROOT = Path(__file__).resolve().parents[2]
SHARED_SAMPLES = SHARED / "samples"
UNKNOWN, THEIRS = meanings.FREE["unknown words"], meanings.FREE["the other side's reason"]

# Lines that the rules of Exim's own test suite write, by how they begin.
LOGWRITE = re.compile(
    r"\"|\$|\(no |\(random\)|\. |[0-9]: |46[cd]\.|ACL |Auth ACL|EV|NOTE:|Our cert|Peer |Test: |This argument|\[127"
    r"|(?:IN|NA|NB|OCU|SA|SAN|SG|SN|SNI|SR)(?:/[A-Za-z])? |(?:acl|arc|dkim|data|rcpt|tls_in|tls_out)[_ ]|acl_c0"
    r"|(?:at (?:DATA|MAIL|RCPT)|cmd|domain|eval|event|local|localhost|malware_name|pla|proxy|remote|rcpt for"
    r"|test write|this is|using queue|value|the\.local\.host\.name|unknown|bits|ver|ver:|cipher_?:?|ocsp|our cert"
    r"|peer (?:cert|dn)|md5|sha1|sha256|der_b64)(?=\s|\Z)"
    r"|client claims|custom-message|dane:fail|domains:|lh[-_]|oldest-p|reason:|signer:|run-wrapped|x-test-header"
    r"|(?:rbl\.)?test\.ex/"
)
# Lines of our own samples that only look like something.
MISLEADING = re.compile(
    r"Completed it was not|<= ?a@|retry-server1|1vwa0G-00000000001-0001x|somebody wrote|something came"
    r"|H=\S+ \S+ spam score"
)
# Reasons in samples that their writers made up.
MADE_UP = re.compile(
    r"(?:\[10\.0\.0\.5\] )?[0-9]{3} (?:Invalid base64|RUBBISH|NONSENSE)|content reject|don't do this yet"
    r"|discard message|why: not|TLS session:"
)


def logs(root: Path) -> list[Path]:
    return [
        path
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.suffix not in {".md", ".conf", ".txt", ".json"}
    ]


def lines_of(path: Path) -> Iterator[bytes]:
    content = path.read_bytes()
    for raw in set((gzip.decompress(content) if path.suffix == ".gz" else content).split(b"\n")):
        if isinstance(read_line(raw, zone=UTC), Line):
            yield raw


@cache
def explained(root: Path) -> list[tuple[str, Explanation]]:
    """Each stamped line once: its text behind the head, and how it is explained."""
    return list(_explained(root))


def _explained(root: Path) -> Iterator[tuple[str, Explanation]]:
    for path in logs(root):
        for raw in lines_of(path):
            line = read_line(raw, zone=UTC)
            assert isinstance(line, Line)
            yield line.text[line.start :], explain(raw, zone=UTC)


ROOTS = [
    pytest.param(ROOT / "tests" / "samples", id="samples of the tests"),
    pytest.param(ROOT / "samples", id="samples of the demo"),
    pytest.param(
        SHARED_SAMPLES,
        id="shared samples",
        marks=pytest.mark.skipif(not SHARED_SAMPLES.is_dir(), reason="shared samples are not here"),
    ),
]


def _is_free(text: str, token: Token) -> bool:
    """Whether a token may be without a meaning of its own."""
    if token.entries[0] is THEIRS:
        return MADE_UP.match(token.text) is not None
    return (LOGWRITE.match(text) or MISLEADING.match(text)) is not None


@pytest.mark.parametrize("root", ROOTS)
def test_only_free_text_has_no_entry_of_its_own(root: Path) -> None:
    seen, unknown = 0, set()
    for text, explanation in explained(root):
        for token in explanation.tokens:
            seen += 1
            assert token.entries, (text, token)
            if token.entries[0] in {UNKNOWN, THEIRS} and not _is_free(text, token):
                unknown.add((token.text, text[:160]))
    assert not unknown
    assert seen > 500


@pytest.mark.parametrize("root", ROOTS)
def test_the_tokens_cover_each_line_in_order(root: Path) -> None:
    for text, explanation in explained(root):
        told = "".join(token.text for token in explanation.tokens).replace(" ", "")
        assert told.endswith(text.replace(" ", "")), text


KEY = re.compile(r"(?:[A-Z][A-Za-z0-9]{0,4}|id|cwd|pid)\*?=")
OF_A_VALUE = {Where.PROTOCOL, Where.NAME, Where.HOST, Where.ADDRESS}


@pytest.mark.parametrize("root", ROOTS)
def test_every_key_is_explained_by_the_entry_of_that_key(root: Path) -> None:
    """``R=`` by an entry for R= of that kind of line, never by that of another letter or line."""
    of_flag = {Kind.ARRIVAL: Where.ARRIVAL, Kind.DELIVERY: Where.DELIVERY}
    wrong, seen = set(), set()
    for text, explanation in explained(root):
        if LOGWRITE.match(text):
            continue
        for token in explanation.tokens:
            key = KEY.match(token.text)
            if key is None or "T=" in text[: text.find(token.text)].partition('"')[2]:
                continue
            seen.add(key[0])
            entry, where = token.entries[0], of_flag.get(explanation.kind) if explanation.kind else None
            has_key = entry.term.startswith(key[0]) and (
                where is None or entry.where in {where, Where.PANEL, Where.NAME}
            )
            if not has_key and entry.where not in OF_A_VALUE:
                wrong.add((token.text[:60], entry.anchor, text[:120]))
    assert not wrong
    assert len(seen) > 10


CODE = re.compile(r"(?:\A|C=\")([245][0-9]{2})[ -]")


@pytest.mark.parametrize("root", ROOTS)
def test_every_code_of_an_answer_is_explained(root: Path) -> None:
    codes = set()
    for text, explanation in explained(root):
        for token in explanation.tokens:
            code = CODE.match(token.text)
            if code is None or token.entries[0].where is Where.REFUSAL or LOGWRITE.match(text):
                continue
            codes.add(code[1])
            named = {entry.term for entry in token.entries if entry.where is Where.CODE}
            assert named & {code[1], f"{code[1][0]}xx"}, (text, token)
    assert codes


STATUS = re.compile(r"(?:\A|C=\")[245][0-9]{2}[ -]([245]\.[0-9]{1,3}\.[0-9]{1,3})(?= )")


@pytest.mark.parametrize("root", ROOTS)
def test_every_enhanced_code_of_an_answer_is_explained(root: Path) -> None:
    for text, explanation in explained(root):
        for token in explanation.tokens:
            if STATUS.match(token.text):
                assert Where.STATUS in {entry.where for entry in token.entries}, (text, token)


@pytest.mark.parametrize("root", ROOTS)
def test_every_sentence_is_one(root: Path) -> None:
    for text, explanation in explained(root):
        said = explanation.sentence
        assert said[-1] in ".…)" or said.startswith("A remark"), (said, text)
