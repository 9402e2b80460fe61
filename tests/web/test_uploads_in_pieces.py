"""Files that arrive in pieces: what was sent is kept, sent once, and its owner's alone."""

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from ingest import pipeline, stored_files
from ingest.models import IngestRun, LogFile, LogHost
from ingest.stored_files import Part
from mailwatch.models import Upload, UploadPiece
from mailwatch.operations import uploads as operations
from tests.ingest.packing import tar
from tests.web.conftest import Ingested
from tests.web.logs import DAY

TEXT = "".join(f"{line}\n" for line in DAY).encode()
PIECE = 500

type OnCommit = Callable[..., AbstractContextManager[object]]


@pytest.fixture(autouse=True)
def storage(settings: Settings, tmp_path: Path) -> Path:
    """A file storage of the test's own, and small pieces."""
    folder = tmp_path / "storage"
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": folder},
        }
    }
    settings.MAILWATCH_UPLOAD_PIECE = PIECE
    return folder


@pytest.fixture(autouse=True)
def _commits(django_capture_on_commit_callbacks: OnCommit) -> Iterator[None]:
    """Bytes are deleted, and pieces queued, when a transaction has committed."""
    yield


def stored(folder: Path) -> list[bytes]:
    return sorted(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def begin(desk: Client, text: bytes = TEXT, name: str = "mainlog", **fields: str) -> dict[str, Any]:
    form = {"name": name, "size": len(text), "fingerprint": "0a" * 16, "log_host": "srv1", "timezone": "UTC"}
    response = desk.post("/uploads/begin/", form | fields)
    return {"status": response.status_code, **response.json()}


def put(desk: Client, begun: dict[str, Any], offset: int, piece: bytes) -> tuple[int, int | None]:
    """Status, and where the next piece begins."""
    response = desk.put(f"{begun['url']}?offset={offset}", piece, content_type="application/octet-stream")
    is_json = response.headers["Content-Type"] == "application/json"
    return response.status_code, response.json().get("arrived") if is_json else None


def send(desk: Client, begun: dict[str, Any], text: bytes = TEXT, until: int | None = None) -> None:
    for offset in range(begun["arrived"], len(text) if until is None else until, PIECE):
        assert put(desk, begun, offset, text[offset : offset + PIECE])[0] == 200


def finish(desk: Client, *begun: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    response = desk.post("/uploads/finish/", {"id": [one["id"] for one in begun]})
    return response.status_code, response.json()


def read(run: IngestRun) -> None:
    for _ in range(2):  # archives, then what they hold
        for piece_id in pipeline.open_pieces(run):
            pipeline.work(piece_id)
    pipeline.finish(run.pk)


def test_pieces_become_a_run_that_reads_what_the_file_had(
    desk: Client, storage: Path, django_capture_on_commit_callbacks: OnCommit
) -> None:
    begun = begin(desk, timezone="Europe/Madrid")
    assert (begun["status"], begun["arrived"], begun["piece_size"]) == (200, 0, PIECE)
    send(desk, begun)
    status, answer = finish(desk, begun)
    run = IngestRun.objects.get()
    assert (status, answer["run"]) == (200, f"/runs/{run.pk}/")
    assert (run.started_by, run.log_host.timezone) == ("helen", "Europe/Madrid")
    file = run.files.get()
    assert (file.name, file.size, file.is_upload) == ("mainlog", len(TEXT), True)
    with stored_files.opened(file.path) as opened:
        assert opened.read() == TEXT
    with django_capture_on_commit_callbacks(execute=True):
        read(run)
    file.refresh_from_db()
    assert (file.state, file.lines) == ("finished", len(DAY))
    assert stored(storage) == []


def test_several_files_become_one_run(desk: Client) -> None:
    first = begin(desk, fingerprint="01" * 16)
    second = begin(desk, TEXT[:700], name="mainlog.1", fingerprint="02" * 16)
    send(desk, second, TEXT[:700])
    send(desk, first)
    status, _ = finish(desk, second, first)
    assert status == 200
    assert [file.name for file in IngestRun.objects.get().files.all()] == ["mainlog", "mainlog.1"]


def test_an_archive_in_pieces_is_unpacked(
    desk: Client, storage: Path, django_capture_on_commit_callbacks: OnCommit
) -> None:
    packed = tar([("exim4/mainlog", TEXT), ("README", b"hello\n")])
    begun = begin(desk, packed, name="logs.tar")
    send(desk, begun, packed)
    finish(desk, begun)
    with django_capture_on_commit_callbacks(execute=True):
        read(IngestRun.objects.get())
    assert {file.name: file.state for file in LogFile.objects.all()} == {
        "logs.tar": "unpacked", "exim4/mainlog": "finished", "README": "skipped",
    }  # fmt: skip
    assert stored(storage) == []


def test_the_same_file_chosen_again_goes_on_where_it_was(desk: Client) -> None:
    begun = begin(desk)
    send(desk, begun, until=PIECE)
    again = begin(desk, log_host="mx2")
    assert (again["id"], again["arrived"]) == (begun["id"], PIECE)
    send(desk, again)
    finish(desk, again)
    assert IngestRun.objects.get().log_host.name == "mx2"


def test_how_much_there_is_can_be_asked(desk: Client, client: Client) -> None:
    begun = begin(desk)
    send(desk, begun, until=PIECE)
    assert desk.get(begun["url"]).json() == {"arrived": PIECE}
    assert client.get(begun["url"]).status_code == 302


def test_another_file_or_another_person_begins_anew(
    desk: Client, admin: User, client_of: Callable[[User], Client]
) -> None:
    begun = begin(desk)
    assert begin(desk, TEXT + b"x")["id"] != begun["id"]
    assert begin(desk, fingerprint="0b" * 16)["id"] != begun["id"]
    assert begin(client_of(admin))["id"] != begun["id"]


def test_a_piece_that_came_twice_counts_once(desk: Client) -> None:
    begun = begin(desk)
    assert put(desk, begun, 0, TEXT[:PIECE]) == (200, PIECE)
    assert put(desk, begun, 0, TEXT[:PIECE]) == (200, PIECE)
    assert UploadPiece.objects.count() == 1


@pytest.mark.parametrize("offset", [PIECE // 2, PIECE + 1, 2 * PIECE])
def test_a_piece_out_of_place_is_told_the_right_one(desk: Client, storage: Path, offset: int) -> None:
    begun = begin(desk)
    put(desk, begun, 0, TEXT[:PIECE])
    assert put(desk, begun, offset, b"x" * PIECE) == (409, PIECE)
    assert stored(storage) == [TEXT[:PIECE]]


def test_of_two_who_send_one_piece_at_once_one_is_too_late(desk: Client, storage: Path) -> None:
    begun = begin(desk)
    seen_by_both = Upload.objects.get()
    put(desk, begun, 0, TEXT[:PIECE])
    with pytest.raises(operations.OutOfPlace) as late:
        operations.receive(seen_by_both, offset=0, piece=TEXT[:PIECE], at=now())
    assert late.value.arrived == PIECE
    assert stored(storage) == [TEXT[:PIECE]]


def test_more_than_was_announced_is_not_taken(desk: Client, storage: Path) -> None:
    begun = begin(desk, TEXT[:100])
    assert put(desk, begun, 0, TEXT[:101]) == (409, 0)
    assert put(desk, begin(desk), 0, b"x" * (PIECE + 1))[0] == 413
    assert stored(storage) == []


@pytest.mark.parametrize("query", ["", "?offset=-1", "?offset=x", "?offset=99999999999999999999"])
def test_a_piece_needs_a_place(desk: Client, query: str) -> None:
    begun = begin(desk)
    response = desk.put(f"{begun['url']}{query}", b"x", content_type="application/octet-stream")
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"size": "0"}, "mainlog is empty. Nothing was stored."),
        ({"size": "101", "name": "../a/b"}, "b has 101\xa0bytes; 100\xa0bytes is the most."),
        ({"log_host": ""}, "Say which log host wrote the files."),
        ({"timezone": "Mars/Base"}, "There is no time zone named Mars/Base"),
    ],
)
def test_a_file_that_would_be_refused_is_refused_before_it_is_sent(
    desk: Client, settings: Settings, fields: dict[str, str], sentence: str
) -> None:
    settings.MAILWATCH_MAX_UPLOAD = 100
    begun = begin(desk, TEXT[:100], **fields)
    assert begun["status"] == 422
    assert sentence in begun["error"]
    assert not Upload.objects.exists()
    assert not LogHost.objects.exists()


def test_another_zone_for_a_known_log_host_is_refused_before_anything_is_sent(
    desk: Client, ingested: Ingested
) -> None:
    ingested(DAY)
    begun = begin(desk, timezone="Europe/Madrid")
    assert (begun["status"], "has the zone UTC" in begun["error"]) == (422, True)


def test_only_its_owner_reaches_an_upload(
    desk: Client, admin: User, client_of: Callable[[User], Client], storage: Path
) -> None:
    begun = begin(desk)
    send(desk, begun)
    other = client_of(admin)
    assert put(other, begun, 0, TEXT[:PIECE])[0] == 404
    assert other.get(begun["url"]).status_code == 404
    assert finish(other, begun)[0] == 422
    other.post(begun["discard_url"])
    assert "Unfinished uploads" not in other.get("/uploads/").text
    assert Upload.objects.get().arrived == len(TEXT)


def test_without_a_login_nothing_is_taken(client: Client, desk: Client, storage: Path) -> None:
    begun = begin(desk)
    assert client.post("/uploads/begin/", {}).status_code == 302
    assert put(client, begun, 0, TEXT[:PIECE])[0] == 302
    assert stored(storage) == []


def test_what_is_not_whole_is_not_read(desk: Client) -> None:
    begun = begin(desk)
    send(desk, begun, until=PIECE)
    assert finish(desk, begun) == (422, {"error": "An upload is not whole yet."})
    assert finish(desk)[0] == 422
    assert desk.post("/uploads/finish/", {"id": "x"}).status_code == 422
    assert not IngestRun.objects.exists()


def test_handing_over_twice_gives_the_same_run(desk: Client) -> None:
    begun = begin(desk)
    send(desk, begun)
    assert finish(desk, begun) == finish(desk, begun)
    assert IngestRun.objects.count() == 1
    assert put(desk, begun, 0, TEXT[:PIECE])[0] == 404


def test_a_file_that_was_read_is_sent_anew_when_it_is_chosen_again(desk: Client) -> None:
    begun = begin(desk)
    send(desk, begun)
    finish(desk, begun)
    assert begin(desk)["arrived"] == 0


def test_what_is_discarded_is_gone(
    desk: Client, storage: Path, django_capture_on_commit_callbacks: OnCommit
) -> None:
    begun = begin(desk)
    send(desk, begun, until=2 * PIECE)
    assert "Discard" in desk.get("/uploads/").text
    with django_capture_on_commit_callbacks(execute=True):
        assert desk.post(begun["discard_url"]).status_code == 302
    assert stored(storage) == []
    assert "Unfinished uploads" not in desk.get("/uploads/").text
    assert put(desk, begun, 2 * PIECE, TEXT[2 * PIECE : 3 * PIECE])[0] == 404


def test_discarding_what_was_handed_over_leaves_the_run_its_bytes(
    desk: Client, django_capture_on_commit_callbacks: OnCommit
) -> None:
    begun = begin(desk)
    send(desk, begun)
    finish(desk, begun)
    with django_capture_on_commit_callbacks(execute=True):
        desk.post(begun["discard_url"])
    with stored_files.opened(LogFile.objects.get().path) as opened:
        assert opened.read() == TEXT


def test_after_a_reload_the_page_lists_what_is_unfinished(desk: Client) -> None:
    send(desk, begin(desk, log_host="mx7", timezone="Europe/Madrid"), until=PIECE)
    html = desk.get("/uploads/").text
    assert "choose the file again to go on" in html
    assert 'value="mx7"' in html and 'value="Europe/Madrid"' in html


def test_a_whole_upload_is_read_without_script(desk: Client) -> None:
    begun = begin(desk)
    send(desk, begun)
    assert "Read it" in desk.get("/uploads/").text
    response = desk.post("/uploads/finish/", {"id": begun["id"], "from": "form"})
    assert response.headers["Location"] == f"/runs/{IngestRun.objects.get().pk}/"
    again = desk.post("/uploads/finish/", {"id": str(uuid4()), "from": "form"}, follow=True)
    assert "An upload is gone" in again.text


def test_what_nobody_goes_on_with_is_thrown_away(
    desk: Client, helpdesk: User, storage: Path, settings: Settings,
    django_capture_on_commit_callbacks: OnCommit,
) -> None:  # fmt: skip
    settings.MAILWATCH_UPLOAD_EXPIRES = 48
    send(desk, begin(desk), until=2 * PIECE)
    with django_capture_on_commit_callbacks(execute=True):
        assert operations.discard_expired(at=now() + timedelta(hours=47)) == 0
        assert operations.discard_expired(at=now() + timedelta(hours=49)) == 1
    assert stored(storage) == []
    send(desk, begin(desk), until=2 * PIECE)
    helpdesk.delete()
    with django_capture_on_commit_callbacks(execute=True):
        assert operations.discard_expired(at=now()) == 1
    assert stored(storage) == []


def test_a_piece_whose_writer_died_is_no_part_of_the_file(
    desk: Client, storage: Path, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: OnCommit
) -> None:
    monkeypatch.setattr(operations, "_wake", lambda run: None)  # there is no broker
    begun = begin(desk)

    def die(*_: object) -> int:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(operations, "_append", die)
        with pytest.raises(SystemExit):
            put(desk, begun, 0, b"?" * PIECE)
    send(desk, begun)
    with django_capture_on_commit_callbacks(execute=True):
        finish(desk, begun)
    with stored_files.opened(LogFile.objects.get().path) as opened:
        assert opened.read() == TEXT
    assert b"?" * PIECE not in stored(storage)


def test_uploads_are_kept_where_the_setting_says_so(
    desk: Client, settings: Settings, django_capture_on_commit_callbacks: OnCommit
) -> None:
    settings.MAILWATCH_KEEP_UPLOADS = True
    begun = begin(desk)
    send(desk, begun)
    finish(desk, begun)
    with django_capture_on_commit_callbacks(execute=True):
        read(IngestRun.objects.get())
    with stored_files.opened(LogFile.objects.get().path) as opened:
        assert opened.read() == TEXT


@pytest.mark.parametrize("seed", range(5))
def test_parts_read_as_the_whole(seed: int) -> None:
    chance = random.Random(seed)
    whole = chance.randbytes(chance.randint(1, 3000))
    cuts = sorted({0, len(whole), *(chance.randint(0, len(whole)) for _ in range(chance.randint(0, 9)))})
    parts = [
        Part(default_storage.save(f"part-{start}", ContentFile(whole[start:end])), end - start)
        for start, end in pairwise(cuts)
    ]
    path = stored_files.join("whole", parts)
    with stored_files.opened(path) as opened:
        assert opened.read() == whole
        for _ in range(50):
            place, size = chance.randint(0, len(whole)), chance.randint(0, 400)
            opened.seek(place)
            assert opened.read(size) == whole[place : place + size]
            assert opened.tell() == min(place + size, len(whole))
        assert opened.seek(0, 2) == len(whole)
    stored_files.delete(path)
    assert not any(default_storage.exists(part.path) for part in parts)
    stored_files.delete(path)  # once more changes nothing
