"""The verdict: three states with a reason, authenticators before accounts, "now" is the end of the log."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from ingest.exim.configuration import read
from ingest.rules.configuration import ConfigurationFinding, audit
from ingest.rules.definition import Severity
from ingest.rules.facts import (
    Coverage,
    LogHostFacts,
    LoginCounts,
    MessageFacts,
    Outcome,
    RecipientFacts,
    RejectionFacts,
    SubjectKind,
)
from ingest.rules.relays import SubjectReport, subject_findings
from ingest.rules.verdict import Answer, Verdict, combine, verdict
from tests.rules.accounts import account_report, from_place
from tests.rules.facts import (
    HOST,
    START,
    STRANGER,
    address_report,
    at,
    coverage,
    failed_login,
    login,
    message,
    recipient,
    refusal,
)
from tests.rules.seed import AS_FOUND, AS_MENDED, EXIM_BP

SEED_HOST = LogHostFacts(name="srv1")
SEED = MessageFacts(
    message_id="1adXzZ-0007sb-Pz",
    received_at=START,
    envelope_sender="[email protected]",
    sender_host_address="129.137.152.170",
    sender_host_port=None,
    helo_name="[127.0.0.1]",
    sender_host_name=None,
    protocol="esmtpa",
    authenticator="plain",
    authenticated_id="",
    local_user=None,
    listed_recipients=None,
    connection_limit=10,
    recipients=(
        RecipientFacts(
            "kamikaze_****@hotmail.co.uk",
            "kamikaze_****@hotmail.co.uk",
            Outcome.DELIVERED,
            True,
            None,
            at(24),
        ),
    ),
    size=1298,
    subject=None,
    status="delivered",
)
SEED_COVERAGE = Coverage(has_arrivals=True, has_deliveries=True, first_at=START, last_at=at(24))


def seed_verdict(configuration: str = "") -> Verdict:
    report = address_report(SEED, host=SEED_HOST, address="129.137.152.170")
    assert report is not None
    findings = audit(read(configuration)) if configuration else ()
    return verdict([report], SEED_HOST, SEED_COVERAGE, findings)


def reports(*found: SubjectReport | None) -> list[SubjectReport]:
    return [report for report in found if report is not None]


def healthy(*more: MessageFacts | RejectionFacts) -> list[SubjectReport]:
    return reports(address_report(*(refusal(n) for n in range(14)), *more))


class TestSeed:
    def test_four_lines_alone_make_it_suspected(self) -> None:
        answer = seed_verdict()

        assert answer.broken_authenticator is Answer.SUSPECTED
        assert answer.relaying is Answer.SUSPECTED
        assert (
            answer.headline == "srv1 has probably sent spam for a stranger who logs in without a user name."
        )
        assert "129.137.152.170, which calls itself [127.0.0.1]" in answer.lead
        assert answer.next_steps[0].command == "exim -bP authenticators"
        assert answer.attack == "A01:plain"

    def test_four_lines_cannot_say_whether_it_is_over(self) -> None:
        over = seed_verdict().facts[3]

        assert (over.answer, over.state) == ("Cannot tell", Answer.UNKNOWN)

    @pytest.mark.parametrize("text", [AS_FOUND, EXIM_BP + AS_FOUND, EXIM_BP + AS_FOUND + AS_MENDED])
    def test_with_the_configuration_it_is_certain(self, text: str) -> None:
        answer = seed_verdict(text)

        assert (answer.broken_authenticator, answer.relaying) == (Answer.YES, Answer.YES)
        assert answer.basis == "Certain: log and configuration agree."
        assert "compares an empty password with the empty result of a lookup" in answer.lead
        assert answer.next_steps[0].fix is not None
        assert "{!eq{$auth3}{}}" in answer.next_steps[0].fix
        assert set(answer.questions[0].rules) == {"A01", "X01"}

    def test_the_mended_text_does_not_explain_the_log_and_has_its_own_hole(self) -> None:
        answer = seed_verdict(AS_MENDED)

        assert answer.broken_authenticator is Answer.SUSPECTED
        assert "does not explain" in answer.questions[0].because
        assert any(step.fix and "quote_mysql" in step.fix for step in answer.next_steps)

    def test_a_wrong_server_set_id_with_a_sound_check_explains_it(self) -> None:
        sound = AS_MENDED.replace("server_set_id                   = $2", "server_set_id = $auth1").replace(
            "'$2'", "'${quote_mysql:$2}'"
        )

        answer = seed_verdict(sound)

        assert answer.broken_authenticator is Answer.NO
        assert "server_set_id is wrong" in answer.questions[0].because


class TestNo:
    def test_a_healthy_log_gives_no_with_its_proof(self) -> None:
        other = address_report(refusal(3, sender_host_address="203.0.113.7"), address="203.0.113.7")

        answer = verdict([*healthy(), *reports(other)], HOST, coverage())

        assert (answer.relaying, answer.open_relay, answer.broken_authenticator) == (Answer.NO,) * 3
        assert (answer.accounts_answer, answer.compromised_accounts) == (Answer.NO, ())
        assert answer.headline == "No. 15 relay attempts, all refused; no stranger got in."
        assert "15 relay attempts from 2 addresses, all refused" in answer.questions[1].because
        assert answer.facts == ()

    def test_missing_selectors_are_told_and_change_nothing(self) -> None:
        answer = verdict(healthy(), HOST, coverage(has_ports=False, has_listed_recipients=False))

        assert answer.relaying is Answer.NO
        assert {gap.rule for gap in answer.coverage} == {"A03", "C09", "C12", "S01"}
        assert answer.log_selector == "log_selector = +received_recipients +incoming_port +arguments"

    @pytest.mark.parametrize(
        ("found", "seen", "why"),
        [
            pytest.param([], coverage(), "nobody tried", id="no attempt"),
            pytest.param(healthy(), coverage(has_deliveries=False), "no deliveries", id="no deliveries"),
            pytest.param(healthy(), coverage(has_arrivals=False), "no arrivals", id="no arrivals"),
        ],
    )
    def test_without_proof_it_cannot_be_told(
        self, found: list[SubjectReport], seen: Coverage, why: str
    ) -> None:
        answer = verdict(found, HOST, seen)

        assert (answer.open_relay, answer.relaying) == (Answer.UNKNOWN, Answer.UNKNOWN)
        assert why in answer.questions[1].because

    def test_no_lines_at_all(self) -> None:
        answer = verdict((), SEED_HOST, Coverage())

        assert (answer.relaying, answer.open_relay) == (Answer.UNKNOWN, Answer.UNKNOWN)
        assert answer.broken_authenticator is Answer.UNKNOWN
        assert "no log lines" in answer.headline

    def test_local_senders_without_login_leave_it_open_until_the_networks_are_known(self) -> None:
        found = healthy(message(envelope_sender="alice@example.com"))

        answer = verdict(found, HOST, coverage())

        assert answer.open_relay is Answer.UNKNOWN
        assert "exim -bP +relay_from_hosts" in answer.questions[1].because

    def test_unrecorded_names_leave_the_authenticator_open(self) -> None:
        host = replace(HOST, logins={"cram": LoginCounts(unrecorded=7)})

        assert verdict(healthy(), host, coverage()).broken_authenticator is Answer.UNKNOWN


class TestOpenRelay:
    def relayed(self, host: LogHostFacts, domains: int) -> Verdict:
        facts = [message(n, recipients=(recipient(f"z@d{n % domains}.example"),)) for n in range(4)]
        return verdict(reports(address_report(*facts, host=host)), host, coverage(4))

    @pytest.mark.parametrize(
        ("host", "domains", "answer"),
        [
            pytest.param(HOST, 2, Answer.YES, id="two domains"),
            pytest.param(HOST, 1, Answer.SUSPECTED, id="one domain"),
            pytest.param(replace(HOST, local_domains_inferred=True), 2, Answer.YES, id="inferred"),
            pytest.param(SEED_HOST, 2, Answer.SUSPECTED, id="local domains not known"),
        ],
    )
    def test_how_sure_it_is(self, host: LogHostFacts, domains: int, answer: Answer) -> None:
        assert self.relayed(host, domains).open_relay is answer

    def test_in_plain_words(self) -> None:
        answer = self.relayed(HOST, 2)

        assert answer.headline == "srv1 is sending spam for a stranger who does not log in at all."
        assert answer.next_steps[0].command == "exim -bP +relay_from_hosts"

    def test_a_machine_of_the_house_is_never_certain(self) -> None:
        facts = [
            message(n, sender_host_address="10.0.0.7", recipients=(recipient(f"z@d{n}.example"),))
            for n in range(4)
        ]

        answer = verdict(reports(address_report(*facts, address="10.0.0.7")), HOST, coverage())

        assert answer.open_relay is Answer.SUSPECTED


class TestAccounts:
    @staticmethod
    def spammer(address: str = STRANGER) -> SubjectReport | None:
        text = "550 5.1.1 user unknown"
        recipients = tuple(
            recipient(f"d{n}@remote.example", outcome=Outcome.BOUNCED, text=text) for n in range(120)
        )
        facts = [login(5, recipients=recipients, sender_host_address=address)]
        return subject_findings(SubjectKind.AUTHENTICATED_ID, "alice@example.com", facts, (), HOST)

    def test_a_hundred_dead_addresses_in_an_hour(self) -> None:
        answer = verdict([*healthy(), *reports(self.spammer())], HOST, coverage(6))

        assert answer.compromised_accounts == ("alice@example.com",)
        assert (answer.accounts_answer, answer.relaying) == (Answer.YES, Answer.YES)
        assert answer.open_relay is Answer.NO
        assert "the account alice@example.com" in answer.headline

    def test_a_broken_authenticator_is_not_reported_as_stolen_passwords(self) -> None:
        anybody = address_report(*(login(n, f"user{n}") for n in range(9)))

        answer = verdict(reports(anybody, self.spammer()), HOST, coverage())

        assert answer.compromised_accounts == ()
        assert answer.broken_authenticator is Answer.SUSPECTED

    def test_authenticators_come_first_in_the_story(self) -> None:
        nameless = address_report(
            *(login(n, "", envelope_sender="a@b.example") for n in range(3)), address=STRANGER
        )
        findings = audit(read(AS_FOUND))

        answer = verdict(reports(self.spammer("198.51.100.9"), nameless), HOST, coverage(4), findings)

        assert answer.rule == "A01"
        assert answer.compromised_accounts == ("alice@example.com",)

    def test_a_list_that_is_only_partly_dead_is_suspected(self) -> None:
        dead = [
            recipient(f"d{n}@remote.example", outcome=Outcome.BOUNCED, text="user unknown") for n in range(8)
        ]
        alive = [recipient(f"a{n}@remote.example") for n in range(16)]
        facts = [login(5, recipients=(*dead, *alive))]
        report = subject_findings(SubjectKind.AUTHENTICATED_ID, "alice@example.com", facts, (), HOST)

        answer = verdict([*healthy(), *reports(report)], HOST, coverage(6))

        assert (answer.accounts_answer, answer.compromised_accounts) == (Answer.SUSPECTED, ())
        assert "may have the password" in answer.headline

    def test_a_login_after_guessing_is_suspected(self) -> None:
        found = reports(address_report(*(failed_login(n) for n in range(12)), login(20), refusal(30)))

        answer = verdict(found, HOST, coverage())

        assert (answer.accounts_answer, answer.compromised_accounts) == (Answer.SUSPECTED, ())
        assert "guessed the password of alice@example.com" in answer.headline

    def test_a_guessed_password_is_certain_where_many_names_were_tried(self) -> None:
        guesses = [failed_login(n, f"u{n}") for n in range(6)]
        found = healthy(*guesses, login(20, "u3"), refusal(30))

        answer = verdict(found, HOST, coverage())

        assert (answer.accounts_answer, answer.compromised_accounts) == (Answer.YES, ("u3",))
        assert answer.rule == "C02"
        assert "has guessed the password of u3" in answer.headline

    def test_a_changed_password_is_no_stolen_one(self) -> None:
        found = healthy(login(-30), *(failed_login(n) for n in range(9)), login(20), refusal(30))

        assert verdict(found, HOST, coverage()).accounts_answer is Answer.NO

    def test_one_sign_is_suspected_and_two_are_certain(self) -> None:
        places = [from_place(n * 60, f"192.0.2.{n}", country) for n, country in enumerate(("NL", "VN", "BR"))]
        dead = [
            recipient(f"d{n}@remote.example", outcome=Outcome.BOUNCED, text="user unknown") for n in range(30)
        ]
        bulk = login(90, recipients=tuple(dead))

        one = verdict(healthy() + reports(account_report(*places)), HOST, coverage())
        two = verdict(healthy() + reports(account_report(*places, bulk)), HOST, coverage())

        assert (one.accounts_answer, one.compromised_accounts) == (Answer.SUSPECTED, ())
        assert "(C04)" in one.questions[2].because
        assert (two.accounts_answer, two.compromised_accounts) == (Answer.YES, ("alice@example.com",))

    def test_guessing_in_vain_is_counter_evidence(self) -> None:
        found = healthy(*(failed_login(n, f"u{n}") for n in range(12)))

        answer = verdict(found, HOST, coverage())

        assert answer.accounts_answer is Answer.NO
        assert "12 failed logins from 1 address" in answer.questions[2].because


class TestIsItOver:
    @pytest.mark.parametrize(
        ("last", "refused", "end", "answer"),
        [
            pytest.param(700, (), 712, "No", id="twelve minutes before the end"),
            pytest.param(60, (), 700, "Probably", id="quiet for long"),
            pytest.param(60, (90,), 700, "Yes", id="quiet for long, and refused since"),
            pytest.param(690, (700,), 712, "Probably", id="refused since, but it is early"),
            pytest.param(3, (), 30, "Cannot tell", id="a few lines"),
            pytest.param(28, (), 30, "No", id="a few lines, until the end"),
        ],
    )
    def test_now_is_the_end_of_the_log(
        self, last: float, refused: tuple[float, ...], end: float, answer: str
    ) -> None:
        facts = [login(n, "", envelope_sender="a@b.example") for n in (0, last)]
        report = address_report(*facts, *(failed_login(n, None) for n in refused))

        found = verdict(reports(report), HOST, coverage(end), audit(read(AS_FOUND)))

        assert found.facts[3].answer == answer

    def test_past_tense_when_it_is_over(self) -> None:
        report = address_report(login(0, "", envelope_sender="a@b.example"))

        found = verdict(reports(report), HOST, coverage(60 * 24), audit(read(AS_FOUND)))

        assert found.headline.startswith("srv1 has sent spam")

    def test_waiting_messages_are_counted_and_the_command_removes_only_them(self) -> None:
        facts = [login(n, "", envelope_sender="a@b.example", status="queued") for n in range(3)]

        found = verdict(reports(address_report(*facts)), HOST, coverage(4), audit(read(AS_FOUND)))

        assert found.facts[3].detail.endswith("3 wait in the queue.")
        assert found.next_steps[1].command == (
            "exipick -i '$sender_host_address eq 203.0.113.66' | xargs -r exim -Mrm"
        )


class TestHoles:
    def test_a_hole_that_nobody_was_seen_to_use(self) -> None:
        answer = verdict(healthy(), HOST, coverage(), audit(read(AS_FOUND)))

        assert (answer.broken_authenticator, answer.relaying) == (Answer.YES, Answer.UNKNOWN)
        assert answer.headline == "Anyone can log in to srv1 without a password."

    def test_a_hole_without_any_log(self) -> None:
        answer = verdict((), SEED_HOST, Coverage(), audit(read(AS_FOUND)))

        assert answer.broken_authenticator is Answer.YES

    def test_an_injection_is_suspicious_by_itself(self) -> None:
        assert verdict(healthy(), HOST, coverage(), audit(read(AS_MENDED))).broken_authenticator is (
            Answer.SUSPECTED
        )


OPEN_LIST = "hostlist relay_from_hosts = 127.0.0.1 : 0.0.0.0/0\n"


class TestRelayHoles:
    def test_log_and_configuration_agree(self) -> None:
        facts = [message(n, recipients=(recipient("z@d.example"),)) for n in range(2)]
        answer = verdict(reports(address_report(*facts)), HOST, coverage(), audit(read(OPEN_LIST)))

        assert answer.open_relay is Answer.YES
        assert answer.basis == "Certain: log and configuration agree."
        assert answer.next_steps[0].fix == "hostlist relay_from_hosts = 127.0.0.1"
        assert "relay_from_hosts, line 1" in answer.questions[1].because

    def test_a_hole_that_nobody_was_seen_to_use_is_no_proof(self) -> None:
        answer = verdict(healthy(), HOST, coverage(), audit(read(OPEN_LIST)))

        assert (answer.open_relay, answer.relaying) == (Answer.SUSPECTED, Answer.UNKNOWN)
        assert answer.headline == "Anyone may send through srv1 without a login."
        assert answer.questions[1].rules == ("X09",)

    @pytest.mark.parametrize("value", ["127.0.0.1", "/etc/relay", "*.isp.example"])
    def test_what_is_sound_or_not_known_or_for_some_only_changes_nothing(self, value: str) -> None:
        found = audit(read(f"hostlist relay_from_hosts = {value}\n"))

        assert verdict(healthy(), HOST, coverage(), found).open_relay is Answer.NO

    def test_a_password_that_everybody_has_is_a_hole(self) -> None:
        check = "${if eq{$auth3}{${lookup{$auth2}lsearch{/etc/p}{$value}{*}}}}"
        text = f"plain:\n  driver = plaintext\n  public_name = PLAIN\n  server_condition = {check}\n"
        answer = verdict(healthy(), HOST, coverage(), audit(read(text)))

        assert answer.broken_authenticator is Answer.YES
        assert "{$value}fail}" in (answer.next_steps[0].fix or "")


class TestLocalScripts:
    @pytest.mark.parametrize(
        ("seen", "answer"),
        [
            (coverage(has_local_arrivals=False), Answer.NO),
            (coverage(has_local_arrivals=True), Answer.UNKNOWN),
            (coverage(has_local_arrivals=True, has_arguments=True), Answer.NO),
            (coverage(), Answer.UNKNOWN),
            (Coverage(), Answer.UNKNOWN),
        ],
    )
    def test_what_can_be_said(self, seen: Coverage, answer: Answer) -> None:
        found = verdict(healthy(), HOST, seen)

        assert found.local_scripts_answer is answer

    def test_a_script_that_sends_to_dead_addresses(self) -> None:
        text = "550 5.1.1 user unknown"
        recipients = tuple(
            recipient(f"d{n}@remote.example", outcome=Outcome.BOUNCED, text=text) for n in range(120)
        )
        fact = message(5, sender_host_address=None, local_user="www-data", recipients=recipients)
        report = subject_findings(SubjectKind.LOCAL_USER, "www-data", [fact], (), HOST)

        answer = verdict(reports(report), HOST, coverage(6))

        assert answer.local_scripts == ("www-data",)
        assert answer.headline == "srv1 is sending spam: a program of the user www-data does it."


class TestSeveralLogHosts:
    def test_the_worst_answers_of_all(self) -> None:
        fine = verdict(healthy(), replace(HOST, name="mx2"), coverage())

        both = combine([fine, seed_verdict(AS_FOUND)])

        assert (both.relaying, both.broken_authenticator) == (Answer.YES, Answer.YES)
        assert both.open_relay is Answer.UNKNOWN
        assert both.headline == "srv1 has sent spam for a stranger who logs in without a user name."
        assert both.questions[0].because.startswith("mx2: ")

    def test_all_fine(self) -> None:
        fine = verdict(healthy(), HOST, coverage())

        assert combine([fine, fine]).relaying is Answer.NO

    def test_none(self) -> None:
        assert combine([]).relaying is Answer.UNKNOWN


def test_the_shape_of_the_json() -> None:
    document = seed_verdict(AS_FOUND).as_json()

    assert set(document) == {"verdict", "coverage"}
    assert {
        "open_relay",
        "broken_authenticator",
        "compromised_accounts",
        "local_scripts",
        "summary",
        "next_steps",
    } <= set(document["verdict"])
    assert document["verdict"]["broken_authenticator"] == "yes"
    assert all({"rule", "why"} <= set(gap) for gap in document["coverage"])


def test_the_shape_of_a_suspect() -> None:
    report = address_report(SEED, host=SEED_HOST, address="129.137.152.170")

    assert report is not None
    entry = report.as_json()
    assert entry["kind"] == "sender_host_address"
    assert entry["value"] == "129.137.152.170"
    assert entry["rules"] == ["A01", "C12", "H01"]
    assert (entry["severity"], entry["attack"]) == ("critical", "A01:plain")
    assert (entry["messages"], entry["recipients"], entry["delivered"]) == (1, 1, 1)
    assert entry["message_ids"] == ["1adXzZ-0007sb-Pz"]
    assert entry["first_at"] == "2026-03-09T06:00:00+00:00"


def test_text_from_the_log_cannot_leave_its_quotes_in_a_command() -> None:
    report = address_report(SEED, host=SEED_HOST, address="129.137.152.170")
    assert report is not None
    hostile = replace(
        report,
        kind=SubjectKind.SENDER_HOST_ADDRESS,
        value="1.2.3.4'; rm -rf / #\n",
        queued=1,
        severity=Severity.HIGH,
    )

    answer = verdict([hostile], replace(SEED_HOST, name="srv1; reboot"), SEED_COVERAGE, _holes())

    commands = [step.command for step in answer.next_steps if step.command]
    assert "exipick -i '$sender_host_address eq 1.2.3.4'\"'\"'; rm -rf / #' | xargs -r exim -Mrm" in commands
    assert any("--server 'srv1; reboot' " in command for command in commands)


def _holes() -> tuple[ConfigurationFinding, ...]:
    return audit(read(AS_FOUND))


def test_trusted_networks_settle_who_is_ours() -> None:
    host = replace(HOST, trusted_networks=(ip_network("203.0.113.0/24"),))
    found = reports(address_report(message(envelope_sender="alice@example.com"), *[refusal(1)], host=host))

    assert verdict(found, host, coverage()).open_relay is Answer.NO
