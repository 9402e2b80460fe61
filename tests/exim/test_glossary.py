"""Lines in plain words, for somebody who has never seen Exim."""

from collections.abc import Mapping
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from ingest.exim import meanings
from ingest.exim.events import Kind, Stage, Topic
from ingest.exim.glossary import Token, explain
from ingest.exim.meanings.entry import Entry
from tests.exim.test_samples import LINES

MADRID = ZoneInfo("Europe/Madrid")
HEAD = "2016-03-09 07:53:12 1adXzZ-0007sb-Pz"
SPAM = f"{HEAD} <= m@example.net H=([127.0.0.1]) [129.137.152.170] P=esmtpa A=plain: S=1298 id=a@example.net"


def tokens(line: str) -> dict[str, Token]:
    return {token.text: token for token in explain(line.encode(), zone=MADRID).tokens}


@pytest.mark.parametrize("line", [str(sample.values[1]) for sample in LINES])
def test_tokens_cover_every_part_of_a_line_in_order(line: str) -> None:
    explanation = explain(line.encode(), zone=UTC)
    told = "".join(token.text for token in explanation.tokens)
    assert told.replace(" ", "") == line.replace(" ", "")
    assert all(token.meaning for token in explanation.tokens)
    assert explanation.sentence[-1] in ".…" or explanation.sentence.startswith("A remark")


@pytest.mark.parametrize(
    ("table", "members"), [(meanings.KINDS, Kind), (meanings.STAGES, Stage), (meanings.TOPICS, Topic)]
)
def test_every_kind_stage_and_topic_is_explained(
    table: Mapping[object, Entry], members: type[Kind] | type[Stage] | type[Topic]
) -> None:
    assert set(table) == set(members)


def test_the_parts_that_carry_the_argument_are_marked() -> None:
    marked = [text for text, token in tokens(SPAM).items() if token.matters]
    assert marked == ["H=([127.0.0.1])", "[129.137.152.170]", "A=plain:"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("H=([127.0.0.1])", "A claim, not a fact."),
        ("[129.137.152.170]", "who really connected"),
        ("A=plain:", "the authenticated id is empty"),
        ("P=esmtpa", "without TLS"),
        ("S=1298", "Size in bytes"),
        (
            "2016-03-09 07:53:12",
            "in the zone of its log host (+01:00). The message id says 06:53:09 UTC, which confirms",
        ),
        ("1adXzZ-0007sb-Pz", "06:53:09 UTC"),
    ],
)
def test_an_arrival_is_explained_part_by_part(text: str, words: str) -> None:
    assert words in tokens(SPAM)[text].meaning


def test_a_wrong_zone_is_said_where_the_id_contradicts_it() -> None:
    stamp = explain(SPAM.encode(), zone=ZoneInfo("Asia/Tokyo")).tokens[0]
    assert "does not fit" in stamp.meaning


@pytest.mark.parametrize(
    ("claimed", "address", "expected"),
    [
        ("[192.168.1.5]", "203.0.113.67", True),
        ("192.168.1.5", "203.0.113.67", True),
        ("[203.0.113.67]", "203.0.113.67", False),
        ("[IPv6:2001:db8::1]", "2001:db8::1", False),
        ("mx.example.net", "203.0.113.67", False),
    ],
)
def test_a_literal_matters_where_it_is_not_the_peer(claimed: str, address: str, expected: bool) -> None:
    line = f"{HEAD} <= m@example.net H=({claimed}) [{address}] P=esmtp S=1298"
    assert tokens(line)[f"[{address}]"].matters is expected


@pytest.mark.parametrize(
    ("rest", "text", "words"),
    [
        ("=> a@example.net R=dnslookup T=remote_smtp", "T=remote_smtp", "Transport"),
        ('<= a@example.net U=a P=local S=1 T="remote_smtp"', 'T="remote_smtp"', "Subject"),
        ("=> a@example.net <b@example.org> R=r T=t", "<b@example.org>", "before aliases"),
        (
            "<= <> R=1adXzZ-0007sb-Pz U=a P=local S=1",
            "R=1adXzZ-0007sb-Pz",
            "message that this notice is about",
        ),
        ("=> a@example.net R=smarthost T=t", "R=smarthost", "Router"),
        ("=> a****@example.net R=r T=t", "a****@example.net", "Masked"),
        ('=> a@example.net R=r T=t C="250 OK"', 'C="250 OK"', "250 = accepted"),
        ("** a@example.net R=r T=t: 550 5.1.1 no such user", "550 5.1.1 no such user", "does not exist"),
    ],
)
def test_a_letter_means_what_its_flag_says(rest: str, text: str, words: str) -> None:
    assert words in tokens(f"{HEAD} {rest}")[text].meaning


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            SPAM,
            "Arrived from 129.137.152.170, which calls itself [127.0.0.1]; logged in without a user name.",
        ),
        (
            f"{HEAD} <= a@example.org U=www-data P=local S=1",
            "Handed over on this server by the local user www-data.",
        ),
        (
            f"{HEAD} <= a@example.org H=mx.example.net [203.0.113.9] P=esmtpsa A=login:joe S=1",
            "Arrived from mx.example.net (203.0.113.9); logged in as joe.",
        ),
        (
            f"{HEAD} no immediate delivery: more than 10 messages received in one connection",
            "It was queued, not delivered at once: "
            "the client had sent more than 10 messages in one connection.",
        ),
        (
            f'{HEAD} => a@example.net R=r T=t H=mx.example.net [203.0.113.7] C="250 OK"',
            "Delivered to a@example.net: mx.example.net accepted it.",
        ),
        (f"{HEAD} => bob <bob@example.org> R=r T=t", "Delivered to bob@example.org on this server."),
        (
            f"{HEAD} == q@example.net R=r T=t defer (-54): retry time not reached for any host",
            "Not tried for q@example.net: the time for the next attempt has not come.",
        ),
        (
            "2026-03-01 10:00:05 H=(bad) [203.0.113.9] F=<x@example.net> rejected RCPT <y@example.com>: "
            "relay not permitted",
            "203.0.113.9 was refused the recipient y@example.com: the server takes no mail for this "
            "recipient from this client (no relaying).",
        ),
        (
            "2026-03-01 10:00:05 plain authenticator failed for (x) [203.0.113.9]: 535 no (set_id=joe)",
            "A login as joe from 203.0.113.9 through plain was refused.",
        ),
        (
            f"{HEAD} H=mx.example.net [203.0.113.7]: SMTP error from remote mail server after initial connection: "
            "421-4.7.28 Gmail has detected an unusual rate of unsolicited mail",
            "An attempt at one remote host failed: too much mail in a short time (the sender is slowed down by "
            "Gmail).",
        ),
        (
            f"{HEAD} DKIM: d=example.net s=sel c=relaxed/relaxed a=rsa-sha256 b=2048 [verification succeeded]",
            "The signature is good: the domain vouches for the message. That says nothing about spam.",
        ),
        (
            "2026-03-01 10:00:05 no host name found for IP address 203.0.113.9",
            "The DNS has no name for this address, or no address for this name. Common with home connections and "
            "spam programs.",
        ),
        ("2026-03-01 10:00:05 cwd=/a 2 args: exim -bd", "Exim was started with these arguments."),
        (f"{HEAD} ticket 4711 opened", "A remark of the server: ticket 4711 opened"),
        ("no log", "Not a line of an Exim log."),
    ],
)
def test_the_sentence_says_what_the_line_says(line: str, sentence: str) -> None:
    assert explain(line.encode(), zone=MADRID).sentence == sentence


def test_a_long_claim_does_not_make_a_long_sentence() -> None:
    line = f"{HEAD} <= a@example.net H=({'x' * 900}) [203.0.113.9] P=esmtp S=1"
    assert len(explain(line.encode(), zone=UTC).sentence) < 300


def test_text_that_is_no_log_line_is_one_token() -> None:
    explanation = explain(b"<b>hello</b> \xff", zone=UTC)
    assert explanation.kind is None
    assert [token.text for token in explanation.tokens] == ["<b>hello</b> \\xff"]


def test_advice_for_the_sender_is_not_given_to_the_server_that_refused() -> None:
    head = "2026-03-01 10:00:05 H=(bad) [203.0.113.9] F=<x@example.net> rejected RCPT <y@example.com>: "
    theirs = (
        f"{HEAD} ** y@example.com R=r T=t H=mx.example.com [203.0.113.7]: 554 blocked using zen.spamhaus.org"
    )
    ours = explain(f"{head}blocked using zen.spamhaus.org".encode(), zone=UTC).tokens[-1].meaning
    assert ours == "A blocklist of Spamhaus names the server that sends, or a link in the text."
    assert "ask for removal" in explain(theirs.encode(), zone=UTC).tokens[-1].meaning


def test_a_reason_that_the_configuration_wrote_is_called_so() -> None:
    line = (
        "2026-03-01 10:00:05 H=(bad) [203.0.113.9] F=<x@example.net> rejected RCPT <y@example.com>: not today"
    )
    assert "local choice" in explain(line.encode(), zone=UTC).tokens[-1].meaning


def test_a_deferral_is_taken_apart_to_the_answer() -> None:
    line = (
        f"{HEAD} == q@example.net R=dnslookup T=remote_smtp defer (-44) H=mx.example.net [203.0.113.7]: "
        "SMTP error from remote mail server after RCPT TO:<q@example.net>: 451 4.7.1 Greylisted"
    )
    assert list(tokens(line))[-4:] == [
        "defer (-44)",
        "H=mx.example.net [203.0.113.7]:",
        "SMTP error from remote mail server after RCPT TO:<q@example.net>:",
        "451 4.7.1 Greylisted",
    ]


def test_the_words_of_a_token_are_those_of_its_entries() -> None:
    for token in explain(SPAM.encode(), zone=MADRID).tokens:
        assert token.entries
        assert token.entries[0].meaning in token.meaning
