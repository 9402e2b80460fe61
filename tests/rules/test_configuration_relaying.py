"""Lists and ACLs: may a stranger relay? Bad, ok or undecided, in many spellings, and the repair holds."""

import pytest

from ingest.exim.configuration import read
from ingest.rules.configuration import ConfigurationFinding, audit
from ingest.rules.definition import Severity
from tests.rules.whole_configurations import WHOLE, changed, with_acl, with_list


def found(text: str, rule: str) -> list[ConfigurationFinding]:
    return [item for item in audit(read(text)) if item.rule == rule]


def state(text: str, rule: str) -> str:
    """The worst state of a rule."""
    return min((str(item.state) for item in found(text, rule)), key=["bad", "undecided", "ok"].index)


def test_nothing_is_bad_in_a_sound_configuration() -> None:
    assert [(item.rule, item.where) for item in audit(read(WHOLE)) if item.state != "ok"] == []
    assert {item.rule for item in audit(read(WHOLE))} == {f"X{number:02}" for number in range(1, 21)}


def test_of_no_text_nothing_is_said_to_be_fine() -> None:
    for text in ("", "primary_hostname = mx.example.org\n", "begin acl\n"):
        findings = audit(read(text))
        assert {item.rule for item in findings} == {f"X{number:02}" for number in range(1, 21)}
        assert {str(item.state) for item in findings} == {"undecided"}
        assert all(item.command and item.explanation for item in findings)


class TestTrustedHosts:
    @pytest.mark.parametrize(
        ("value", "severity"),
        [
            ("*", "critical"),
            ("127.0.0.1 : *", "critical"),
            ("0.0.0.0/0", "critical"),
            ("<; 127.0.0.1 ; ::/0", "critical"),
            ("<; 0.0.0.0/0 ; ::1", "critical"),
            ("127.0.0.1 : 16.0.0.0/8", "critical"),
            ("<; 2001:db8::/32", "critical"),
            ("^.*", "critical"),
            ("localhost : 100.0.0.0/5", "critical"),
            ("16.0.0.0/12", "high"),
            ("*.customers.isp.example", "high"),
            ("localhost : *.isp.example", "high"),
        ],
    )
    def test_too_wide(self, value: str, severity: str) -> None:
        (bad,) = found(with_list("hostlist", "relay_from_hosts", value), "X09")

        assert (bad.state, str(bad.severity)) == ("bad", severity)
        assert bad.where == "relay_from_hosts, line 5"
        repaired = bad.fix.removeprefix("hostlist relay_from_hosts = ")
        assert state(with_list("hostlist", "relay_from_hosts", repaired), "X09") == "ok"

    def test_by_way_of_a_macro_another_list_and_a_continued_line(self) -> None:
        for value in ("ALL", "\\\n   # all of them\n   0.0.0.0/0", "+others"):
            text = with_list("hostlist", "relay_from_hosts", value)
            assert state(f"ALL = *\nhostlist others = 10.0.0.1 : 0.0.0.0/0\n{text}", "X09") == "bad"

    @pytest.mark.parametrize(
        "value",
        ["", "localhost", "127.0.0.1 : 10.0.0.0/8", "192.168.0.0/16", "<; ::1 ; 198.51.100.0/24", "@[]"],
    )
    def test_single_machines_and_own_networks(self, value: str) -> None:
        assert state(with_list("hostlist", "relay_from_hosts", value), "X09") == "ok"

    @pytest.mark.parametrize(
        "value",
        ["/etc/relay", "net-lsearch;/etc/relay", "UNKNOWN_NETS", "+elsewhere", "172.16.0.0/12", "${if x}"],
    )
    def test_what_cannot_be_told(self, value: str) -> None:
        assert state(with_list("hostlist", "relay_from_hosts", value), "X09") == "undecided"

    def test_what_a_condition_decides(self) -> None:
        line = "hostlist relay_from_hosts = localhost\n"
        text = changed(
            (
                line,
                f".include /etc/exim4/more\n.ifdef OPEN\nhostlist relay_from_hosts = *\n.else\n{line}.endif\n",
            )
        )
        assert state(text, "X09") == "undecided"
        wide = changed((line, f".ifdef OPEN\nhostlist relay_from_hosts = *\n.else\n{line}.endif\n"))
        assert state(wide, "X09") == "ok"
        assert state(f"OPEN = 1\n{wide}", "X09") == "bad"

    def test_the_list_alone(self) -> None:
        """As ``exim -bP +relay_from_hosts`` prints it."""
        assert state("hostlist relay_from_hosts = 0.0.0.0/0\n", "X09") == "bad"


class TestDomains:
    @pytest.mark.parametrize("name", ["local_domains", "relay_to_domains"])
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("*", "bad"),
            ("example.com : *", "bad"),
            ("! bad.example", "bad"),
            ("@mx_any", "bad"),
            ("mysql;SELECT 1", "bad"),
            ("mysql;SELECT d FROM domains WHERE d='$domain'", "bad"),
            ("${lookup mysql{SELECT d FROM domains WHERE d='$domain'}}", "bad"),
            ("ALL", "bad"),
            ("@ : example.com : *.example.net", "ok"),
            ("lsearch;/etc/localdomains", "ok"),
            ("@ : dsearch;/etc/virtual", "ok"),
            ("${lookup{$domain}lsearch{/etc/domains}{$value}}", "ok"),
            ("mysql;SELECT d FROM domains WHERE d='${quote_mysql:$domain}'", "ok"),
            ("partial-lsearch;/etc/domains", "ok"),
            ("partial-lsearch*;/etc/domains", "undecided"),
            ("wildlsearch;/etc/domains", "undecided"),
            ("/etc/domains", "undecided"),
            ("MY_DOMAINS", "undecided"),
            ("mysql;SELECT d FROM domains WHERE d LIKE '${quote_mysql:$domain}'", "undecided"),
            ("${perl{domains}}", "undecided"),
        ],
    )
    def test_whose_mail_is_taken(self, name: str, value: str, expected: str) -> None:
        text = f"ALL = *\n{with_list('domainlist', name, value)}"
        assert state(text, "X10") == expected
        for bad in found(text, "X10"):
            if bad.state == "bad":
                repaired = with_list("domainlist", name, bad.fix.split("=", 1)[1].strip())
                assert state(repaired, "X10") == "ok"

    def test_relaying_to_all_domains_is_an_open_relay(self) -> None:
        text = with_list("domainlist", "relay_to_domains", "*")
        assert found(text, "X10")[0].severity is Severity.CRITICAL
        assert state(text, "X11") == "bad"


GUARD = "  require domains = +local_domains : +relay_to_domains\n  accept"


class TestAcl:
    @pytest.mark.parametrize(
        "statements",
        [
            "  accept",
            "  accept hosts = *",
            "  accept domains = *",
            f"  accept senders = *@example.org\n{GUARD}",
            f"  accept sender_domains = +local_domains\n{GUARD}",
            f"  accept\n     sender_domains = lsearch;/etc/whitelist\n{GUARD}",
            f"  accept condition = ${{if eq{{$sender_helo_name}}{{friend}}}}\n{GUARD}",
            f"  accept condition = true\n{GUARD}",
            f"  accept !hosts = 192.0.2.1\n{GUARD}",
            f"  accept domains = !+local_domains\n{GUARD}",
            f"  accept verify = recipient\n{GUARD}",
            f"  accept encrypted = *\n{GUARD}",
            f"  deny !verify = sender\n  warn message = hm\n  accept hosts = 0.0.0.0/0\n{GUARD}",
            f"  accept acl = other\n{GUARD}\nother:\n  deny senders = :\n  accept sender_domains = example.org",
            f"  deny acl = other\n  accept\n{GUARD}\nother:\n  accept senders = spam@example.org",
            "  require verify = sender\n  accept !authenticated = *",
            "  deny hosts = /etc/blacklist\n  deny dnslists = zen.example\n  accept",
        ],
    )
    def test_a_stranger_is_accepted(self, statements: str) -> None:
        (bad,) = found(with_acl(statements), "X11")

        assert (bad.state, bad.severity) == ("bad", Severity.CRITICAL)
        assert bad.where.startswith("acl ")
        assert "exim -bh 203.0.113.1" in bad.command
        assert bad.evidence.splitlines()[0] in with_acl(statements)

    @pytest.mark.parametrize(
        "statements",
        [
            GUARD,
            f"  accept hosts = :\n{GUARD}",
            f"  accept authenticated = *\n{GUARD}",
            f"  accept hosts = +relay_from_hosts\n{GUARD}",
            "  accept domains = +local_domains\n  accept domains = +relay_to_domains\n  deny message = no\n  accept",
            f"  accept sender_domains = example.org\n         authenticated = *\n{GUARD}",
            f"  accept senders = friend@example.org\n         hosts = 192.0.2.1\n{GUARD}",
            f"  accept senders = :\n         domains = +local_domains\n{GUARD}",
            f"  accept condition = ${{if def:authenticated_id}}\n{GUARD}",
            f"  accept condition = ${{if eq{{$authenticated_id}}{{}}{{no}}{{yes}}}}\n{GUARD}",
            f"  accept condition = false\n{GUARD}",
            f"  accept verify = certificate\n{GUARD}",
            "  deny domains = !+local_domains\n       !authenticated = *\n       hosts = !+relay_from_hosts\n  accept",
            "  accept domains = +local_domains\n         endpass\n         verify = recipient\n  deny",
            f"  discard senders = spam@example.org\n{GUARD}",
            f"  accept acl = other\n{GUARD}\nother:\n  deny !authenticated = *\n  accept",
            "  deny acl = other\n  accept\nother:\n  accept domains = !+local_domains",
            "  deny message = relay not permitted",
        ],
    )
    def test_a_stranger_is_refused(self, statements: str) -> None:
        assert state(with_acl(statements), "X11") == "ok"

    @pytest.mark.parametrize(
        "statements",
        [
            f"  accept hosts = /etc/relayhosts\n{GUARD}",
            f"  accept hosts = +elsewhere\n{GUARD}",
            f"  accept condition = ${{lookup{{$sender_host_address}}lsearch{{/etc/friends}}{{yes}}{{no}}}}\n{GUARD}",
            f"  accept condition = MY_CONDITION\n{GUARD}",
            f"  accept MY_CONDITION\n{GUARD}",
            f"  MY_STATEMENTS\n{GUARD}",
            f"  .include /etc/exim4/acl\n{GUARD}",
            f"  accept acl = not_here\n{GUARD}",
            f"  accept domains = wildlsearch;/etc/domains\n{GUARD}",
            "  deny condition = ${perl{unwanted}}\n  accept",
            "  accept\n  .include /etc/x\n",
            "  require domains = +elsewhere\n  accept",
        ],
    )
    def test_what_cannot_be_told_says_how_to_try(self, statements: str) -> None:
        (undecided,) = found(with_acl(statements), "X11")

        assert undecided.state == "undecided"
        assert "exim -bh 203.0.113.1" in undecided.command

    @pytest.mark.parametrize(
        "statements", [f"  accept sender_domains = example.org\n{GUARD}", "  accept hosts = *", "  accept"]
    )
    def test_the_repaired_statement_refuses_strangers(self, statements: str) -> None:
        (bad,) = found(with_acl(statements), "X11")

        repaired = (
            statements.replace(bad.evidence, bad.fix, 1) if bad.evidence in statements else f"{bad.fix}\n"
        )
        assert state(with_acl(repaired), "X11") == "ok"

    def test_the_setting_may_choose_between_lists(self) -> None:
        choice = "acl_smtp_rcpt = ${if eq{$interface_port}{25}{acl_check_rcpt}{acl_open}}"
        text = changed(
            ("acl_smtp_rcpt = acl_check_rcpt", choice),
            ("acl_check_data:", "acl_open:\n  accept\nacl_check_data:"),
        )
        assert sorted(str(item.state) for item in found(text, "X11")) == ["bad", "ok"]

    def test_a_list_may_be_one_word(self) -> None:
        assert state(changed(("acl_smtp_rcpt = acl_check_rcpt", "acl_smtp_rcpt = accept")), "X11") == "bad"

    def test_who_is_refused_before_gets_no_further(self) -> None:
        text = with_acl("  accept").replace("acl_smtp_data", "acl_smtp_connect = acl_own\nacl_smtp_data")
        text = text.replace("acl_check_data:", "acl_own:\n  accept hosts = 10.0.0.0/8\nacl_check_data:")
        assert state(text, "X11") == "ok"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (changed(("acl_smtp_rcpt = acl_check_rcpt\n", "")), "bad"),
        (changed(("acl_smtp_rcpt = acl_check_rcpt", "acl_smtp_rcpt =")), "bad"),
        (changed(("acl_smtp_rcpt = acl_check_rcpt\n", ".include /etc/exim4/settings\n")), "undecided"),
        (WHOLE, "ok"),
    ],
)
def test_no_list_for_recipients_is_no_hole(text: str, expected: str) -> None:
    assert state(text, "X12") == expected
    if expected == "bad":
        assert found(text, "X12")[0].severity is Severity.MEDIUM
        assert state(text, "X11") == "ok"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"percent_hack_domains = *\n{WHOLE}", "bad"),
        (with_acl(GUARD), "bad"),
        (with_acl(f"  deny local_parts = ^.*[@%!/|]\n{GUARD}"), "ok"),
        (with_acl(f"  deny acl = signs\n{GUARD}\nsigns:\n  deny local_parts = ^.*[@%!]\n  accept"), "ok"),
        (with_acl(f"  .include /etc/x\n{GUARD}"), "undecided"),
        (with_acl(f"  deny acl = elsewhere\n{GUARD}"), "undecided"),
        (WHOLE, "ok"),
    ],
)
def test_percent_hack(text: str, expected: str) -> None:
    assert state(text, "X13") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (with_acl(GUARD), "bad"),
        (with_acl(f"  warn !verify = recipient\n{GUARD}"), "bad"),
        (with_acl(f"  require verify = recipient/callout\n{GUARD}"), "ok"),
        (with_acl(f"  deny !verify = recipient\n{GUARD}"), "ok"),
        (with_acl(f"  .include /etc/x\n{GUARD}"), "undecided"),
        (WHOLE, "ok"),
    ],
)
def test_recipients_that_do_not_exist(text: str, expected: str) -> None:
    assert state(text, "X14") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (with_acl("  accept hosts = /etc/relayhosts"), "bad"),
        (with_list("hostlist", "relay_from_hosts", "127.0.0.1 : net-iplsearch;/etc/relayhosts"), "bad"),
        (with_acl("  accept hosts = ${if exists{/etc/popauth}{dbm;/etc/popauth}}"), "bad"),
        (WHOLE, "ok"),
    ],
)
def test_pop_before_smtp(text: str, expected: str) -> None:
    assert state(text, "X19") == expected
