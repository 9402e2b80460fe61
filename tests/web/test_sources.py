"""Log directories on a page: added, looked at, paused, removed; credentials are never shown."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from ingest import pipeline, syncing, tasks
from ingest.models import IngestRun, LogHost, Source
from ingest.sources import sftp
from ingest.sources.places import Unreachable
from tests.ingest.conftest import finish
from tests.web.conftest import QUIET

TEXT = "".join(f"{line}\n" for line in QUIET).encode()
KEY = asyncssh.generate_private_key("ssh-ed25519")
HOST_KEY = " ".join(KEY.export_public_key().decode().split()[:2])
PRIVATE_KEY = KEY.export_private_key().decode()


@pytest.fixture
def folder(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log directory that sources may be in, a storage of the test's own, and no broker."""
    monkeypatch.setattr(syncing, "QUIET", 0.0)
    monkeypatch.setattr(tasks.sync_source, "delay", lambda **_: None)
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "storage"},
        }
    }
    settings.FILE_UPLOAD_TEMP_DIR = None
    made = tmp_path / "exim4"
    made.mkdir()
    (made / "mainlog").write_bytes(TEXT)
    settings.MAILWATCH_SOURCE_DIRECTORIES = [str(made)]
    return made


@pytest.fixture
def chief(admin: User, client_of: Callable[[User], Client]) -> Client:
    """The browser of the administrator."""
    return client_of(admin)


@pytest.fixture
def source(db: None, folder: Path) -> Source:
    host, _ = pipeline.log_host("srv1", "Europe/Madrid")
    return Source.objects.create(log_host=host, url=f"file://{folder}")


@pytest.fixture
def remote(db: None, folder: Path) -> Source:
    host, _ = pipeline.log_host("mx1", "UTC")
    made = Source(log_host=host, url="sftp://log@mx1.example/var/log/exim4")
    made.set_password("hunter2")
    made.save()
    return made


def fields(**changes: Any) -> dict[str, Any]:
    return {"log_host": "srv1", "patterns": "*log*", "every_minutes": "5", **changes}


def state_of(chief: Client, source: Source) -> str:
    """The state as the page shows it, with what makes the page look again."""
    html = html_of(chief.get(f"/sources/{source.pk}/"))
    state = html.partition('role="status">')[2].partition("<")[0]
    assert (state in ("looking", "reading")) == ('hx-trigger="every 2s"' in html)
    return state


def html_of(response: Any) -> str:
    return str(response.content.decode())


def test_a_source_is_added_and_read(chief: Client, folder: Path) -> None:
    response = chief.post("/sources/", fields(url=f"file://{folder}", timezone="Europe/Madrid"))
    made = Source.objects.get()
    assert (response.status_code, response.headers["Location"]) == (302, f"/sources/{made.pk}/")
    assert made.log_host.timezone == "Europe/Madrid"
    assert syncing.due() == [made.pk]
    done = syncing.sync(made.pk)
    assert done is not None
    assert (done.files, done.error) == (1, "")
    assert "reading" in state_of(chief, made)  # and the page looks again, until the last line is known
    finish(done.runs[0])
    assert "up to date" in state_of(chief, made)
    html = html_of(chief.get(f"/sources/{made.pk}/"))
    assert "mainlog" in html
    assert f"/runs/{done.runs[0].pk}/" in html


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"url": ""}, "Say where the directory is."),
        ({"url": "file:///etc"}, "not in a directory that may be read"),
        ({"url": "sftp://log:hunter2@mx1/"}, "into its own field"),
        ({"log_host": "../x"}, "letters, digits, dots"),
        ({"timezone": "Mars/Base"}, "There is no time zone named Mars/Base"),
        ({"every_minutes": "0"}, "too small: 1 is the least."),
        ({"private_key": "nonsense"}, "This is no private key"),
        ({"host_key": "nonsense"}, "This is no host key"),
        ({"patterns": ""}, "Say which files are logs"),
    ],
)
def test_a_bad_form_is_answered_in_one_sentence(
    chief: Client, folder: Path, changes: dict[str, str], sentence: str
) -> None:
    response = chief.post("/sources/", fields(**{"url": f"file://{folder}", **changes}))
    assert response.status_code == 422
    assert sentence in html_of(response)
    assert not Source.objects.exists()
    assert not LogHost.objects.exists()


def test_credentials_are_never_shown_again(chief: Client, remote: Source) -> None:
    bad = fields(
        url=remote.url, log_host="mx1", every_minutes="x", password="swordfish", private_key=PRIVATE_KEY
    )
    pages = [
        chief.get("/sources/"),
        chief.get(f"/sources/{remote.pk}/"),
        chief.post(f"/sources/{remote.pk}/", bad),
        chief.post("/sources/", bad),
    ]
    for page in pages:
        assert "hunter2" not in html_of(page)
        assert "swordfish" not in html_of(page)
        assert "PRIVATE KEY-----" not in html_of(page)
        assert remote.sealed_password not in html_of(page)


def test_an_empty_field_keeps_the_credentials_and_another_machine_never_gets_them(
    chief: Client, remote: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sftp, "offered_key", lambda place: HOST_KEY)
    Source.objects.update(host_key=HOST_KEY)
    chief.post(f"/sources/{remote.pk}/", fields(url=remote.url, log_host="mx1", every_minutes="9"))
    kept = Source.objects.get()
    assert (kept.sealed_password, kept.host_key, kept.every_minutes) == (remote.sealed_password, HOST_KEY, 9)
    for url in ("sftp://log@evil.example/x", "sftp://root@mx1.example/var/log/exim4"):
        chief.post(f"/sources/{remote.pk}/", fields(url=url, log_host="mx1"))
        moved = Source.objects.get()
        assert (moved.url, moved.sealed_password, moved.host_key) == (url, "", "")


def test_a_host_key_is_shown_compared_and_confirmed(
    chief: Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sftp, "offered_key", lambda place: HOST_KEY)
    chief.post("/sources/", fields(url="sftp://log@mx1.example/x", password="hunter2"))
    made = Source.objects.get()
    html = html_of(chief.get(f"/sources/{made.pk}/"))
    assert "host key to confirm" in html
    assert sftp.fingerprint(HOST_KEY) in html
    chief.post(f"/sources/{made.pk}/host-key/confirm/", {"fingerprint": "SHA256:another"})
    assert Source.objects.get().host_key == ""
    chief.post(f"/sources/{made.pk}/host-key/confirm/", {"fingerprint": sftp.fingerprint(HOST_KEY)})
    assert Source.objects.get().host_key == HOST_KEY
    assert "Confirmed:" in html_of(chief.get(f"/sources/{made.pk}/"))


def test_a_server_that_is_away_when_its_key_is_asked_for(
    chief: Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(place: object) -> str:
        raise Unreachable("mx1.example did not answer within 20 seconds.")

    monkeypatch.setattr(sftp, "offered_key", away)
    response = chief.post("/sources/", fields(url="sftp://log@mx1.example/x"), follow=True)
    assert "did not answer within 20 seconds" in html_of(response)
    assert "Ask the server for its key" in html_of(response)


def test_sync_now_pause_go_on_and_remove(chief: Client, source: Source) -> None:
    syncing.sync(source.pk)
    assert syncing.due() == []
    assert chief.post(f"/sources/{source.pk}/sync/").status_code == 302
    assert syncing.due() == [source.pk]
    chief.post(f"/sources/{source.pk}/pause/", {"paused": "yes"})
    assert syncing.due() == []
    assert "paused" in html_of(chief.get("/sources/"))
    chief.post(f"/sources/{source.pk}/pause/", {"paused": "no"})
    assert syncing.due() == [source.pk]
    chief.post(f"/sources/{source.pk}/again/")
    again = syncing.sync(source.pk)
    assert again is not None
    assert again.files == 1
    chief.post(f"/sources/{source.pk}/remove/")
    assert not Source.objects.exists()
    assert IngestRun.objects.exists()


def test_the_helpdesk_sees_and_syncs_and_changes_nothing(desk: Client, source: Source) -> None:
    assert "Add a source" not in html_of(desk.get("/sources/"))
    page = html_of(desk.get(f"/sources/{source.pk}/"))
    assert "Sync now" in page
    assert "Change it" not in page
    for path in ("", "pause/", "remove/", "again/", "host-key/", "host-key/confirm/"):
        assert desk.post(f"/sources/{source.pk}/{path}", fields(url="file:///x")).status_code == 403
    assert desk.post("/sources/", fields(url="file:///x")).status_code == 403
    assert desk.post(f"/sources/{source.pk}/sync/").status_code == 302
    assert Source.objects.get().url == source.url


def test_without_a_login_nothing_is_shown(client: Client, source: Source) -> None:
    for path in ("/sources/", f"/sources/{source.pk}/"):
        assert client.get(path).headers["Location"].startswith("/login/")


def test_errors_and_hostile_names_are_shown_harmless(desk: Client, source: Source, folder: Path) -> None:
    (folder / "mainlog<script>.1").write_bytes(b"7z\xbc\xaf\x27\x1c" + b"\0" * 600)
    syncing.sync(source.pk)
    html = html_of(desk.get(f"/sources/{source.pk}/"))
    assert "failed" in html
    assert "7-Zip" in html
    assert "<script>.1" not in html


def test_a_part_of_the_page_looks_again_while_a_pass_is_under_way(desk: Client, source: Source) -> None:
    Source.objects.update(lease_until="2999-01-01T00:00Z")
    part = html_of(desk.get(f"/sources/{source.pk}/?in=list", headers={"HX-Request": "true"}))
    assert part.lstrip().startswith("<article")
    assert 'hx-trigger="every 2s"' in part
    assert "looking" in part


def test_a_source_that_is_not_there(desk: Client, db: None) -> None:
    assert desk.get("/sources/99/").status_code == 404
    assert desk.post("/sources/99/sync/").status_code == 404


def test_the_number_of_queries_does_not_grow_with_the_sources(
    desk: Client, source: Source, folder: Path, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        host = LogHost.objects.create(name=f"mx{number}")
        syncing.sync(Source.objects.create(log_host=host, url=source.url).pk)
    with django_assert_max_num_queries(8):
        desk.get("/sources/")
