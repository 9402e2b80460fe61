"""The commands of ingest, in the shapes that scripts rely on."""

import gzip
import io
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ingest.models import LogHost, Message, StoredConfiguration, Suspect
from tests.conftest import SHARED
from tests.ingest.conftest import SAMPLES
from tests.ingest.packing import ENCRYPTED, MAINLOG, OLDER, TEXT, tar

SEED = SHARED / "samples" / "seed"
needs_seed = pytest.mark.skipif(not SEED.is_dir(), reason="shared samples are not here")

COUNTS = {"lines", "new_lines", "duplicate_lines", "unparsed_lines", "set_aside_lines"}


def run(*arguments: str, **options: Any) -> Any:
    """The JSON document that a command prints, which is all it prints."""
    out = io.StringIO()
    call_command(*arguments, json=True, stdout=out, stderr=io.StringIO(), **options)
    return json.loads(out.getvalue())


@pytest.mark.django_db(transaction=True)
def test_pipes_with_a_name_are_read_like_standard_input(tmp_path: Path) -> None:
    text = (SAMPLES / "srv1" / "mainlog").read_bytes()
    pipes = [tmp_path / name for name in ("63", "64")]
    for pipe in pipes:
        os.mkfifo(pipe)
        threading.Thread(target=pipe.write_bytes, args=[text]).start()
    told = run("ingest", *map(str, pipes), log_host="srv1", timezone="Europe/Madrid")
    assert (told["lines"], told["new_lines"]) == (1330, 665)


@pytest.mark.django_db(transaction=True)
def test_ingest_says_what_it_read(tmp_path: Path) -> None:
    path = str(SAMPLES / "srv1" / "mainlog")
    first = run("ingest", path, log_host="srv1", timezone="Europe/Madrid")
    again = run("ingest", path, log_host="srv1")
    assert set(first) == COUNTS | {"files", "messages", "deliveries", "seconds", "peak_memory"}
    assert set(first["files"][0]) == COUNTS | {"name", "error", "state", "archive"}
    assert (first["lines"], first["new_lines"], first["files"][0]["name"]) == (665, 665, "mainlog")
    assert (again["new_lines"], again["duplicate_lines"], again["messages"]) == (0, 665, 0)
    assert first["messages"] == Message.objects.exclude(received_at=None).count()


@pytest.mark.django_db(transaction=True)
def test_several_files_are_read_in_several_processes() -> None:
    paths = [str(path) for path in sorted((SAMPLES / "mx2").glob("mainlog*"))]
    told = run("ingest", *paths, log_host="mx2", timezone="UTC")
    assert (told["lines"], told["messages"], told["deliveries"]) == (3203, 560, 645)
    assert [file["error"] for file in told["files"]] == [None] * len(paths)


@pytest.mark.django_db(transaction=True)
def test_standard_input_is_a_file_like_others(monkeypatch: pytest.MonkeyPatch) -> None:
    text = gzip.compress(b"2026-03-02 10:00:09 1vwz8C-00000000001-0001 Completed\n")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    told = run("ingest", "-", log_host="srv1")
    assert [file["name"] for file in told["files"]] == ["standard input"]
    assert told["new_lines"] == 1


@pytest.mark.django_db(transaction=True)
def test_an_archive_on_standard_input_is_unpacked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    packed = gzip.compress(tar([("exim4/mainlog", MAINLOG), ("README", TEXT), ("mainlog.2", OLDER)]))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(packed)))
    told = run("ingest", "-", log_host="srv1", timezone="Europe/Madrid")
    assert [(file["name"], file["archive"], file["state"], file["lines"]) for file in told["files"]] == [
        ("standard input", None, "unpacked", 0),
        ("exim4/mainlog", "standard input", "finished", 665),
        ("README", "standard input", "skipped", 0),
        ("mainlog.2", "standard input", "finished", len(OLDER.splitlines())),
    ]
    assert told["lines"] == told["new_lines"] == 665 + len(OLDER.splitlines())


@pytest.mark.django_db(transaction=True)
def test_what_an_archive_holds_beside_logs_is_told_and_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "logs.tar"
    path.write_bytes(tar([("mainlog", MAINLOG), *((f"notes-{number}", TEXT) for number in range(30))]))
    out = io.StringIO()
    call_command("ingest", str(path), log_host="srv1", stdout=out, stderr=io.StringIO())
    assert "30 members of archives were skipped, being no Exim logs." in out.getvalue()
    assert "  notes-0: This is not an Exim log" in out.getvalue()
    assert "And 10 more; --json lists all." in out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_a_member_that_is_refused_is_an_error_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "logs.tar"
    path.write_bytes(tar([("mainlog", MAINLOG), ("secret.zip", ENCRYPTED)]))
    with pytest.raises(CommandError, match=r"^secret\.zip/mainlog: It is encrypted;"):
        call_command("ingest", str(path), log_host="srv1", stdout=io.StringIO(), stderr=io.StringIO())
    assert Message.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("content", "sentence"), [(b"", "The file is empty."), (b"hello\n", "This is not an Exim log")]
)
def test_a_refused_file_is_an_error_with_its_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "mail.log"
    path.write_bytes(content)
    with pytest.raises(CommandError, match=sentence) as caught:
        call_command("ingest", str(path), log_host="srv1", stdout=io.StringIO(), stderr=io.StringIO())
    assert str(caught.value).startswith("mail.log: ")
    assert "\n" not in str(caught.value)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "sentence"), [("/nowhere", "No such file or directory"), ("/tmp", "is a directory")]
)
def test_a_path_that_is_no_file_makes_no_log_host(path: str, sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("ingest", path, log_host="srv1", stdout=io.StringIO(), stderr=io.StringIO())
    assert not LogHost.objects.exists()


@pytest.mark.django_db
def test_log_host_is_made_and_changed(tmp_path: Path) -> None:
    configuration = tmp_path / "exim.conf"
    configuration.write_text(
        "hide mysql_servers = localhost/mail/exim/secret123\nprimary_hostname = mx.example.org\n"
    )
    options = {
        "local_domain": ["Example.ORG"],
        "trusted_network": ["192.0.2.7/24"],
        "config": [configuration],
    }
    told = run("log_host", "srv1", timezone="Europe/Madrid", **options)
    assert told["timezone"] == "Europe/Madrid"
    assert (told["local_domains"], told["trusted_networks"]) == (["example.org"], ["192.0.2.0/24"])
    stored = StoredConfiguration.objects.get()
    assert "secret123" not in stored.text
    assert "mysql_servers = localhost/mail/exim/" in stored.text


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"timezone": "Mars/Olympus"}, "There is no time zone named Mars/Olympus"),
        ({"trusted_network": ["everyone"]}, "everyone"),
        ({"config": [Path("/nowhere")]}, "No such file"),
    ],
)
def test_log_host_refuses_what_cannot_be(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("log_host", "srv1", stdout=io.StringIO(), **options)
    assert not LogHost.objects.exists()


@needs_seed
@pytest.mark.django_db(transaction=True)
def test_the_configuration_settles_what_the_log_leaves_open() -> None:
    run("ingest", str(SEED / "mainlog"), log_host="srv1", timezone="Europe/Madrid")
    assert run("relays", log_host="srv1")["verdict"]["broken_authenticator"] == "suspected"
    run("log_host", "srv1", config=[SEED / "exim-bP.txt", SEED / "plain-authenticator.as-found.txt"])
    report = run("relays", log_host="srv1")
    assert report["verdict"]["broken_authenticator"] == "yes"
    assert [suspect["value"] for suspect in report["suspects"]] == ["129.137.152.170"]
    assert Suspect.objects.get().message_ids == ["1adXzZ-0007sb-Pz"]


@pytest.mark.django_db(transaction=True)
def test_reclassify_and_rebuild_give_what_was_there() -> None:
    run("ingest", str(SAMPLES / "srv1" / "mainlog"), log_host="srv1", timezone="Europe/Madrid")
    before = run("relays", log_host="srv1")
    for command in ("reclassify", "rebuild"):
        Suspect.objects.all().delete()
        out = io.StringIO()
        call_command(command, stdout=out)
        assert out.getvalue().startswith("srv1: ")
        assert run("relays", log_host="srv1") == before


def test_other_log_hosts_are_unknown(db: None) -> None:
    with pytest.raises(CommandError, match="There is no log host mx9"):
        call_command("rebuild", log_host="mx9")
