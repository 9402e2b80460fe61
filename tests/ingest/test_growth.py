"""What is new in a file that grows, is renamed, emptied and compressed."""

import bz2
import gzip
import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ingest.sources.directories import Listed
from ingest.sources.growth import Mark, Reading, read_new, whole_seconds
from ingest.sources.limits import Limits, Refused

AT = datetime(2026, 3, 1, tzinfo=UTC)


def lines(*seconds: int, start: int = 0) -> bytes:
    """A line a second, each as long as real ones."""
    return b"".join(
        b"2026-03-01 10:%02d:%02d 1adXzZ-%06d-Pz Completed %s\n"
        % (second // 60, second % 60, number, b"x" * 50)
        for number, second in enumerate(seconds, start=start)
    )


def look(content: bytes, *marks: Mark, name: str = "mainlog", is_quiet: bool = True) -> tuple[bytes, Reading]:
    into = io.BytesIO()
    listed = Listed(name=name, size=len(content), modified_at=AT)
    reading = read_new(
        io.BytesIO(content), listed, marks, into, is_quiet=is_quiet, limits=Limits(), alive=lambda: None
    )
    assert len(into.getvalue()) == reading.size
    return into.getvalue(), reading


DAY = lines(*range(60))


def test_a_file_is_read_once_and_then_what_was_added() -> None:
    taken, reading = look(DAY)
    assert taken == DAY
    assert not reading.is_continuation
    more = lines(*range(60, 70), start=60)
    again, later = look(DAY + more, reading.mark)
    assert again == more
    assert later.is_continuation
    assert look(DAY + more, later.mark)[0] == b""


@pytest.mark.parametrize("name", ["mainlog.1", "mainlog-20260301", "mainlog.2.gz", "mainlog.3.bz2"])
def test_only_the_rest_is_read_of_a_file_under_another_name(name: str) -> None:
    _, reading = look(DAY[:2000].rpartition(b"\n")[0] + b"\n")
    packed = {"gz": gzip.compress(DAY), "z2": bz2.compress(DAY)}.get(name[-2:], DAY)
    rest, later = look(packed, reading.mark, name=name)
    assert DAY[reading.mark.offset :] == rest
    assert later.mark.offset == len(DAY)
    assert later.mark.name == name


def test_a_new_file_with_the_old_name_is_read_from_its_beginning() -> None:
    _, reading = look(DAY)
    fresh = lines(*range(100, 120), start=500)
    assert look(fresh, reading.mark)[0] == fresh


def test_a_file_that_was_emptied_and_grew_beyond_its_old_size_is_read_from_its_beginning() -> None:
    _, reading = look(DAY[:1000].rpartition(b"\n")[0] + b"\n")
    fresh = lines(*range(100, 200), start=500)
    assert look(fresh, reading.mark)[0] == fresh


def test_a_file_whose_middle_was_changed_is_read_again() -> None:
    _, reading = look(DAY)
    other = DAY[:1024] + lines(*range(200, 300), start=900)
    assert look(other, reading.mark)[0] == other


def test_a_copy_that_is_being_made_waits_and_one_that_stays_short_is_read() -> None:
    _, reading = look(DAY)
    short = DAY[: DAY.rindex(b"\n", 0, 3000) + 1]
    taken, waiting = look(short, reading.mark, name="mainlog.1", is_quiet=False)
    assert taken == b""
    assert waiting.mark.waiting
    assert waiting.mark.offset == len(DAY)
    assert look(short, waiting.mark, name="mainlog.1")[0] == short


def test_a_half_written_line_waits() -> None:
    taken, reading = look(DAY + b"2026-03-01 10:01:0")
    assert taken == DAY
    assert reading.mark.waiting == 18
    assert look(DAY + b"2026-03-01 10:01:05 Start queue run: pid=1\n", reading.mark)[0].endswith(b"pid=1\n")


def test_at_every_cut_the_parts_of_a_growing_file_are_the_file() -> None:
    whole = lines(0, 0, 1, 1, 1, 2, 3, 3, 2, 4, 5, 5, 6, 7)
    for cut in range(1, len(whole)):
        first, reading = look(whole[:cut], is_quiet=False)
        second, _ = look(whole, *([reading.mark] if reading.mark.offset else []))
        assert first + second == whole
        assert not {line[:19] for line in first.splitlines()} & {line[:19] for line in second.splitlines()}


def test_a_second_is_never_divided_while_a_file_grows() -> None:
    busy = lines(*range(10), *[10] * 5000)
    taken, reading = look(busy, is_quiet=False)
    assert taken == lines(*range(9))
    assert look(busy, reading.mark)[0] == busy[len(taken) :]


def test_headers_below_a_line_stay_with_it() -> None:
    entry = lines(5) + b"Envelope-from: <a@b.example>\n\tby mx\n"
    assert look(lines(1, 2) + entry, is_quiet=False)[0] == lines(1, 2)
    assert look(lines(1, 2) + entry)[0] == lines(1, 2) + entry


def test_text_without_a_stamp_waits_for_one() -> None:
    assert whole_seconds(_at_end(b"no stamp\n" * 10), is_quiet=False) == 0
    assert whole_seconds(_at_end(b"no newline"), is_quiet=True) == 0


def _at_end(text: bytes) -> io.BytesIO:
    file = io.BytesIO(text)
    file.seek(0, io.SEEK_END)
    return file


def test_a_compressed_file_is_taken_as_it_stands() -> None:
    packed = gzip.compress(DAY)
    assert look(packed, name="mainlog.2.gz")[0] == packed


@pytest.mark.parametrize("is_known", [False, True])
def test_a_compressed_file_that_is_being_written_waits_until_it_is_whole(is_known: bool) -> None:
    packed = gzip.compress(DAY)
    known = [look(DAY[: DAY.index(b"\n") + 1])[1].mark] if is_known else []
    taken, reading = look(packed[:-20], *known, name="mainlog.1.gz")
    assert taken == b""
    done, _ = look(packed, reading.mark, name="mainlog.1.gz")
    assert done == (DAY[known[0].offset :] if is_known else packed)


def test_a_compressed_file_that_stays_damaged_is_taken_in_the_next_pass() -> None:
    packed = gzip.compress(DAY)[:-20]
    _, reading = look(packed, name="mainlog.1.gz")
    assert look(packed, reading.mark, name="mainlog.1.gz")[0] == packed


def test_an_empty_file_is_nothing_and_a_foreign_one_is_refused() -> None:
    assert look(b"")[0] == b""
    with pytest.raises(Refused, match="7-Zip"):
        look(b"7z\xbc\xaf\x27\x1c" + b"\0" * 600)


def test_a_short_rejectlog_is_not_taken_for_the_mainlog_that_begins_alike() -> None:
    _, reading = look(lines(1))
    assert look(lines(1), reading.mark, name="rejectlog")[0] == lines(1)


def test_what_is_unchanged_need_not_be_opened() -> None:
    mark = look(DAY)[1].mark
    same = Listed(name="mainlog", size=len(DAY), modified_at=AT)
    assert mark.is_unchanged(same)
    assert not mark.is_unchanged(replace(same, size=1))
    assert not replace(mark, waiting=1).is_unchanged(same)
