"""Sources: what lies in a directory is read once, however files come and go there."""

import gzip
import io
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from pytest_django.fixtures import Settings

from ingest import pipeline, sealing, syncing
from ingest.classification import reclassify
from ingest.models import IngestRun, LogFile, LogHost, Source, SourceFile
from ingest.sources.places import BadPlace
from tests.ingest.conftest import SAMPLES, finish, read_files
from tests.ingest.content import content

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]

TEXT = b"".join((SAMPLES / "srv1" / name).read_bytes() for name in ("mainlog.1", "mainlog"))
LINES = TEXT.splitlines(keepends=True)


@pytest.fixture
def folder(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log directory that sources may be in."""
    monkeypatch.setattr(syncing, "QUIET", 0.0)
    made = tmp_path / "exim4"
    made.mkdir()
    settings.MAILWATCH_SOURCE_DIRECTORIES = [str(made)]
    return made


@pytest.fixture
def source(srv1: LogHost, folder: Path) -> Source:
    return Source.objects.create(log_host=srv1, url=f"file://{folder}")


def synced(source: Source) -> syncing.Pass:
    """A pass and its runs, to the end."""
    done = syncing.sync(source.pk)
    assert done is not None
    for run in done.runs:
        finish(run)
    return done


def lines_of(done: syncing.Pass) -> tuple[int, int]:
    """All, and those that were new."""
    files = [file for run in done.runs for file in run.files.all()]
    return sum(file.lines for file in files), sum(file.new_lines for file in files)


@pytest.fixture
def growing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, bytes], None]:
    """Lets a file grow during the pause of the next pass, as one of a busy server does."""

    def grow(path: Path, text: bytes) -> None:
        def write(_: float) -> None:
            with path.open("ab") as file:
                file.write(text)
            monkeypatch.setattr("ingest.syncing.time.sleep", lambda _: None)

        monkeypatch.setattr("ingest.syncing.time.sleep", write)

    return grow


def test_a_log_that_grows_is_rotated_and_compressed_counts_once(
    source: Source, folder: Path, growing: Callable[[Path, bytes], None]
) -> None:
    (clean := folder.parent / "clean").write_bytes(TEXT)
    read_files(source.log_host, clean)
    expected = content(source.log_host)
    LogHost.objects.filter(name="srv1").update(name="gone")
    source.log_host = pipeline.log_host("srv1", "Europe/Madrid")[0]
    source.save()

    parts = [b"".join(LINES[start : start + 300]) for start in range(0, len(LINES), 300)]
    log = folder / "mainlog"
    log.write_bytes(parts[0])
    growing(log, parts[1])
    seen = [lines_of(synced(source))]
    log.rename(folder / "mainlog.1")
    with (folder / "mainlog.1").open("ab") as file:
        file.write(parts[2])  # by a process that had it open
    log.write_bytes(parts[3][:-40])
    seen.append(lines_of(synced(source)))
    (folder / "mainlog.2.gz").write_bytes(gzip.compress((folder / "mainlog.1").read_bytes()))
    (folder / "mainlog.1").unlink()
    log.rename(folder / "mainlog.1")
    with (folder / "mainlog.1").open("ab") as file:
        file.write(parts[3][-40:])
    log.write_bytes(b"".join(parts[4:]))
    seen.append(lines_of(synced(source)))
    assert lines_of(synced(source)) == (0, 0)

    reclassify(source.log_host)  # a sentence may count what came after its message
    assert content(source.log_host) == expected
    assert sum(lines for lines, _ in seen) == len(LINES)  # no line was even looked at twice
    assert all(lines == new for lines, new in seen)


def test_identical_lines_of_one_second_stay_however_the_file_grew(
    source: Source, folder: Path, growing: Callable[[Path, bytes], None]
) -> None:
    def line(second: int) -> bytes:
        return b"2026-03-01 10:00:%02d H=(x.example) [192.0.2.1] rejected AUTH: not here\n" % second

    log = folder / "mainlog"
    log.write_bytes(line(1) * 3 + line(2) * 2 + line(5) * 2)
    growing(log, line(5) * 3)
    synced(source)
    log.write_bytes(log.read_bytes() + line(6))
    synced(source)
    synced(source)
    assert sum(file.new_lines for file in LogFile.objects.all()) == log.read_bytes().count(b"\n")


def test_a_log_emptied_in_place_goes_on_and_its_copy_is_known(source: Source, folder: Path) -> None:
    log = folder / "mainlog"
    log.write_bytes(b"".join(LINES[:500]))
    synced(source)
    (folder / "mainlog.1").write_bytes(b"".join(LINES[:510]))
    log.write_bytes(b"".join(LINES[510:560]))
    assert lines_of(synced(source)) == (60, 60)
    assert sorted(SourceFile.objects.values_list("name", flat=True)) == ["mainlog", "mainlog.1"]


def test_a_second_source_with_the_same_files_doubles_nothing(source: Source, folder: Path) -> None:
    (folder / "mainlog").write_bytes(TEXT)
    synced(source)
    other = Source.objects.create(log_host=source.log_host, url=source.url)
    assert lines_of(synced(other)) == (len(LINES), 0)


def test_an_ordinary_part_without_a_line_of_exims_own_is_still_read(source: Source, folder: Path) -> None:
    log = folder / "mainlog"
    log.write_bytes(b"".join(LINES[:50]))
    synced(source)
    strange = b"".join(b"2026-03-02 10:00:%02d words of a local patch\n" % second for second in range(20))
    log.write_bytes(b"".join(LINES[:50]) + strange)
    assert lines_of(synced(source)) == (20, 20)


def test_a_pass_that_dies_is_as_if_it_had_never_begun(
    source: Source, folder: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "mainlog").write_bytes(TEXT)
    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "new_run", _fail)
        assert "no room" in synced(source).error
    assert not SourceFile.objects.exists()
    assert [path for path in storage.rglob("*") if path.is_file()] == []
    leftover = storage / "sources" / str(source.pk) / "leftover"
    leftover.parent.mkdir(parents=True, exist_ok=True)
    leftover.write_bytes(b"of a process that was killed")
    assert lines_of(synced(source)) == (len(LINES), len(LINES))
    assert not leftover.exists()


def _fail(**_: object) -> IngestRun:
    raise RuntimeError("no room")


def test_while_a_pass_is_under_way_no_other_begins(source: Source, folder: Path) -> None:
    (folder / "mainlog").write_bytes(TEXT)
    Source.objects.update(lease_until="2999-01-01T00:00Z")
    assert syncing.sync(source.pk) is None
    assert syncing.due() == []


def test_a_pass_whose_lease_ran_out_hands_nothing_on(
    source: Source, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "mainlog").write_bytes(TEXT)
    monkeypatch.setattr("ingest.syncing.time.sleep", lambda _: Source.objects.update(passes=99))
    assert syncing.sync(source.pk) is None
    assert not IngestRun.objects.exists()


def test_what_is_due_and_when_the_next_pass_is(source: Source, folder: Path) -> None:
    assert syncing.due() == [source.pk]
    synced(source)
    source.refresh_from_db()
    assert syncing.due() == []
    assert source.succeeded_at is not None
    assert 290 < (source.due_at - source.succeeded_at).total_seconds() <= 300
    syncing.ask(source)
    assert syncing.due() == [source.pk]
    Source.objects.update(is_paused=True)
    assert syncing.due() == []


def test_an_error_is_told_and_the_schedule_goes_on(source: Source, folder: Path) -> None:
    Source.objects.update(url=f"file://{folder}/nowhere")
    assert "There is no directory" in synced(source).error
    source.refresh_from_db()
    assert source.succeeded_at is None
    assert syncing.due() == []


def test_only_listed_directories_of_this_machine_are_read(
    source: Source, folder: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mainlog").write_bytes(TEXT)
    (folder / "link").symlink_to(outside)
    (folder / "mainlog").symlink_to(outside / "mainlog")
    for path in (outside, folder / "link", folder / ".." / "outside"):
        Source.objects.update(url=f"file://{path}")
        assert "MAILWATCH_SOURCE_DIRECTORIES" in synced(source).error
    Source.objects.update(url=f"file://{folder}")
    done = synced(source)
    assert (done.files, done.runs) == (0, ())


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("/var/log/exim4", "must begin with one of file:, sftp:"),
        ("http://mx1/logs", "must begin with one of"),
        ("local:///etc", "must begin with one of"),
        ("simplecache::file:///etc", "characters that no directory has"),
        ("file://var/log", "three slashes"),
        ("sftp:///var/log", "lacks the machine"),
        ("sftp://mx1/var/log", "lacks the user"),
        ("sftp://log:secret@mx1/var/log", "into its own field"),
        ("sftp://log@mx1:99999/var/log", "no address of a directory"),
        ("sftp://log@mx1/var/log?x=1", "no ? and no #"),
        ("file:///var/ log", "characters that no directory has"),
    ],
)
def test_a_bad_address_is_refused_in_one_sentence(url: str, sentence: str) -> None:
    with pytest.raises(BadPlace) as refused:
        syncing.place_of(url)
    assert sentence in str(refused.value)
    assert "secret" not in str(refused.value)


def test_other_directories_that_fsspec_knows(source: Source, folder: Path, settings: Settings) -> None:
    settings.MAILWATCH_SOURCE_SCHEMES = ["file", "memory"]
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/bucket/mainlog", TEXT)
    Source.objects.update(url="memory://bucket")
    assert lines_of(synced(source)) == (len(LINES), len(LINES))
    assert lines_of(synced(source)) == (0, 0)


def test_credentials_are_encrypted_with_the_key_of_the_settings(source: Source, settings: Settings) -> None:
    source.set_password("hunter2")
    source.save()
    stored = Source.objects.get().sealed_password
    assert "hunter2" not in stored
    assert syncing.credentials_of(source).password == "hunter2"
    assert "hunter2" not in repr(syncing.credentials_of(source))
    settings.MAILWATCH_CREDENTIALS_KEY = "another"
    with pytest.raises(sealing.Unsealable, match="enter it again"):
        syncing.credentials_of(source)
    assert "enter it again" in synced(source).error


@pytest.mark.django_db(transaction=True)
def test_the_command_reads_to_the_end_and_says_what_failed(source: Source, folder: Path) -> None:
    (folder / "mainlog").write_bytes(TEXT)
    out = io.StringIO()
    call_command("sync", "srv1", json=True, stdout=out)
    (told,) = json.loads(out.getvalue())["sources"]
    assert (told["files"], told["new_lines"], told["error"]) == (1, len(LINES), None)
    assert IngestRun.objects.get().state == "finished"
    with pytest.raises(CommandError, match="There is no source mx9"):
        call_command("sync", "mx9")
    Source.objects.update(url=f"file://{folder}/nowhere")
    with pytest.raises(CommandError, match="There is no directory"):
        call_command("sync", stdout=io.StringIO())


@pytest.mark.django_db(transaction=True)
def test_two_passes_at_once_read_once(source: Source, folder: Path) -> None:
    (folder / "mainlog").write_bytes(TEXT)
    results: list[Any] = []

    def sync() -> None:
        results.append(syncing.sync(source.pk))
        connections.close_all()

    threads = [threading.Thread(target=sync) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert IngestRun.objects.count() == 1
    assert [result.files for result in results if result is not None].count(1) == 1
