"""The web server's port: taken before the server starts."""

import socket
from collections.abc import Iterator

import pytest

from mailwatch.standalone import ServiceError, listening


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which somebody else listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_the_next_port_is_used_if_one_is_taken(taken: int) -> None:
    found = listening.listen("127.0.0.1", taken)
    assert found.port > taken
    for bound in found.sockets:
        bound.close()


def test_this_machine_is_reached_by_either_family() -> None:
    found = listening.listen("localhost", 18000)
    for bound in found.sockets:
        socket.create_connection(bound.getsockname()[:2], timeout=5).close()
        bound.close()
    assert found.url("localhost") == f"http://localhost:{found.port}"


def test_an_address_that_is_not_ours_is_refused_in_one_sentence() -> None:
    with pytest.raises(ServiceError, match=r"^cannot listen on 192\.0\.2\.1, port 8000: "):
        listening.listen("192.0.2.1", 8000)
