"""R01, R02, R04, R05: relaying without a login."""

from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from ingest.exim.events import Stage
from ingest.rules.definition import Severity
from ingest.rules.facts import LogHostFacts, MessageFacts, Outcome
from ingest.rules.messages import message_findings
from tests.rules.facts import HOST, address_report, message, recipient, refusal, rules_of
from tests.rules.lines import found as found_in
from tests.rules.lines import mail

UNKNOWN_HOST = LogHostFacts(name="srv1")


def found(fact: MessageFacts, host: LogHostFacts = HOST) -> dict[str, Severity]:
    return {finding.rule: finding.severity for finding in message_findings(fact, host)}


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_stranger_who_sends_to_a_foreign_domain_relays_whatever_becomes_of_it(outcome: Outcome) -> None:
    assert found(message(recipients=(recipient(outcome=outcome),))) == {"R01": Severity.CRITICAL}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"authenticator": "plain", "authenticated_id": "alice@example.com"}, id="logged in"),
        pytest.param({"sender_host_address": "127.0.0.1"}, id="loopback"),
        pytest.param({"sender_host_address": "::1"}, id="loopback, IPv6"),
        pytest.param({"sender_host_address": "198.51.100.7"}, id="trusted network"),
        pytest.param({"sender_host_address": "::ffff:198.51.100.7"}, id="trusted network, written as IPv6"),
        pytest.param({"sender_host_address": "192.0.2.1"}, id="the host itself"),
        pytest.param({"sender_host_address": None, "local_user": "alice"}, id="local program"),
        pytest.param(
            {"recipients": (recipient("z@remote.example", original="bob@example.com"),)}, id="forwarded"
        ),
        pytest.param({"recipients": (recipient("bob@example.com"),)}, id="local domain on another machine"),
        pytest.param({"recipients": (recipient("bob", is_remote=False),)}, id="delivered here"),
        pytest.param({"envelope_sender": "SRS0=ab=cd=victim.example=spam@forwarder.example"}, id="SRS"),
        pytest.param({"envelope_sender": None}, id="no arrival seen"),
    ],
)
def test_it_is_not_relaying(change: dict[str, Any]) -> None:
    host = replace(
        HOST, trusted_networks=(ip_network("198.51.100.0/24"),), own_addresses=frozenset({"192.0.2.1"})
    )

    assert found(message(**change), host) == {}


def test_a_local_sender_is_another_rule_and_low_while_nobody_said_which_networks_are_trusted() -> None:
    fact = message(envelope_sender="alice@example.com")
    told = replace(HOST, trusted_networks=(ip_network("198.51.100.0/24"),))

    assert found(fact) == {"R02": Severity.LOW}
    assert found(fact, told) == {"R02": Severity.HIGH}


def test_inferred_local_domains_make_it_less_severe_and_say_so() -> None:
    (finding,) = message_findings(message(), replace(HOST, local_domains_inferred=True))

    assert finding.severity is Severity.HIGH
    assert "inferred" in finding.evidence


def test_a_private_address_is_probably_a_machine_of_ours() -> None:
    (finding,) = message_findings(message(sender_host_address="10.1.2.3"), HOST)

    assert (finding.severity, finding.title) == (Severity.MEDIUM, "Probably an open relay")
    assert "private" in finding.evidence


def test_one_recipient_domain_is_only_probable() -> None:
    one = message(recipients=(recipient("a@remote.example"), recipient("b@remote.example")))
    two = message(recipients=(recipient("a@remote.example"), recipient("b@elsewhere.example")))

    assert [finding.title for finding in message_findings(one, HOST)] == ["Probably an open relay"]
    assert [finding.title for finding in message_findings(two, HOST)] == ["Open relay"]


def test_listed_recipients_count_while_no_server_was_tried() -> None:
    def put_off(address: str, original: str | None = None) -> MessageFacts:
        why = "retry time not reached for any host"
        told = recipient(address, original=original, outcome=Outcome.DEFERRED, is_remote=False, text=why)
        return message(recipients=(told,), listed_recipients=(original or address,))

    assert found(put_off("z@remote.example")) == {"R01": Severity.CRITICAL}
    assert found(put_off("bob@new.example", "bob@old.example")) == {}, "an alias is forwarded"


def test_listed_recipients_count_until_they_have_an_outcome() -> None:
    waiting = message(recipients=(), listed_recipients=("z@remote.example",))
    delivered_here = message(
        recipients=(recipient("bob", original="bob@old.example", is_remote=False),),
        listed_recipients=("bob@old.example",),
    )

    assert found(waiting) == {"R01": Severity.CRITICAL}
    assert found(delivered_here) == {}
    assert found(waiting, UNKNOWN_HOST) == {}, "without local domains nobody knows what is foreign"


def test_the_null_sender_can_relay_too() -> None:
    assert "R01" in found(message(envelope_sender=""))


def test_an_address_is_judged_by_all_its_messages() -> None:
    report = address_report(
        *(message(n, recipients=(recipient(f"z@d{n}.example"),)) for n in range(30)), refusal(40)
    )

    assert report is not None
    assert report.rules == ("R01", "R04")
    assert report.severity is Severity.CRITICAL
    relayed = report.finding("R01")
    assert relayed is not None
    assert (relayed.count, relayed.title) == (30, "Open relay")
    assert len(relayed.message_ids) == 10
    assert report.attack == "R01:203.0.113.66"
    assert (report.messages, report.delivered, report.rejections, report.refused_since) == (30, 30, 1, 1)


@pytest.mark.parametrize(
    ("text", "is_attempt"),
    [
        ("relay not permitted", True),
        ("Relay access denied", True),
        ("relaying denied", True),
        ("No such user here", False),
        ("Sender verify failed", False),
    ],
)
def test_refused_relaying_is_healthy(text: str, is_attempt: bool) -> None:
    report = address_report(refusal(text=text), refusal(1, text=text))

    assert rules_of(report) == ({"R04"} if is_attempt else set())
    if report:
        assert (report.severity, report.is_suspect, report.findings[0].count) == (Severity.INFO, False, 2)


def test_only_a_refused_recipient_is_a_relay_attempt() -> None:
    assert address_report(refusal(stage=Stage.DATA)) is None


def routed(original: str, final: str, *, client: str = "203.0.113.66", outcome: str = "=>") -> set[str]:
    lines = mail(
        0,
        f"spam@victim.example H=(mx.victim.example) [{client}] P=esmtp S=900",
        f"{outcome} {final} <{original}> R=dnslookup T=remote_smtp H=mx.remote.example [192.0.2.25]"
        + (": 550 no" if outcome == "**" else ""),
    )
    return {f"{rule} {severity}" for (_, rule), severity in found_in(lines).items() if rule == "R05"}


@pytest.mark.parametrize(
    ("original", "final", "severity"),
    [
        ("z%remote.example@example.com", "z@remote.example", "high"),
        ("remote.example!z@example.com", "z@remote.example", "high"),
        ('"z@remote.example"@example.com', "z@remote.example", "high"),
        ("support/de@example.com", "team@remote.example", "low"),
        ("bob@example.com", "bob@remote.example", None),
        ("bob+tag=x@example.com", "bob@remote.example", None),
    ],
)
def test_a_recipient_that_names_another_destination(original: str, final: str, severity: str | None) -> None:
    assert routed(original, final) == ({f"R05 {severity}"} if severity else set())


def test_a_percent_hack_that_led_nowhere_is_low_and_trusted_clients_may_do_it() -> None:
    hack = ("z%remote.example@example.com", "z@remote.example")

    assert routed(*hack, outcome="**") == {"R05 low"}
    assert routed(*hack, client="10.1.2.3") == {"R05 low"}
    assert routed(*hack, client="198.51.100.7") == set()
