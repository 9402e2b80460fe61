"""What the supervisor's children write reaches the person, whole lines at a time, with the writer's name."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mailwatch.standalone.children import Child, Family
from mailwatch.standalone.restarts import Restarts


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def family(tmp_path: Path, said: list[str]) -> Family:
    return Family(home=tmp_path, directory=tmp_path, environment=os.environ, say=said.append)


def attend_until(family: Family, done: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not done():
        assert time.monotonic() < deadline
        family.attend(timeout=0.1)


def python(code: str) -> list[str]:
    return [sys.executable, "-u", "-c", code]


def test_a_line_written_in_pieces_is_said_once_it_is_whole(family: Family, said: list[str]) -> None:
    family.start(Child("web", python("import time; print('one', end=''); time.sleep(0.3); print(' two')")))
    attend_until(family, lambda: said)
    assert said == ["web | one two"]
    family.stop(patience=10)


def test_last_words_without_an_end_of_line_are_said_and_logged(family: Family, said: list[str]) -> None:
    family.start(Child("web", python("print('failed', end='')")))
    attend_until(family, family.ended)
    assert said == ["web | failed"]
    assert (family.home / "log" / "web.log").read_text() == "failed"


def test_one_that_does_not_listen_is_killed(family: Family, said: list[str]) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(60)"
    child = Child("web", python(deaf))
    family.start(child)
    attend_until(family, lambda: said)
    family.stop(patience=0.5)
    assert child.process is None


def test_one_that_keeps_ending_is_started_later_each_time(family: Family) -> None:
    child = Child("web", python(""))
    pauses = []
    for _ in range(5):
        family.start(child)
        attend_until(family, family.ended)
        pauses.append(child.restarts.pause)
        if pauses[-1] == 0:
            assert family.due() == [child]
        child.restarts.due_at += 100
        assert family.due() == []
    assert pauses == [0, 1, 2, 4, 8]
    assert not child.restarts.is_steady


def test_one_that_ran_a_while_is_started_again_at_once() -> None:
    restarts = Restarts()
    for _ in range(100):
        restarts.started()
        assert restarts.ended() <= 60
    assert restarts.pause == 60
    restarts.started()
    restarts.started_at, restarts.due_at = restarts.started_at - 60, 0
    assert restarts.is_steady
    assert (restarts.ended(), restarts.is_due) == (0, True)


def test_what_ran_once_is_not_started_again(family: Family) -> None:
    family.start(Child("demo", python(""), once=True))
    attend_until(family, family.ended)
    assert family.due() == []
