"""The glossary itself: every entry is complete, can be linked to, and its example is what it explains."""

import re
from collections import Counter
from datetime import UTC

import pytest
from _pytest.mark.structures import ParameterSet

from ingest.exim import meanings
from ingest.exim.glossary import explain
from ingest.exim.meanings.answers import ACCEPTED, COMMON, PROVIDERS
from ingest.exim.meanings.entry import Entry, Known, Where
from ingest.exim.replies import answer, reply

TABLES: dict[str, tuple[Known, ...]] = {
    "phrases": meanings.PHRASES,
    "limits": meanings.LIMITS,
    "steps": meanings.STEPS,
    "reasons": meanings.REASONS,
    "providers": PROVIDERS,
    "common": COMMON,
    "accepted": ACCEPTED,
    "tls": meanings.TLS,
}


def _params(*tables: tuple[Known, ...]) -> list[ParameterSet]:
    return [pytest.param(each, id=each.entry.anchor) for table in tables for each in table]


def test_there_is_an_entry_for_everything_in_one_list() -> None:
    assert len(meanings.ENTRIES) > 500
    assert {entry.where for entry in meanings.ENTRIES} == set(Where)


def test_every_entry_can_be_linked_to() -> None:
    anchors = Counter(entry.anchor for entry in meanings.ENTRIES)
    assert [anchor for anchor, count in anchors.items() if count > 1 or re.search(r"\s", anchor)] == []


def test_every_entry_says_something_short_and_whole() -> None:
    for entry in meanings.ENTRIES:
        assert entry.meaning.strip() == entry.meaning and entry.meaning[-1] in ".)", entry
        assert len(entry.meaning) < 330 and "!" not in entry.meaning, entry
        assert len(entry.meaning.split()) > 1 or entry.meaning in {"Refused.", "Accepted."}, entry
        assert entry.example and entry.term, entry


@pytest.mark.parametrize("known", _params(*TABLES.values()))
def test_a_pattern_finds_the_example_of_its_entry(known: Known) -> None:
    assert known.pattern.search(known.entry.example), known.entry.term


@pytest.mark.parametrize("known", _params(PROVIDERS, COMMON, ACCEPTED, meanings.REASONS, meanings.LIMITS))
def test_an_answer_is_explained_by_its_own_entry(known: Known) -> None:
    found = answer(known.entry.example)
    assert found is not None and found.entries[0] is known.entry
    assert found.matters is known.matters


HEAD = "2026-03-01 10:00:00 1vwZZZ-00000000001-0001"
ARRIVALS = (
    "<= alice@example.com H=mx.example.net (helo.example.net) [198.51.100.5]:58779 I=[192.0.2.25]:25 U=alice Ci=22"
    ' P=utf8esmtpsa L- SPF=pass X=TLSv1:DES-CBC3-SHA:168* CV=later DN="CN=mx.example.net" SNI=mail.example.org'
    " A=plain:alice PRDR PRX=192.0.2.80 K S=4512 M8S=8 DKIM=example.com ARC DMARC=accept RT=2m3s Q=lowpri"
    ' id=abc@example.com T="Invoice" from <alice@example.com> for bob@example.org',
    "<= <> R=1vwZZZ-00000000001-0001 U=Debian-exim P=local S=1602 id*=E1@mx.example.org",
    "<= a@example.com DS H=masked TFO P=esmtps CV=yes A=plain: S=1 [email protected]",
    "<= a****@example.com H=[198.51.100.5] P=spam-scanned CV=no A=plain S=1",
)
DELIVERIES = (
    "=> bob@example.net (info2@example.org) <info@example.org> SRS=<SRS0=x@example.org>"
    " F=<alice@example.com> Q=lowpri P=<> R=to_anywhere T=by_anything S=4611 H=mx.example.org [203.0.113.7]*"
    " PRX=[192.0.2.80]:1080 I=[192.0.2.25]:38312 PS=P X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=later"
    ' DN="CN=mx.example.org" SNI=mx.example.org A=login'
    ' DKIM=example.org:2026 C="250 OK" QT=2h5m DT=1s',
    "=> bob <bob@example.org> R=local_user T=maildir_home ST=archive CV=no",
    "=> b****@example.org R=r T=t CV=yes",
    "=> |/usr/bin/vacation <bob@example.org> R=r T=address_pipe CV=dane",
    "=> blackhole (RCPT ACL discarded recipients)",
    "== bob@example.org routing defer (-53): retry time not reached",
    "== bob@example.org transporting defer (-52): retry time not reached",
)


def entries_of(line: str) -> set[Entry]:
    tokens = explain(line.encode(), zone=UTC).tokens
    return {entry for token in tokens for entry in token.entries}


@pytest.mark.parametrize(
    ("lines", "where"),
    [(ARRIVALS, Where.ARRIVAL), (DELIVERIES, Where.DELIVERY)],
    ids=["arrivals", "deliveries"],
)
def test_every_field_is_explained_by_the_entry_of_its_kind_of_line(
    lines: tuple[str, ...], where: Where
) -> None:
    used = {entry for line in lines for entry in entries_of(f"{HEAD} {line}")}
    assert [entry.term for entry in meanings.ENTRIES if entry.where is where and entry not in used] == []
    assert {entry.where for entry in used} & {Where.ARRIVAL, Where.DELIVERY, Where.FIELD} == {where}
    assert meanings.FREE["unknown words"] not in used


@pytest.mark.parametrize(
    "protocol", [term for term in meanings.PROTOCOLS if term.isascii() and " " not in term]
)
def test_every_protocol_is_explained(protocol: str) -> None:
    for said in (protocol, f"utf8{protocol}"):
        assert meanings.PROTOCOLS[protocol] in entries_of(
            f"{HEAD} <= a@example.com H=[192.0.2.1] P={said} S=1"
        )


def test_a_long_time_is_said_in_words() -> None:
    tokens = explain(f"{HEAD} {DELIVERIES[0]}".encode(), zone=UTC).tokens
    said = next(token.meaning for token in tokens if token.text == "QT=2h5m")
    assert said == "Time from arrival to this delivery. Here: 2 hours 5 minutes."


def test_a_weak_cipher_is_called_so() -> None:
    tokens = explain(f"{HEAD} {ARRIVALS[0]}".encode(), zone=UTC).tokens
    said = next(token.meaning for token in tokens if token.text.startswith("X="))
    assert "An old version of TLS" in said and "A weak cipher." in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "550 5.1.1 No such user",
            ("The mailbox does not exist.", "5.1.1 = the mailbox does not exist.", "550 = refused for good"),
        ),
        ("452 4.2.99 hm", ("The last number is the other side's own.", "452 = ")),
        ("550 5.12.343 hm", ("A number of the other side's own", "550 = ")),
        ("468 hm", ("A code that begins with 4",)),
        (
            "421-4.7.28 Gmail has detected an unusual rate of unsolicited mail",
            ("slowed down by Gmail", "4.7.28 = ", "421 = "),
        ),
    ],
)
def test_codes_are_explained_behind_the_words(text: str, words: tuple[str, ...]) -> None:
    found = answer(text)
    assert found is not None
    assert [each for each in words if each not in found.text] == []


@pytest.mark.parametrize("text", ["go away", "", "192.0.2.25 said no", "see 5.7.1.2", "port 2525"])
def test_words_that_nobody_knows_have_no_meaning(text: str) -> None:
    assert answer(text) is None
    assert reply(text) is None


@pytest.mark.parametrize(
    ("meaning", "gist"),
    [
        ("The mailbox is full. Its owner must make room.", "the mailbox is full"),
        ("Gmail slows the sender down. Publish SPF.", "Gmail slows the sender down"),
        ("TLS 1.3, the newest version.", "TLS 1.3, the newest version"),
        ("A * behind it: an earlier session.", "a * behind it: an earlier session"),
    ],
)
def test_a_gist_fits_into_a_sentence(meaning: str, gist: str) -> None:
    assert Entry("x", Where.TEXT, meaning, "x").gist == gist
