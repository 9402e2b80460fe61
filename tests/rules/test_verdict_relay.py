"""Does it send for strangers who do not log in? "No" needs its proof."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from ingest.exim.configuration import read
from ingest.rules.configuration import audit
from ingest.rules.definition import Severity
from ingest.rules.facts import Coverage, LogHostFacts, RejectionFacts
from ingest.rules.verdict import Answer, Verdict
from tests.rules.cases import asked, commands, judged, on_host
from tests.rules.facts import HOST, coverage, message, recipient, refusal
from tests.rules.seed_case import SEED_HOST

NAME = "Open relay"
HEALTHY = [refusal(n) for n in range(14)]
KNOWS_NETWORKS = replace(HOST, trusted_networks=(ip_network("198.51.100.0/24"),))
OPEN_LIST = "hostlist relay_from_hosts = 127.0.0.1 : 0.0.0.0/0\n"


def relayed(host: LogHostFacts, domains: int, **changes: object) -> Verdict:
    """Four messages of a stranger to so many foreign domains."""
    facts = [message(n, recipients=(recipient(f"z@d{n % domains}.example"),), **changes) for n in range(4)]
    return judged(*facts, host=host, seen=coverage(4))


class TestYes:
    @pytest.mark.parametrize(
        ("host", "domains", "answer"),
        [
            pytest.param(HOST, 2, Answer.YES, id="two domains"),
            pytest.param(HOST, 1, Answer.SUSPECTED, id="one domain"),
            pytest.param(replace(HOST, local_domains_inferred=True), 2, Answer.YES, id="inferred"),
            pytest.param(
                replace(HOST, local_domains_inferred=True), 1, Answer.UNKNOWN, id="inferred, one domain"
            ),
            pytest.param(SEED_HOST, 2, Answer.SUSPECTED, id="local domains not known"),
        ],
    )
    def test_how_sure_it_is(self, host: LogHostFacts, domains: int, answer: Answer) -> None:
        assert relayed(host, domains).open_relay is answer

    def test_in_plain_words(self) -> None:
        answer = relayed(HOST, 2)

        assert answer.headline == "srv1 is sending spam for a stranger who does not log in at all."
        assert "sent 4 messages to 2 strangers through srv1" in answer.lead
        assert answer.next_steps[0].command == "exim -bP +relay_from_hosts"

    def test_a_machine_of_the_house_is_never_certain(self) -> None:
        assert relayed(HOST, 4, sender_host_address="10.0.0.7").open_relay is Answer.SUSPECTED

    @pytest.mark.parametrize(
        ("host", "domains", "answer"),
        [
            pytest.param(KNOWS_NETWORKS, 2, Answer.YES, id="two domains"),
            pytest.param(KNOWS_NETWORKS, 1, Answer.SUSPECTED, id="one domain"),
            pytest.param(HOST, 2, Answer.UNKNOWN, id="networks not known"),
            pytest.param(
                replace(KNOWS_NETWORKS, local_domains_inferred=True), 2, Answer.SUSPECTED, id="inferred"
            ),
        ],
    )
    def test_a_sender_of_ours_that_opens_the_door(
        self, host: LogHostFacts, domains: int, answer: Answer
    ) -> None:
        told = relayed(host, domains, envelope_sender="alice@example.com")

        assert told.open_relay is answer
        if answer is not Answer.UNKNOWN:
            assert (told.rule, told.relaying) == ("R02", answer)
            assert "who only writes one of its addresses as the sender" in told.headline
            assert any("MAIL FROM:<postmaster@example.com>" in command for command in commands(told))

    @pytest.mark.parametrize(
        ("severity", "answer"), [(Severity.CRITICAL, Answer.YES), (Severity.HIGH, Answer.SUSPECTED)]
    )
    def test_a_gateway_that_hides_the_world(self, severity: Severity, answer: Answer) -> None:
        told = judged(*HEALTHY, on_host=[on_host("R03", severity, values=("172.17.0.1",))])

        assert (told.open_relay, told.relaying, told.rule) == (answer, answer, "R03")
        assert "it takes everybody for a machine of its own network" in told.headline
        assert "172.17.0.1" in told.next_steps[0].text
        assert not any("iptables" in command for command in commands(told))

    def test_a_gateway_that_is_certain_counts_more_than_a_private_address_that_is_suspected(self) -> None:
        facts = [
            message(n, sender_host_address="10.0.0.7", recipients=(recipient(f"z@d{n}.example"),))
            for n in range(4)
        ]
        told = judged(*facts, on_host=[on_host("R03", Severity.CRITICAL, values=("172.17.0.1",))])

        assert (told.open_relay, told.rule) == (Answer.YES, "R03")

    def test_a_percent_hack_that_was_sent_on(self) -> None:
        hack = recipient("z@remote.example", original="z%remote.example@example.com")
        told = judged(message(recipients=(hack,)))

        assert (told.open_relay, told.rule) == (Answer.YES, "R05")
        assert told.next_steps[0].command == "exim -bP percent_hack_domains"


class TestNo:
    def test_a_healthy_log_gives_no_with_its_proof(self) -> None:
        other = refusal(3, sender_host_address="203.0.113.7")
        answer = judged(*HEALTHY, other)

        assert (answer.relaying, answer.open_relay) == (Answer.NO, Answer.NO)
        assert answer.headline == "No. 15 relay attempts, all refused; no stranger got in."
        assert "15 relay attempts from 2 addresses, all refused" in asked(answer, NAME).because
        assert (answer.facts, answer.after) == ((), None)

    def test_missing_selectors_are_told_and_change_nothing(self) -> None:
        answer = judged(*HEALTHY, seen=coverage(has_ports=False, has_listed_recipients=False))

        assert answer.relaying is Answer.NO
        assert {gap.rule for gap in answer.coverage} == {"A03", "C09", "C12", "S01"}
        assert answer.log_selector == "log_selector = +received_recipients +incoming_port +arguments"

    @pytest.mark.parametrize(
        ("facts", "seen", "why"),
        [
            pytest.param([], coverage(), "nobody tried", id="no attempt"),
            pytest.param(HEALTHY, coverage(has_deliveries=False), "no deliveries", id="no deliveries"),
            pytest.param(HEALTHY, coverage(has_arrivals=False), "no arrivals", id="no arrivals"),
        ],
    )
    def test_without_proof_it_cannot_be_told(
        self, facts: list[RejectionFacts], seen: Coverage, why: str
    ) -> None:
        answer = judged(*facts, seen=seen)

        assert (answer.open_relay, answer.relaying) == (Answer.UNKNOWN, Answer.UNKNOWN)
        assert why in asked(answer, NAME).because
        assert any("exim -bh 203.0.113.1" in gap.command for gap in asked(answer, NAME).untold)

    def test_no_lines_at_all(self) -> None:
        answer = judged(host=SEED_HOST, seen=Coverage())

        assert (answer.relaying, answer.open_relay) == (Answer.UNKNOWN, Answer.UNKNOWN)
        assert "no log lines" in answer.headline

    def test_local_senders_without_login_leave_it_open_until_the_networks_are_known(self) -> None:
        answer = judged(*HEALTHY, message(envelope_sender="alice@example.com"))

        assert answer.open_relay is Answer.UNKNOWN
        assert "exim -bP +relay_from_hosts" in asked(answer, NAME).because

    def test_trusted_networks_settle_who_is_ours(self) -> None:
        host = replace(HOST, trusted_networks=(ip_network("203.0.113.0/24"),))

        answer = judged(*HEALTHY, message(envelope_sender="alice@example.com"), host=host)

        assert answer.open_relay is Answer.NO

    def test_refused_attempts_speak_against_a_suspicion(self) -> None:
        others = [refusal(n, sender_host_address="192.0.2.9") for n in range(3)]
        answer = judged(message(0), *others, seen=coverage(4))

        assert answer.open_relay is Answer.SUSPECTED
        assert asked(answer, NAME).against[0].startswith("3 relay attempts from 1 address were refused")


class TestHoles:
    def test_log_and_configuration_agree(self) -> None:
        facts = [message(n, recipients=(recipient("z@d.example"),)) for n in range(2)]
        answer = judged(*facts, configuration=audit(read(OPEN_LIST)))

        assert answer.open_relay is Answer.YES
        assert answer.basis == "Certain: log and configuration agree."
        assert answer.next_steps[0].fix == "hostlist relay_from_hosts = 127.0.0.1"
        assert "relay_from_hosts, line 1" in asked(answer, NAME).because

    def test_a_hole_that_nobody_was_seen_to_use_is_no_proof(self) -> None:
        answer = judged(*HEALTHY, configuration=audit(read(OPEN_LIST)))

        assert (answer.open_relay, answer.relaying) == (Answer.SUSPECTED, Answer.UNKNOWN)
        assert answer.headline == "Anyone may send through srv1 without a login."
        assert asked(answer, NAME).rules == ("X09",)

    @pytest.mark.parametrize("value", ["127.0.0.1", "/etc/relay", "*.isp.example"])
    def test_what_is_sound_or_not_known_or_for_some_only_changes_nothing(self, value: str) -> None:
        found = audit(read(f"hostlist relay_from_hosts = {value}\n"))

        assert judged(*HEALTHY, configuration=found).open_relay is Answer.NO
