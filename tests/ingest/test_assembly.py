"""A message is the same whatever order its lines come in and however they are cut into batches."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.assembly import Gathered, Place, Status, absorb, conclude, merge, message_facts, same_recipient
from ingest.exim.events import Unparsed
from ingest.exim.parse import parse
from ingest.pages import checksum

ID = "1vwz8C-00000000001-0001"
ARRIVED = f"2026-03-02 10:00:00 {ID} <= a@example.org H=mx.example.net [198.51.100.7] P=esmtps S=100"
DELIVERED = f"2026-03-02 10:00:02 {ID} => bob <bob@example.org> R=local_user T=maildir"
DEFERRED = f"2026-03-02 10:00:01 {ID} == bob@example.org R=local_user T=maildir defer (-1): busy"
REMOTE = f"2026-03-02 10:00:03 {ID} => r@far.example R=dnslookup T=remote_smtp H=mx.far.example [203.0.113.7]"
BOUNCED = f"2026-03-02 10:00:03 {ID} ** x@far.example R=dnslookup T=remote_smtp H=mx.far.example [203.0.113.7]: 550 no"
FROZEN = f"2026-03-02 10:00:04 {ID} Frozen (delivery error message)"
THAWED = f"2026-03-02 10:00:05 {ID} Unfrozen by errmsg timer"
REMOVED = f"2026-03-02 10:00:06 {ID} removed by root"
COMPLETED = f"2026-03-02 10:00:07 {ID} Completed"
LIMIT = f"2026-03-02 10:00:00 {ID} no immediate delivery: more than 10 messages received in one connection"
LOST = (
    f"2026-03-02 10:00:00 {ID} SMTP data timeout (message abandoned) on connection from mx [203.0.113.9] D=5m"
)
REFUSED = (
    f"2026-03-02 10:00:00 {ID} H=(bad) [203.0.113.9] F=<x@example.net> rejected after DATA: contains malware"
)


def gather(*lines: str) -> Gathered:
    gathered = None
    for line in lines:
        gathered = _add(gathered, line)
    assert gathered is not None
    return gathered


def _add(gathered: Gathered | None, line: str) -> Gathered:
    event = parse(line.encode(), zone=ZoneInfo("UTC"))
    assert not isinstance(event, Unparsed)
    digest = checksum(line.encode())
    return absorb(gathered, event, Place(digest, 0, digest))


@pytest.mark.parametrize(
    ("lines", "status", "counts"),
    [
        ([ARRIVED], Status.QUEUED, (0, 0, 0)),
        ([ARRIVED, DELIVERED, COMPLETED], Status.DELIVERED, (1, 0, 0)),
        ([ARRIVED, DEFERRED], Status.QUEUED, (0, 1, 0)),
        ([ARRIVED, DEFERRED, DELIVERED, COMPLETED], Status.DELIVERED, (1, 0, 0)),
        ([ARRIVED, DELIVERED, BOUNCED, COMPLETED], Status.PARTLY_DELIVERED, (1, 0, 1)),
        ([ARRIVED, BOUNCED, COMPLETED], Status.BOUNCED, (0, 0, 1)),
        ([ARRIVED, BOUNCED, FROZEN], Status.FROZEN, (0, 0, 1)),
        ([ARRIVED, FROZEN, THAWED], Status.QUEUED, (0, 0, 0)),
        ([ARRIVED, DEFERRED, REMOVED, COMPLETED], Status.REMOVED, (0, 1, 0)),
        ([ARRIVED, DELIVERED, REMOVED, COMPLETED], Status.PARTLY_DELIVERED, (1, 0, 0)),
        ([REFUSED], Status.REJECTED, (0, 0, 0)),
        ([LOST], Status.REJECTED, (0, 0, 0)),
        ([COMPLETED], Status.UNKNOWN, (0, 0, 0)),
        # the log begins after the arrival: who else there was is not known
        ([DELIVERED, COMPLETED], Status.UNKNOWN, (1, 0, 0)),
        ([BOUNCED, COMPLETED], Status.UNKNOWN, (0, 0, 1)),
        ([DELIVERED, BOUNCED, COMPLETED], Status.PARTLY_DELIVERED, (1, 0, 1)),
        ([DEFERRED], Status.QUEUED, (0, 1, 0)),
        ([DEFERRED, COMPLETED], Status.UNKNOWN, (0, 1, 0)),
        ([FROZEN], Status.FROZEN, (0, 0, 0)),
        ([REMOVED, COMPLETED], Status.REMOVED, (0, 0, 0)),
        # the log ends before the completion: others may wait still
        ([ARRIVED, DELIVERED], Status.UNKNOWN, (1, 0, 0)),
        ([ARRIVED, BOUNCED], Status.UNKNOWN, (0, 0, 1)),
        ([ARRIVED, DELIVERED, BOUNCED], Status.PARTLY_DELIVERED, (1, 0, 1)),
        ([f"{ARRIVED} for bob@example.org", DELIVERED], Status.DELIVERED, (1, 0, 0)),
        ([f"{ARRIVED} for bob@example.org x@far.example", DELIVERED], Status.UNKNOWN, (1, 0, 0)),
    ],
)
def test_what_became_of_a_message(lines: list[str], status: Status, counts: tuple[int, int, int]) -> None:
    conclusion = conclude(gather(*lines))
    assert conclusion.status is status
    assert (conclusion.delivered, conclusion.deferred, conclusion.bounced) == counts


ALL = [ARRIVED, DELIVERED, DEFERRED, REMOTE, BOUNCED, FROZEN, THAWED, COMPLETED, LIMIT]
ALL.append(ARRIVED.replace("a@example.org", "z@example.org"))  # a second arrival in the same second


@settings(max_examples=200)
@given(order=st.permutations(ALL), cut=st.integers(1, len(ALL) - 1), swap=st.booleans())
def test_order_and_cut_change_nothing(order: list[str], cut: int, swap: bool) -> None:
    first, second = gather(*order[:cut]), gather(*order[cut:])
    both = merge(second, first) if swap else merge(first, second)
    whole = gather(*ALL)
    assert _comparable(both) == _comparable(whole)


def _comparable(gathered: Gathered) -> tuple[object, ...]:
    conclusion = conclude(gathered)
    facts = message_facts(ID, gathered, conclusion)
    recipients = sorted(facts.recipients, key=repr)
    return (
        conclusion,
        facts._replace(recipients=()),
        recipients,
        gathered.first_at,
        gathered.last_at,
        gathered.arrival_digest,
        gathered.completed_at,
        gathered.frozen_at,
        sorted(gathered.line_refs),
        sorted(gathered.attempts),
    )


@pytest.mark.parametrize(
    ("recipient", "original", "name"),
    [
        ("bob@Example.ORG", None, "bob@example.org"),
        ("bob", "bob@example.org", "bob@example.org"),
        ("bob", "sales@example.org", "bob@example.org"),
        ("anna@far.example", "list@example.org", "anna@far.example"),
        ("|/usr/bin/filter", "bob@example.org", "bob@example.org"),
        (":blackhole:", "bob@example.org", "bob@example.org"),
        ("/var/mail/bob", "bob@example.org", "bob@example.org"),
        ("discarded", "bob@example.org", "bob@example.org"),
    ],
)
def test_a_recipient_in_two_shapes_is_one(recipient: str, original: str | None, name: str) -> None:
    assert same_recipient(recipient, original) == name


LATER = f"2026-03-02 10:10:00 {ID}"


@pytest.mark.parametrize(
    ("lines", "counts"),
    [
        # an alias that fans out, put off at first
        (
            [
                f"2026-03-02 10:00:01 {ID} == list@example.org R=aliases defer (-1): lookup failed",
                f"{LATER} => anna <list@example.org> R=local_user T=maildir",
                f"{LATER} => far@far.example <list@example.org> R=dnslookup T=remote_smtp H=mx [203.0.113.7]",
            ],
            (2, 0, 0),
        ),
        # one branch of it is open still
        (
            [
                f"2026-03-02 10:00:01 {ID} => anna <list@example.org> R=local_user T=maildir",
                f"{LATER} == far@far.example <list@example.org> R=dnslookup T=remote_smtp defer (111): refused",
            ],
            (1, 1, 0),
        ),
        # it was put off again after a branch was delivered
        (
            [
                f"2026-03-02 10:00:01 {ID} => anna <list@example.org> R=local_user T=maildir",
                f"{LATER} == list@example.org R=aliases defer (-1): lookup failed",
            ],
            (1, 1, 0),
        ),
        # a mailbox with a tag, and one whose name needs quotes
        (
            [
                f"2026-03-02 10:00:01 {ID} == bob+tag@Example.org R=local_user T=maildir defer (-22): quota",
                f"{LATER} => bob <bob+tag@example.org> R=local_user T=maildir",
            ],
            (1, 0, 0),
        ),
        (
            [
                f'2026-03-02 10:00:01 {ID} == "odd one"@example.org R=local_user T=maildir defer (-22): quota',
                f'{LATER} => odd one <"odd one"@example.org> R=local_user T=maildir',
            ],
            (1, 0, 0),
        ),
    ],
)
def test_what_an_address_leads_to_answers_for_it(lines: list[str], counts: tuple[int, int, int]) -> None:
    for order in (lines, lines[::-1]):
        conclusion = conclude(gather(ARRIVED, *order))
        assert (conclusion.delivered, conclusion.deferred, conclusion.bounced) == counts


def test_the_earliest_arrival_counts() -> None:
    early = ARRIVED.replace("10:00:00", "09:00:00").replace("a@example.org", "first@example.org")
    gathered = gather(ARRIVED, early)
    assert gathered.arrival is not None
    assert gathered.arrival.envelope_sender == "first@example.org"
    assert gathered.first_at == datetime(2026, 3, 2, 9, tzinfo=UTC)
