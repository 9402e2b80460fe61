"""What cannot be stored holds nothing else up, and a database that is not there is waited for."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from django.db import OperationalError

from ingest import faults, leases, load, pages, pipeline, storing
from ingest.models import IngestRun, LogHost, Message, Piece, SetAside, State
from tests.ingest.conftest import finish

pytestmark = pytest.mark.django_db

type Read = Callable[[bytes], IngestRun]

POISON = b"2026-03-02 10:00:00 1vwz8C-00000000001-0001 <= poison@example.org U=root P=local S=1"
LINES = [
    b"2026-03-02 10:00:%02d 1vwz8C-0000000000%d-0001 <= a@example.org U=root P=local S=1" % (number, number)
    for number in range(2, 10)
]


@pytest.fixture
def poisoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line ends every batch that it is in."""
    merge = load.merge_messages

    def fail(log_host_id: int, batch: Any, *whole: Any) -> Any:
        merged = merge(log_host_id, batch, *whole)
        if "1vwz8C-00000000001-0001" in batch:
            raise ZeroDivisionError("by zero")
        return merged

    monkeypatch.setattr(load, "merge_messages", fail)


def _try_again(run: IngestRun, times: int) -> None:
    for _ in range(times):
        Piece.objects.update(lease_until=None)
        finish(run)


@pytest.mark.usefixtures("poisoned")
def test_a_line_that_cannot_be_stored_is_set_aside_and_the_rest_is_stored(
    read_bytes: Read, srv1: LogHost
) -> None:
    run = read_bytes(b"\n".join([*LINES[:5], POISON, *LINES[5:], b""]))
    _try_again(run, storing.MOST_ATTEMPTS + 1)
    file = run.files.get()
    assert (run.state, file.state, file.error) == (State.FINISHED, State.FINISHED, "")
    assert (file.lines, file.new_lines, file.set_aside_lines) == (9, 8, 1)
    assert [entry.text for page in pages.scan(srv1.pk) for _, entry in page.entries()] == LINES
    (row,) = SetAside.objects.all()
    assert (bytes(row.text), row.lines, row.reason) == (POISON, 1, "ZeroDivisionError: by zero.")
    assert Message.objects.count() == 8


def test_what_was_set_aside_is_stored_when_it_can_be(
    read_bytes: Read, srv1: LogHost, request: pytest.FixtureRequest
) -> None:
    with pytest.MonkeyPatch.context() as fault:
        fault.setattr(load, "merge_messages", _raise(ZeroDivisionError("by zero")))
        run = read_bytes(b"\n".join([*LINES, b""]))
        _try_again(run, storing.MOST_ATTEMPTS)
        piece = Piece.objects.select_related("file__log_host", "file__run").get()
        assert run.files.get().set_aside_lines == 8
        assert storing.store_set_aside(piece) == 8
    assert storing.store_set_aside(piece) == 0
    file = run.files.get()
    assert (file.lines, file.new_lines, file.set_aside_lines) == (8, 8, 0)
    assert (SetAside.objects.count(), Message.objects.count()) == (0, 8)


def _raise(error: Exception) -> Callable[..., Any]:
    def fail(*_: Any) -> Any:
        raise error

    return fail


def _outage(cause: psycopg.Error) -> OperationalError:
    error = OperationalError(str(cause))
    error.__cause__ = cause
    return error


FULL = _outage(psycopg.errors.DiskFull("could not extend file: No space left on device"))


def test_a_full_disk_is_waited_for_as_long_as_it_takes(read_bytes: Read) -> None:
    with pytest.MonkeyPatch.context() as fault:
        fault.setattr(load, "merge_messages", _raise(FULL))
        run = read_bytes(b"\n".join([*LINES, b""]))
        _try_again(run, 3 * storing.MOST_ATTEMPTS)
    piece, file = Piece.objects.get(), run.files.get()
    assert (run.state, piece.attempts, piece.outages) == (State.RUNNING, 0, 16)
    assert file.error == (
        "Waiting for the database: OperationalError: could not extend file: No space left on device."
    )
    assert piece.lease_until is not None
    _try_again(run, 1)
    file.refresh_from_db()
    assert (run.state, file.error, file.new_lines) == (State.FINISHED, "", 8)


@pytest.mark.parametrize(
    ("error", "is_outage"),
    [
        (_outage(psycopg.OperationalError("server closed the connection unexpectedly")), True),
        (_outage(psycopg.errors.AdminShutdown("terminating connection")), True),
        (_outage(psycopg.errors.DeadlockDetected("deadlock detected")), True),
        (_outage(psycopg.errors.ProgramLimitExceeded("index row size 3000 exceeds maximum")), False),
        (ZeroDivisionError("by zero"), False),
        (MemoryError(), False),
    ],
    ids=lambda value: (
        getattr(value, "__class__", type(value)).__name__ if isinstance(value, bool) else str(value)
    ),
)
def test_what_is_a_fault_of_the_database_as_a_whole(error: Exception, is_outage: bool) -> None:
    assert faults.is_of_database(error) is is_outage


def test_pauses_double_up_to_a_few_minutes() -> None:
    assert [faults.pause(times).total_seconds() for times in (1, 2, 3, 20, 10_000)] == [2, 4, 8, 300, 300]


def test_a_line_that_ends_the_worker_is_come_to_in_the_end(
    read_bytes: Read, srv1: LogHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the system takes the worker away for the memory it needs: nobody is left to say what happened."""

    class Gone(BaseException):
        pass

    merge = load.merge_messages

    def go(log_host_id: int, batch: Any, *whole: Any) -> Any:
        if "1vwz8C-00000000001-0001" in batch:
            raise Gone
        return merge(log_host_id, batch, *whole)

    monkeypatch.setattr(load, "merge_messages", go)
    with pytest.raises(Gone):
        read_bytes(b"\n".join([*LINES[:5], POISON, *LINES[5:], b""]))
    (run,) = IngestRun.objects.all()
    for _ in range(200):
        Piece.objects.update(lease_until=None)
        free = leases.open_pieces(run)
        if not free:
            break
        try:
            pipeline.work(free[0])
        except Gone:
            continue
    pipeline.finish(run.pk)
    file = run.files.get()
    assert (file.state, file.new_lines, file.set_aside_lines) == (State.FINISHED, 8, 1)
    assert bytes(SetAside.objects.get().text) == POISON


def test_a_batch_that_needs_too_much_memory_is_stored_in_parts(
    read_bytes: Read, srv1: LogHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    merge = load.merge_messages

    def need_memory(log_host_id: int, batch: Any, whole: Any = ()) -> Any:
        if len(batch) + len(whole) > 3:
            raise MemoryError
        return merge(log_host_id, batch, whole)

    monkeypatch.setattr(load, "merge_messages", need_memory)
    run = read_bytes(b"\n".join([*LINES, b""]))
    assert run.files.get().error == "Trying again: MemoryError: no more is known."
    _try_again(run, storing.MOST_ATTEMPTS + 1)
    file = run.files.get()
    assert (file.state, file.error, file.new_lines, file.set_aside_lines) == (State.FINISHED, "", 8, 0)
    assert Message.objects.count() == 8


@pytest.mark.parametrize("step", ["store", "end"])
def test_a_commit_whose_answer_was_lost_leaves_no_sentence_on_the_file(
    read_bytes: Read, srv1: LogHost, step: str
) -> None:
    lost = _outage(psycopg.OperationalError("server closed the connection unexpectedly"))
    where, name = (storing, "store") if step == "store" else (pipeline, "_end_piece")
    whole = getattr(where, name)

    def lose_answer(*arguments: Any, **named: Any) -> None:
        whole(*arguments, **named)
        raise lost

    with pytest.MonkeyPatch.context() as fault:
        fault.setattr(where, name, lose_answer)
        run = read_bytes(b"\n".join([*LINES, b""]))
    _try_again(run, 1)
    file = run.files.get()
    assert (run.state, run.error, file.state, file.error) == (State.FINISHED, "", State.FINISHED, "")
    assert (file.lines, file.new_lines, Message.objects.count()) == (8, 8, 8)
