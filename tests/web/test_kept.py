"""What the process keeps: the newest of each, made once however many ask."""

import time
from threading import Barrier, Event, Thread

import pytest

from mailwatch.queries.kept import Kept


def test_a_value_is_made_once_for_each_state_and_replaced_by_that_of_another() -> None:
    kept: Kept[str, int, str] = Kept(10)
    made: list[str] = []

    def make(text: str) -> str:
        made.append(text)
        return text

    assert [kept.get("a", 1, lambda: make("first")), kept.get("a", 1, lambda: make("again"))] == ["first"] * 2
    assert kept.get("a", 2, lambda: make("second")) == "second"
    assert kept.get("a", 1, lambda: make("third")) == "third"  # nothing is kept of what was before
    assert made == ["first", "second", "third"]


def test_what_was_not_asked_for_longest_goes_when_it_weighs_too_much_together() -> None:
    kept: Kept[str, int, str] = Kept(10, weigh=len)
    made: list[str] = []

    def get(text: str) -> None:
        def make() -> str:
            made.append(text)
            return text

        kept.get(text, 0, make)

    for text in ("aaaa", "bbbb", "aaaa", "cccc", "aaaa", "bbbb"):
        get(text)
    assert made == ["aaaa", "bbbb", "cccc", "bbbb"]
    get("d" * 50)
    get("d" * 50)
    assert made[4:] == ["d" * 50]  # the newest is kept, whatever it weighs


def test_who_asks_while_it_is_made_waits_for_it() -> None:
    kept: Kept[str, int, int] = Kept(10)
    made: list[int] = []
    together = Barrier(4)

    def make() -> int:
        made.append(1)
        return len(made)

    def ask() -> None:
        together.wait(timeout=10)
        kept.get("a", 0, make)

    threads = [Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert made == [1]


def test_those_who_waited_take_what_was_begun_after_they_asked() -> None:
    """However often lines come: whoever waits, waits for two at most."""
    kept: Kept[str, int, int] = Kept(10)
    made: list[int] = []
    begun, goes_on = Event(), Event()

    def make(state: int) -> int:
        made.append(state)
        begun.set()
        goes_on.wait(timeout=10)
        return state

    threads = [
        Thread(target=lambda state=state: kept.get("a", state, lambda: make(state))) for state in range(5)
    ]
    threads[0].start()
    begun.wait(timeout=10)
    for thread in threads[1:]:
        thread.start()
    time.sleep(0.2)  # until they wait
    goes_on.set()
    for thread in threads:
        thread.join(timeout=10)
    assert len(made) == 2


def test_what_could_not_be_made_is_made_by_the_next_who_asks() -> None:
    kept: Kept[str, int, int] = Kept(10)

    def fail() -> int:
        raise ValueError("of no account")

    with pytest.raises(ValueError, match="of no account"):
        kept.get("a", 0, fail)
    assert kept.get("a", 0, lambda: 7) == 7
