"""H01, H02, H03: what a client calls itself."""

import pytest

from ingest.rules.definition import Severity
from tests.rules.lines import found, mail

LOCAL = "=> bob <bob@example.com> R=local_user T=local_delivery"


def received(client: str, login: str = "") -> list[str]:
    return mail(0, f"spam@victim.example {client} P=esmtp{'sa A=plain:bob' if login else ''} S=900", LOCAL)


@pytest.mark.parametrize(
    ("client", "rules"),
    [
        pytest.param("H=(example.com) [203.0.113.66]", {"H02"}, id="a local domain"),
        pytest.param("H=(EXAMPLE.ORG) [203.0.113.66]", {"H02"}, id="a local domain, large"),
        pytest.param("H=(mx.example.com) [203.0.113.66]", {"H02"}, id="the name of the host"),
        pytest.param("H=([192.0.2.1]) [203.0.113.66] I=[192.0.2.1]:25", {"H01", "H02"}, id="its address"),
        pytest.param("H=(web1.example.com) [203.0.113.66]", set(), id="a machine under a local domain"),
        pytest.param("H=(example.com) [198.51.100.7]", set(), id="a trusted network"),
        pytest.param("H=(example.com) [10.1.2.3]", set(), id="a private address"),
        pytest.param("H=(example.com) [127.0.0.1]", set(), id="the host itself"),
        pytest.param("H=(localhost) [203.0.113.66]", {"H03"}, id="localhost"),
        pytest.param("H=(localhost.localdomain) [203.0.113.66]", {"H03"}, id="localhost with a domain"),
        pytest.param("H=(ylmf-pc) [203.0.113.66]", {"H03"}, id="one word"),
        pytest.param(
            "H=mail.remote.example (ADMIN) [203.0.113.66]", {"H03"}, id="one word, with a real name"
        ),
        pytest.param("H=(mail.remote.example) [203.0.113.66]", set(), id="a server"),
        pytest.param("H=mail.remote.example [203.0.113.66]", set(), id="a server by its own name"),
        pytest.param("H=(printer) [10.1.2.3]", set(), id="a device in the house"),
        pytest.param("H=([IPv6:2001:db8::1]) [2001:db8::1]", set(), id="its own address, IPv6"),
    ],
)
def test_names_of_strangers(client: str, rules: set[str]) -> None:
    judged = found(received(client))

    assert {rule for _, rule in judged} == rules
    assert set(judged.values()) <= {Severity.LOW}


@pytest.mark.parametrize("name", ["example.com", "localhost", "LAPTOP-4711"])
def test_a_client_that_logged_in_may_call_itself_anything(name: str) -> None:
    rules = {rule for _, rule in found(received(f"H=({name}) [203.0.113.66]", login="bob"))}

    assert rules.isdisjoint({"H02", "H03"})
