"""What to do now: nothing is run, what comes from a log is quoted, and only the attack's messages are named."""

import shlex
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from ingest.exim.configuration import read
from ingest.rules.configuration import audit
from ingest.rules.defences import deny_accounts, firewall
from ingest.rules.facts import LoginCounts, MessageFacts
from ingest.rules.verdict import Verdict
from tests.rules.cases import commands, judged
from tests.rules.facts import HOST, coverage, failed_login, login, message, recipient
from tests.rules.seed import AS_FOUND
from tests.rules.test_verdict_accounts import spam


def waiting(number: int, *, senders: int = 1, **changes: Any) -> list[MessageFacts]:
    """Messages of a login without a name that still wait."""
    known: dict[str, Any] = {"authenticated_id": "", "status": "queued"}
    return [
        login(
            n / 60,
            message_id=f"1wvZ{n // 10:02d}-{n:011d}-0001",
            **({"envelope_sender": f"spam{n % senders}@victim.example"} | known | changes),
        )
        for n in range(number)
    ]


def told_of(*facts: MessageFacts) -> Verdict:
    return judged(*facts, seen=coverage(10), configuration=audit(read(AS_FOUND)))


class TestTheSpool:
    def test_only_the_attacks_messages_are_named(self) -> None:
        lawful = login(3, message_id="1wvZ99-00000000009-0001", status="queued")
        delivered = login(4, "", message_id="1wvZ98-00000000009-0001", envelope_sender="a@b.example")
        answer = told_of(*waiting(3), lawful, delivered)
        ids = "1wvZ00-00000000000-0001 1wvZ00-00000000001-0001 1wvZ00-00000000002-0001"

        assert f"exim -Mf {ids}" in commands(answer)
        assert f"exim -Mrm {ids}" in commands(answer)
        assert any(command.startswith("exim -Mvh 1wvZ00-00000000000-0001;") for command in commands(answer))
        assert not any("1wvZ99" in command or "1wvZ98" in command for command in commands(answer))

    def test_the_way_in_is_closed_first(self) -> None:
        steps = told_of(*waiting(3)).next_steps

        assert steps[0].fix is not None
        assert (steps[1].command or "").startswith("exim -Mf ")

    def test_of_many_the_first_are_named_and_the_way_to_all_is_told(self) -> None:
        answer = told_of(*waiting(60))
        freeze = next(step for step in answer.next_steps if (step.command or "").startswith("exim -Mf"))

        assert "the first 50 of 60" in freeze.text
        assert len((freeze.command or "").split()) == 2 + 50
        assert "exiqgrep -i -f '^<spam0@victim\\.example>$' | xargs -r exim -Mf" in commands(answer)
        assert answer.as_json()["verdict"]["waiting"]["total"] == 60

    def test_many_under_many_senders_are_told_by_the_address(self) -> None:
        answer = told_of(*waiting(60, senders=20))

        assert "exipick -i '$sender_host_address eq 203.0.113.66' | xargs -r exim -Mf" in commands(answer)

    def test_nothing_is_shut_out_that_is_closed_already(self) -> None:
        refused = failed_login(90, None)
        answer = judged(*waiting(3), refused, seen=coverage(900), configuration=audit(read(AS_FOUND)))

        assert not any("iptables" in command for command in commands(answer))
        assert not any("Add the log again" in step.text for step in answer.next_steps)

    def test_nothing_waits(self) -> None:
        answer = told_of(*waiting(3, status="delivered"))

        assert not any("exim -M" in command for command in commands(answer))


class TestAccounts:
    def test_the_account_is_locked_and_its_owner_told(self) -> None:
        answer = judged(spam(), seen=coverage(6))
        fixes = [step.fix for step in answer.next_steps if step.fix]

        assert "Change the password of alice@example.com" in answer.next_steps[0].text
        assert "inlisti{$authenticated_id}{alice@example.com}" in fixes[0]
        assert any("Tell the owner of alice@example.com" in step.text for step in answer.next_steps)
        assert not any("doveadm" in command for command in commands(answer))

    def test_the_owners_own_address_is_not_shut_out(self) -> None:
        own = login(1, sender_host_address="198.51.100.8")
        answer = judged(spam(address="203.0.113.66"), own, seen=coverage(6))
        shut = [command for command in commands(answer) if "iptables" in command]

        assert len(shut) == 1
        assert " -s 203.0.113.66 " in shut[0]

    def test_dovecots_command_only_where_the_log_shows_it(self) -> None:
        host = replace(HOST, logins={"dovecot_login": LoginCounts(named=3)})
        answer = judged(spam(), host=host, seen=coverage(6))

        assert commands(answer)[0] == "doveadm kick alice@example.com"

    @pytest.mark.parametrize("name", ["-A", " -x", "$(reboot)", "a b"])
    def test_a_name_is_never_an_option(self, name: str) -> None:
        host = replace(HOST, logins={"dovecot_login": LoginCounts(named=3)})
        mail = spam()._replace(authenticated_id=name)
        words = [shlex.split(command) for command in commands(judged(mail, host=host, seen=coverage(6)))]

        kicked = [word[2] for word in words if word[:2] == ["doveadm", "kick"]]
        assert kicked == ([] if name.strip().startswith("-") else [name])

    @pytest.mark.parametrize("name", ["a}{b", "${run{id}}", "a : b", "a\nb", "-$x", ""])
    def test_a_name_that_is_more_than_a_name_stands_in_no_text_for_exim(self, name: str) -> None:
        assert deny_accounts([name]) is None


class TestFirewall:
    def test_the_addresses(self) -> None:
        found = firewall(["203.0.113.66", "2001:db8::1", "10.0.0.7", "nonsense; reboot"], HOST)

        assert found is not None
        assert found[1] == (
            "iptables -I INPUT -s 203.0.113.66 -p tcp -m multiport --dports 25,465,587 -j DROP && "
            "ip6tables -I INPUT -s 2001:db8::1 -p tcp -m multiport --dports 25,465,587 -j DROP"
        )

    def test_many_are_told_by_their_networks(self) -> None:
        addresses = [f"203.0.113.{n}" for n in range(20)] + ["192.0.2.1"]
        found = firewall(addresses, HOST)

        assert found is not None
        assert " -s 203.0.113.0/24,192.0.2.0/24 " in found[1]
        assert "neighbours" in found[0]

    def test_our_own_are_not_shut_out(self) -> None:
        host = replace(HOST, trusted_networks=(ip_network("203.0.113.0/24"),))

        assert firewall(["203.0.113.66", "127.0.0.1"], host) is None


class TestRelay:
    def test_an_emergency_statement_until_the_cause_is_found(self) -> None:
        facts = [message(n, recipients=(recipient(f"z@d{n}.example"),)) for n in range(3)]
        answer = judged(*facts, seen=coverage(4))

        assert any("!domains" in (step.fix or "") for step in answer.next_steps)
        assert any("exim -bh 203.0.113.1" in command for command in commands(answer))


def test_text_from_the_log_cannot_leave_its_quotes_in_a_command() -> None:
    hostile = "x'; rm -rf / #@evil.example"
    facts = [
        message(
            n,
            message_id=f"1wvZ{n // 10:02d}-{n:011d}-0001",
            envelope_sender=hostile,
            status="queued",
            sender_host_address=None,
            local_user="www'$(reboot)",
            recipients=(recipient(f"z{n}@remote.example"),),
        )
        for n in range(60)
    ]
    facts += [message(1, message_id="x; rm -rf /", status="queued", recipients=(recipient("z@a.example"),))]
    facts += [message(2, recipients=(recipient("z@b.example"),))]
    answer = judged(
        *facts,
        *waiting(60, envelope_sender=hostile),
        host=replace(HOST, name="srv1; reboot"),
        configuration=audit(read(AS_FOUND)),
        seen=coverage(4),
    )

    for command in commands(answer):
        words = shlex.split(command)
        assert "rm" not in words
        assert "reboot" not in words
    assert any("--server 'srv1; reboot' " in command for command in commands(answer))


class TestWhomToTell:
    def whois(self, *addresses: str) -> list[list[str]]:
        facts = [
            login(n, "", message_id=f"1wvZ{n:02d}-{n:011d}-0001", sender_host_address=address)
            for n, address in enumerate(addresses)
        ]
        found = [command for command in commands(told_of(*facts)) if command.startswith("whois")]
        return [shlex.split(part) for command in found for part in command.split(";")]

    def test_the_networks_of_the_attacker_can_be_looked_up(self) -> None:
        assert self.whois("203.0.113.66", "203.0.113.67") == [["whois", "203.0.113.66"]]

    def test_three_at_most_the_busiest_first(self) -> None:
        found = self.whois(
            "192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8:1::1", "203.0.113.2", "203.0.113.3"
        )
        assert [len(found), found[0]] == [3, ["whois", "203.0.113.1"]]

    def test_of_the_house_nobody_is_looked_up(self) -> None:
        assert self.whois("10.0.0.5") == []
