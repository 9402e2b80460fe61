"""One script of traffic, logged by a real Exim under three settings of log_selector: the same is read from each.

An administrator's commands (freeze, remove, give up) went to whatever message the queue listed first, so in each
run another of three messages was removed, another given up and another left frozen.
"""

from functools import cache
from typing import NamedTuple

import pytest

from ingest.assembly import Gathered, Status, conclude, last_attempts
from ingest.exim.events import Arrival, Completion, Event, Note, Rejection, Stage, Topic
from tests.exim.assembled import Assembled, assembled
from tests.exim.real_logs import SAMPLES, lines, needs_samples

pytestmark = needs_samples
SELECTORS = ("default", "typical", "all")


class Told(NamedTuple):
    """What must not depend on how much is logged."""

    envelope_sender: str | None
    sender_host_address: str | None
    local_user: str | None
    protocol: str | None
    authenticator: str | None
    authenticated_id: str | None
    outcomes: tuple[tuple[str, str], ...]


@cache
def log(selector: str) -> Assembled:
    return assembled(lines(SAMPLES / "live" / f"{selector}.mainlog"))


def told(gathered: Gathered) -> Told:
    attempts = last_attempts(gathered.attempts)
    outcomes = tuple(sorted((recipient, str(attempt.outcome)) for recipient, attempt in attempts.items()))
    arrival = gathered.arrival
    if arrival is None:
        return Told(None, None, None, None, None, None, outcomes)
    client = arrival.client
    return Told(
        arrival.envelope_sender,
        client.sender_host_address,
        client.ident,
        arrival.protocol,
        arrival.authenticator,
        arrival.authenticated_id,
        outcomes,
    )


def is_notice(gathered: Gathered) -> bool:
    return gathered.arrival is not None and gathered.arrival.parent_message_id is not None


def touched(log: Assembled) -> set[str]:
    """The messages that the administrator's commands hit."""
    return {
        event.message_id
        for event in log.events
        if isinstance(event, Note) and event.text == "frozen by root" and event.message_id
    }


def messages(selector: str) -> list[Told]:
    every = log(selector).messages.values()
    return sorted((told(gathered) for gathered in every if not is_notice(gathered)), key=repr)


@pytest.mark.parametrize("selector", SELECTORS[1:])
def test_messages_are_the_same_under_every_selector(selector: str) -> None:
    assert len(messages("default")) == 20
    assert messages(selector) == messages("default")


@pytest.mark.parametrize("selector", SELECTORS)
def test_each_notice_names_a_message_of_the_log(selector: str) -> None:
    notices = [gathered.arrival for gathered in log(selector).messages.values() if is_notice(gathered)]
    assert len(notices) == 5
    for notice in notices:
        assert notice is not None
        parent = log(selector).messages[notice.parent_message_id or ""].arrival
        assert parent is not None
        attempts = last_attempts(log(selector).messages[notice.message_id].attempts)
        assert list(attempts) == [parent.envelope_sender]


@pytest.mark.parametrize("selector", SELECTORS)
def test_messages_that_nobody_touched_end_alike(selector: str) -> None:
    def ends(log: Assembled) -> list[str]:
        return sorted(
            f"{told(gathered)} {conclude(gathered)}"
            for message_id, gathered in log.messages.items()
            if message_id not in touched(log) and not is_notice(gathered)
        )

    assert len(ends(log(selector))) == 17
    assert ends(log(selector)) == ends(log("default"))


def fate(events: list[Event], gathered: Gathered) -> str:
    topics = {event.topic for event in events if isinstance(event, Note)}
    if Topic.REMOVED in topics:
        return "removed"
    if Topic.CANCELLED in topics:
        return "cancelled"
    return str(conclude(gathered).status)


@pytest.mark.parametrize("selector", SELECTORS)
def test_an_administrator_removed_one_gave_up_one_and_left_one_frozen(selector: str) -> None:
    read = log(selector)
    fates = [fate(read.of(message_id), read.messages[message_id]) for message_id in touched(read)]
    assert sorted(fates) == ["cancelled", Status.FROZEN, "removed"]


@pytest.mark.parametrize("selector", SELECTORS)
def test_refusals_are_the_same_under_every_selector(selector: str) -> None:
    """Syntax and protocol errors (Stage.OTHER) are logged by some selectors only."""

    def refusals(log: Assembled) -> list[str]:
        return sorted(
            repr((event.stage, event.envelope_sender, event.recipient, event.is_temporary, event.text))
            for event in log.events
            if isinstance(event, Rejection) and event.stage is not Stage.OTHER
        )

    assert len(refusals(log(selector))) >= 5
    assert refusals(log(selector)) == refusals(log("default"))


def test_more_is_read_where_more_is_logged() -> None:
    arrivals = [event for event in log("all").events if isinstance(event, Arrival)]
    assert any(arrival.subject for arrival in arrivals)
    assert any(arrival.client.interface_port for arrival in arrivals)
    completions = [event for event in log("all").events if isinstance(event, Completion)]
    assert sum(completion.queue_time is not None for completion in completions) > 15
