"""Sources on other machines, read from a real OpenSSH server."""

import gzip
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import asyncssh
import pytest
from pytest_django.fixtures import Settings

from ingest import syncing
from ingest.models import LogHost, LogPage, Source
from ingest.sources import sftp
from ingest.sources.places import BadPlace
from tests.ingest.conftest import SAMPLES, finish
from tests.ingest.openssh import SSHD, Server, openssh

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("storage"),
    pytest.mark.skipif(SSHD is None, reason="sshd is not here"),
]

TEXT = (SAMPLES / "srv1" / "mainlog").read_bytes()


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    settings.MAILWATCH_SOURCE_NETWORKS = [ip_network("127.0.0.0/8")]
    with openssh() as started:
        yield started


@pytest.fixture
def source(srv1: LogHost, server: Server, monkeypatch: pytest.MonkeyPatch) -> Source:
    monkeypatch.setattr(syncing, "QUIET", 0.0)
    made = Source(log_host=srv1, url=server.url, host_key=server.host_key)
    made.set_private_key(server.private_key)
    made.save()
    return made


def synced(source: Source) -> tuple[int, int, str]:
    """A pass and its runs: lines read, lines of them that were new, and the error."""
    done = syncing.sync(source.pk)
    assert done is not None
    for run in done.runs:
        finish(run)
    files = [file for run in done.runs for file in run.files.all()]
    return sum(file.lines for file in files), sum(file.new_lines for file in files), done.error


def test_a_log_is_read_as_it_grows_and_is_rotated_there(source: Source, server: Server) -> None:
    half = TEXT.index(b"\n", len(TEXT) // 2) + 1
    log = server.folder / "mainlog"
    log.write_bytes(TEXT[:half])
    first = synced(source)
    (server.folder / "mainlog.1").write_bytes(TEXT)
    log.write_bytes(b"")
    second = synced(source)
    (server.folder / "mainlog.2.gz").write_bytes(gzip.compress(TEXT))
    (server.folder / "mainlog.1").unlink()
    third = synced(source)
    assert first == (TEXT[:half].count(b"\n"),) * 2 + ("",)
    assert second == (TEXT[half:].count(b"\n"),) * 2 + ("",)
    assert third == (0, 0, "")


def test_a_server_with_another_host_key_is_sent_nothing(source: Source, server: Server) -> None:
    (server.folder / "mainlog").write_bytes(TEXT)
    server.change_host_key()
    lines, _, error = synced(source)
    assert lines == 0
    assert "another host key than the one that was confirmed" in error
    assert error.count(".") == 4 + 0  # 127.0.0.1 and one sentence
    said = (server.place / "said").read_text()
    assert "Accepted" not in said


def test_nothing_is_read_before_the_host_key_is_confirmed(source: Source, server: Server) -> None:
    Source.objects.update(host_key="")
    assert "is not confirmed yet" in synced(source)[2]
    assert "Accepted" not in (server.place / "said").read_text()


def test_the_key_that_a_server_shows_and_its_fingerprint(server: Server) -> None:
    place = syncing.place_of(server.url)
    assert sftp.offered_key(place) == server.host_key
    assert sftp.fingerprint(server.host_key).startswith("SHA256:")
    assert sftp.fingerprint(server.host_key).endswith("(ED25519)")


def test_a_key_that_is_not_let_in_is_one_sentence(source: Source, server: Server) -> None:
    source.set_private_key(asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode())
    source.save()
    assert "does not let" in synced(source)[2]


def test_a_server_that_is_away_is_one_sentence_and_nothing_is_lost(source: Source, server: Server) -> None:
    (server.folder / "mainlog").write_bytes(TEXT)
    server.stop()
    assert "could not be reached" in synced(source)[2]
    server.start()
    lines, new, error = synced(source)
    assert (lines, error) == (TEXT.count(b"\n"), "")
    assert new == lines
    assert LogPage.objects.exists()


def test_a_directory_that_is_not_there_is_one_sentence(source: Source) -> None:
    Source.objects.update(url=source.url + "/nowhere")
    assert synced(source)[2].startswith("There is no directory ")


def test_a_file_that_may_not_be_read_does_not_hold_up_the_others(source: Source, server: Server) -> None:
    (server.folder / "mainlog").write_bytes(TEXT)
    secret = server.folder / "mainlog.1"
    secret.write_bytes(TEXT)
    secret.chmod(0)
    lines, _, error = synced(source)
    assert lines == TEXT.count(b"\n")
    assert error.startswith("mainlog.1: ")
    assert "denied" in error.lower()


@pytest.mark.parametrize(
    "text",
    ["{key}", "mx1 {key}", "{key} root@mx1", "|1|abc=|def= {key}\n"],
)
def test_host_keys_are_taken_as_files_have_them(server: Server, text: str) -> None:
    assert sftp.read_host_key(text.format(key=server.host_key)) == server.host_key


def test_what_is_no_key_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadPlace, match="no host key"):
        sftp.read_host_key("ssh-ed25519 nonsense")
    with pytest.raises(BadPlace, match="no private key"):
        sftp.check_private_key("nonsense")
    key = asyncssh.generate_private_key("ssh-ed25519")
    with pytest.raises(BadPlace, match="passphrase"):
        sftp.check_private_key(key.export_private_key("pkcs8-pem", passphrase="x").decode())
