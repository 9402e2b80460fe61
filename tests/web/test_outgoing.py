"""Requests reach what the setting allows, by the address that was checked, and nothing else."""

import socket
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from mailwatch import outgoing
from mailwatch.outgoing import NoAnswer, NotAllowed, destination, is_public, read_entries
from tests.web.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def means(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Whatever name is asked for has these addresses."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


INSIDE = (
    "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
    "::1", "::", "fe80::1", "fd00::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::1", "224.0.0.1", "ff02::1", "255.255.255.255",
    "192.0.2.1", "2001:db8::1",
)  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_means_an_address_inside_is_not_reached(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_public(ip_address(address))
    means(monkeypatch, address)
    with pytest.raises(NotAllowed, match="address inside"):
        destination("https://hooks.example.com/x", read_entries(["hooks.example.com"]))


def test_one_bad_address_among_good_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    means(monkeypatch, "8.8.8.8", "127.0.0.1")
    with pytest.raises(NotAllowed):
        destination("https://hooks.example.com/", read_entries(["hooks.example.com"]))


@pytest.mark.parametrize("address", ["10.1.2.3", "169.254.169.254", "::1"])
def test_an_address_inside_is_reached_where_a_network_names_it(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    means(monkeypatch, address)
    for entry in ("10.0.0.0/8", "169.254.169.254", "[::1]"):
        allowed = ip_address(address) in (read_entries([entry])[0].network or ())
        try:
            found = destination("https://hooks.example.com/", read_entries([entry]))
        except NotAllowed:
            assert not allowed
        else:
            assert allowed
            assert found.address == ip_address(address)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://hooks.example.com/", "file:///etc/passwd", "gopher://hooks.example.com/", "//hooks.example.com/",
        "https://", "https:///x", "https://user@hooks.example.com/", "https://hooks.example.com@evil.example/",
        "https://hooks.example.com.evil.example/", "https://evil.example/hooks.example.com",
        "https://hooks.example.com\\@evil.example/", "https://hooks.example.com/\r\nX: y", "https://127.0.0.1/",
        "https://hooks.example.com:99999/", "https://[::1/", "http://hooks.example.com/", "https://2130706433/",
        "https://0x7f.1/", "https://hooks.exämple.com/", "https://sub.hooks.example.com/",
    ],
)  # fmt: skip
def test_what_the_setting_does_not_name_is_not_reached(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    means(monkeypatch, "8.8.8.8")
    with pytest.raises(NotAllowed):
        destination(url, read_entries(["hooks.example.com"]))


def test_http_takes_an_entry_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    means(monkeypatch, "8.8.8.8")
    with pytest.raises(NotAllowed):
        destination("http://hooks.example.com/", read_entries(["hooks.example.com", "http://10.0.0.0/8"]))
    found = destination("http://hooks.example.com/", read_entries(["http://hooks.example.com"]))
    assert (found.scheme, found.port) == ("http", 80)
    assert destination("https://hooks.example.com/", read_entries(["http://hooks.example.com"])).port == 443


def test_nothing_is_allowed_where_nothing_is_set() -> None:
    with pytest.raises(NotAllowed, match="is empty"):
        destination("https://hooks.example.com/", ())


@pytest.mark.parametrize("entry", ["", "a b", "10.0.0.0/33", "https://x/y", "*", "hooks..example.com"])
def test_a_setting_that_cannot_be_read_is_said_at_the_start(entry: str) -> None:
    with pytest.raises(ValueError, match="neither a name nor"):
        read_entries([entry])


def test_the_name_is_resolved_once_and_that_address_is_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that gives another address the second time gains nothing."""
    asked: list[str] = []
    connected: list[str] = []
    real = socket.create_connection

    def resolve(host: str, _: int) -> list[outgoing.Address]:
        asked.append(host)
        return [ip_address("127.0.0.1" if len(asked) == 1 else "10.9.9.9")]

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        connected.append(address[0])
        return real(address, timeout)

    monkeypatch.setattr(outgoing, "_resolved", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    url = receiver.url.replace("127.0.0.1", "hooks.example.com")
    entries = read_entries(["http://127.0.0.0/8"])
    assert outgoing.post(url, b"{}", {}, entries=entries) == 204
    assert asked == ["hooks.example.com"]
    assert connected == ["127.0.0.1"]
    assert receiver.came[0][1]["host"].startswith("hooks.example.com:")
    with pytest.raises(NotAllowed):
        outgoing.post(url, b"{}", {}, entries=entries)


def test_an_answer_that_never_ends_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outgoing, "MOST_SECONDS", 0.5)
    ends = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            client, _ = server.accept()
            with client:
                client.sendall(b"HTTP/1.1 200 OK\r\n")
                while not ends.wait(0.1):
                    try:
                        client.sendall(b"X: y\r\n")
                    except OSError:
                        return

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        began = time.monotonic()
        with pytest.raises(NoAnswer):
            url = f"http://127.0.0.1:{server.getsockname()[1]}/"
            outgoing.post(url, b"{}", {}, entries=read_entries(["http://127.0.0.1"]))
        ends.set()
        thread.join(2)
        assert time.monotonic() - began < 5
