"""Addresses that lead inside: sources of this machine, of its own wire, of clouds, and out of what may be read."""

import os
import socket
import threading
from contextlib import suppress
from http.client import HTTPMessage
from io import BytesIO
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request

import pytest
from django.test import Client

from ingest.models import LogHost, Source
from ingest.sources import machines
from ingest.sources.directories import reached
from ingest.sources.places import BadPlace, Credentials, Unreachable, read_place
from mailwatch.abuse import rdap

pytestmark = pytest.mark.django_db

WRITTEN = (
    "127.0.0.1", "127.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001",
    "0", "0.0.0.0", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
    "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "localhost", "LOCALHOST", "localhost.", "mx1.localhost",
    "169.254.169.254",
    "2852039166", "0xa9fea9fe", "[::ffff:169.254.169.254]", "[fe80::1]", "[fd00:ec2::254]", "169.254.0.1",
    "100.100.100.200", "168.63.129.16", "224.0.0.1", "255.255.255.255", "240.0.0.1", "[ff02::1]", "0.1.2.3",
)  # fmt: skip
SCHEMES = (
    "http://mx1.example/", "https://169.254.169.254/latest/meta-data", "ftp://mx1.example/",
    "gopher://mx1.example/",
    "file://mx1.example/var/log", "file:var/log", "file:////etc", "dict://x/", "ssh://log@mx1/", "jar:file:///x!/",
    "zip://*.log::file:///etc", "simplecache::sftp://log@mx1/x", "memory://x", "local:///etc", "reference://x",
    "github://a:b@/", "smb://mx1/x", "hdfs://mx1/", "sftp:log@mx1", "SFTP://log@mx1/a b", "sftp://log@mx1/?x",
    "//mx1/x",
    "\\\\mx1\\x", "", "javascript:alert(1)", "data:,x", "sftp://log@mx1/\x00",
    "file:///var/log/exim4\x00/../../etc",
)  # fmt: skip
OUT = (
    "file:///etc", "file:///", "file:///var/log", "file:///var/log/exim4/../..",
    "file:///var/log/exim4/%2e%2e/%2e%2e/etc",
    "file:///var/log/exim4/..%2f..%2f..%2fetc", "file:///var/log/exim4x", "file:///proc/self", "file:///dev",
    "file:///root",
)  # fmt: skip
CASES = len(WRITTEN) + len(SCHEMES) + len(OUT)


def save(chief: Client, url: str) -> tuple[int, str]:
    LogHost.objects.get_or_create(name="mx1")
    form = {"url": url, "log_host": "mx1", "patterns": "*", "every_minutes": "5", "timezone": ""}
    answer = chief.post("/sources/", form)
    return answer.status_code, answer.content.decode()


@pytest.mark.parametrize("host", WRITTEN)
def test_a_source_on_this_machine_is_refused_in_whatever_form_it_is_written(
    master: Client, host: str
) -> None:
    status, html = save(master, f"sftp://log@{host}/var/log/exim4")
    assert status in (400, 422), html
    assert not Source.objects.exists()


@pytest.mark.parametrize("host", ["10.1.2.3", "192.168.1.9", "[fd12::9]", "mx1.example", "203.0.113.7"])
def test_a_machine_of_the_house_is_none_of_these(host: str) -> None:
    machines.check_written(host.strip("[]"), allowed=())


@pytest.mark.parametrize("url", SCHEMES)
def test_other_kinds_of_addresses_are_refused(master: Client, url: str) -> None:
    status, _ = save(master, url)
    assert status in (400, 422)
    assert not Source.objects.exists()


@pytest.mark.parametrize("url", OUT)
def test_what_is_not_listed_is_not_read(master: Client, url: str) -> None:
    status, html = save(master, url)
    assert status in (400, 422), html
    assert not Source.objects.exists()


@pytest.mark.parametrize("inside", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1%0"])
def test_a_name_that_is_looked_up_inside_is_not_connected_to(
    monkeypatch: pytest.MonkeyPatch, inside: str
) -> None:
    if "%" in inside:
        inside = "fe80::1"
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("203.0.113.7", 0)), (0, 0, 0, "", (inside, 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(BadPlace, match="is this machine"):
        machines.address_of("mx1.example", allowed=())
    assert machines.address_of(
        "mx1.example", allowed=[ip_network(f"{inside}/32" if "." in inside else "::/0")]
    )


def test_what_was_looked_at_is_what_is_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers differently the second time gains nothing."""
    asked: list[str] = []

    def look_up(host: str, *_: object, **__: object) -> list[Any]:
        asked.append(host)
        return [(0, 0, 0, "", ("203.0.113.7" if asked.count("mx1.example") == 1 else "127.0.0.1", 0))]

    connected: list[str] = []

    def connect(host: str, **_: object) -> None:
        connected.append(host)
        raise OSError("enough")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr("sshfs.SSHFileSystem", connect)
    place = read_place("sftp://log@mx1.example/x", schemes=["sftp"])
    with pytest.raises(Unreachable), reached(place, Credentials(host_key=_HOST_KEY)):
        pass
    assert connected == ["203.0.113.7"]


_HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHkRkTqpYBpEFBCDMwjwKEZEC1n0fTDZ0o1HGkZG0RnB"


# ---- links


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    (tmp_path / "secret").write_text("secret\n")
    return tmp_path / "logs"


@pytest.mark.parametrize(
    "target", ["../secret", "/etc/passwd", "../logs/../secret", "/proc/self/environ", "loop"]
)
def test_a_link_out_of_what_may_be_read_is_not_followed(folder: Path, target: str) -> None:
    (folder / "loop" if target == "loop" else folder / "mainlog").symlink_to(target)
    place = read_place(f"file://{folder}", schemes=["file"])
    with reached(place, Credentials(), within=[folder]) as directory:
        assert directory.files(["*"]) == []
        for name in ("mainlog", "loop", "../secret", "../../etc/passwd"):
            with suppress(OSError, BadPlace, RuntimeError), directory.open(name) as file:
                pytest.fail(f"{name} was opened: {file.read(20)!r}")


def test_a_link_that_is_put_there_while_a_file_is_looked_at_shows_nothing_else(folder: Path) -> None:
    """Somebody who may write there exchanges the log for a link, over and over; what is read is the log or nothing."""
    log, other, spare = folder / "mainlog", folder.parent / "secret", folder / "spare"
    log.write_text("log\n")
    stop = threading.Event()

    def exchange() -> None:
        while not stop.is_set():
            spare.symlink_to(other)
            spare.replace(log)
            spare.write_text("log\n")
            spare.replace(log)

    thread = threading.Thread(target=exchange)
    thread.start()
    seen = set()
    try:
        place = read_place(f"file://{folder}", schemes=["file"])
        with reached(place, Credentials(), within=[folder]) as directory:
            for _ in range(int(os.environ.get("MAILWATCH_TEST_RACES", "3000"))):
                with suppress(OSError, BadPlace), directory.open("mainlog") as file:
                    seen.add(file.read())
    finally:
        stop.set()
        thread.join()
    assert seen <= {b"log\n", b""}


def test_a_folder_above_that_becomes_a_link_shows_nothing_else(folder: Path) -> None:
    inner, elsewhere = folder / "inner", folder.parent / "elsewhere"
    inner.mkdir()
    elsewhere.mkdir()
    (inner / "mainlog").write_text("log\n")
    (elsewhere / "mainlog").write_text("secret\n")
    place = read_place(f"file://{inner}", schemes=["file"])
    with reached(place, Credentials(), within=[folder]) as directory:
        inner.rename(folder / "gone")
        inner.symlink_to(elsewhere)
        with pytest.raises((OSError, BadPlace)), directory.open("mainlog") as file:
            pytest.fail(repr(file.read()))


# ---- registries that send on


@pytest.mark.parametrize(
    "target",
    ["https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/x", "https://10.0.0.1/",
    "https://2130706433/",
     "https://localhost/", "http://rdap.example/", "file:///etc/passwd", "ftp://rdap.example/x"],
)  # fmt: skip
def test_a_registry_sends_nobody_inside(target: str) -> None:
    handler = rdap._OnlyHttps()
    request = Request("https://rdap.example.com/ip/192.0.2.1")
    with pytest.raises(URLError):
        handler.redirect_request(request, BytesIO(), 302, "Found", HTTPMessage(), target)
