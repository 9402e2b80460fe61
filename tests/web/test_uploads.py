"""Handing in files: what is taken, what is refused in one sentence, and that nothing of it stays."""

import gzip
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django.fixtures import Settings

from ingest import pipeline
from ingest.models import IngestRun, LogFile, LogHost
from mailwatch.operations import uploads as operations
from mailwatch.operations.uploads import safe_name
from tests.ingest.packing import tar
from tests.web.conftest import Ingested
from tests.web.logs import DAY

TEXT = "".join(f"{line}\n" for line in DAY).encode()


@pytest.fixture(autouse=True)
def storage(settings: Settings, tmp_path: Path) -> Path:
    """A file storage of the test's own."""
    folder = tmp_path / "storage"
    stores = {**settings.STORAGES}
    stores["default"] = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": folder},
    }
    settings.STORAGES = stores
    settings.FILE_UPLOAD_TEMP_DIR = None
    return folder


def stored(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def post(desk: Client, *files: SimpleUploadedFile, **fields: str) -> tuple[int, str]:
    """Status, and where it leads or the page."""
    response = desk.post("/uploads/", {"files": files, "log_host": "srv1", "timezone": "UTC", **fields})
    return response.status_code, response.headers.get("Location") or response.content.decode()


def test_files_become_a_run(desk: Client, storage: Path) -> None:
    files = [SimpleUploadedFile("mainlog", TEXT), SimpleUploadedFile("mainlog.2.gz", gzip.compress(TEXT))]
    status, location = post(desk, *files, timezone="Europe/Madrid")
    run = IngestRun.objects.get()
    assert (status, location) == (302, f"/runs/{run.pk}/")
    assert [file.name for file in run.files.all()] == ["mainlog", "mainlog.2.gz"]
    assert run.log_host.timezone == "Europe/Madrid"
    assert run.started_by == "helen"
    assert len(stored(storage)) == 2


def test_what_is_stored_is_read_and_then_deleted(
    desk: Client,
    storage: Path,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]],
) -> None:
    post(desk, SimpleUploadedFile("mainlog", TEXT))
    with django_capture_on_commit_callbacks(execute=True):
        for piece_id in pipeline.open_pieces():
            pipeline.work(piece_id)
    assert stored(storage) == []
    file = LogFile.objects.get()
    assert (file.state, file.lines) == ("finished", len(DAY))


def test_what_a_worker_left_that_died_before_it_deleted_goes_with_the_end_of_the_run(
    desk: Client, storage: Path
) -> None:
    post(desk, SimpleUploadedFile("mainlog", TEXT))
    for piece_id in pipeline.open_pieces():
        pipeline.work(piece_id)
    assert len(stored(storage)) == 1  # nothing is committed in this test, so nothing is done after it
    assert pipeline.finish(IngestRun.objects.get().pk)
    assert stored(storage) == []


def test_an_archive_is_unpacked_read_and_deleted(
    desk: Client,
    storage: Path,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]],
) -> None:
    packed = gzip.compress(tar([("exim4/mainlog", TEXT), ("README", b"hello\n")]))
    post(desk, SimpleUploadedFile("logs.tar.gz", packed))
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):  # the archive, then what it holds
            for piece_id in pipeline.open_pieces():
                pipeline.work(piece_id)
    assert stored(storage) == []
    assert [(file.name, file.state, file.lines) for file in LogFile.objects.all()] == [
        ("logs.tar.gz", "unpacked", 0), ("exim4/mainlog", "finished", len(DAY)), ("README", "skipped", 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        (r"C:\logs\mainlog", "mainlog"),
        ("/var/log/exim4/mainlog", "mainlog"),
        ("a\x00b\x1b[31m\u202ec.log", "ab[31mc.log"),
        ("..", "unnamed file"),
        ("", "unnamed file"),
        (None, "unnamed file"),
        ("x" * 500, "x" * 200),
        ("メール.log", "メール.log"),
    ],
)
def test_a_name_is_made_safe_to_show(name: str | None, shown: str) -> None:
    assert safe_name(name) == shown


def test_no_path_is_made_of_a_given_name(desk: Client, storage: Path) -> None:
    post(desk, SimpleUploadedFile("evil<script>.log", TEXT))
    assert all(path.parent == storage / "uploads" for path in stored(storage))
    assert "evil" not in str(stored(storage))


@pytest.mark.parametrize(
    ("files", "fields", "sentence"),
    [
        ([], {}, "Choose at least one log file."),
        ([("mainlog", b"")], {}, "mainlog is empty."),
        ([("good", TEXT), ("mainlog.1", b"")], {}, "mainlog.1 is empty."),
        ([("mainlog", TEXT)], {"log_host": ""}, "Say which log host wrote the files."),
        ([("mainlog", TEXT)], {"log_host": "../x"}, "letters, digits, dots"),
        ([("mainlog", TEXT)], {"timezone": "Mars/Base"}, "There is no time zone named Mars/Base"),
    ],
)
def test_a_bad_form_is_answered_in_one_sentence_and_nothing_stays(
    desk: Client, storage: Path, files: list[tuple[str, bytes]], fields: dict[str, str], sentence: str
) -> None:
    status, html = post(desk, *(SimpleUploadedFile(name, text) for name, text in files), **fields)
    assert status == 422
    assert sentence in html
    assert not IngestRun.objects.exists()
    assert not LogHost.objects.exists()
    assert stored(storage) == []


def test_a_file_that_is_too_large_is_refused(desk: Client, storage: Path, settings: Settings) -> None:
    settings.MAILWATCH_MAX_UPLOAD = 100
    status, html = post(desk, SimpleUploadedFile("mainlog", TEXT))
    assert status == 422
    assert "100\xa0bytes is the most" in html
    assert stored(storage) == []


def test_another_zone_for_a_known_log_host_is_refused(
    desk: Client, ingested: Ingested, storage: Path
) -> None:
    ingested(DAY)
    status, html = post(desk, SimpleUploadedFile("mainlog", TEXT), timezone="Europe/Madrid")
    assert status == 422
    assert "has the zone UTC" in html
    assert stored(storage) == []


def test_without_a_zone_the_log_host_keeps_its_own(desk: Client, ingested: Ingested) -> None:
    ingested(DAY, "srv1", "Europe/Madrid")
    status, _ = post(desk, SimpleUploadedFile("mainlog", TEXT), timezone="")
    assert status == 302


def test_what_was_kept_goes_when_the_run_cannot_be_made(
    db: None, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> IngestRun:
        raise RuntimeError("disk full")

    monkeypatch.setattr(pipeline, "new_run", fail)
    with pytest.raises(RuntimeError):
        operations.start(
            files=[SimpleUploadedFile("mainlog", TEXT)], log_host="srv1", timezone=None, started_by="helen"
        )
    assert stored(storage) == []
    assert not LogHost.objects.exists()


def test_the_page_lists_runs_newest_first(desk: Client, ingested: Ingested) -> None:
    first, second = ingested(DAY), ingested(DAY, "mx2")
    html = desk.get("/uploads/").content.decode()
    assert html.index(f"/runs/{second.pk}/") < html.index(f"/runs/{first.pk}/")


def test_more_runs_are_on_older_pages(desk: Client, db: None) -> None:
    host = LogHost.objects.create(name="srv1")
    IngestRun.objects.bulk_create(IngestRun(log_host=host, state="finished") for _ in range(45))
    seen: list[int] = []
    url: str | None = "/uploads/"
    while url:
        response = desk.get(url)
        page = response.context["page"]
        seen += [view.run.pk for view in page.rows]
        url = f"/runs/?before={page.older}" if page.older else None
        assert ("Older runs" in response.text) == (url is not None)
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 45


def test_the_number_of_queries_does_not_grow_with_the_runs(
    desk: Client, ingested: Ingested, django_assert_max_num_queries: object
) -> None:
    for number in range(5):
        ingested(DAY, f"srv{number}")
    with django_assert_max_num_queries(10):  # type: ignore[operator]
        desk.get("/uploads/")


def test_without_a_login_nothing_is_taken(client: Client, db: None, storage: Path) -> None:
    response = client.post("/uploads/", {"files": [SimpleUploadedFile("mainlog", TEXT)], "log_host": "srv1"})
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/login/")
    assert stored(storage) == []
