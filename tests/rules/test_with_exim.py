"""What is read and said of a configuration is what Exim itself does with it, before and after the repair."""

import shlex
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ingest.exim.configuration import Configuration, read
from ingest.rules.configuration import ConfigurationFinding, audit
from tests.rules.real_exim import EXIM, RealExim, needs_exim
from tests.rules.whole_configurations import WHOLE, with_acl, with_list

pytestmark = needs_exim

QUERY = "SELECT password FROM users WHERE username='${quote_sqlite:$auth2}'"
UNQUOTED = "SELECT password FROM users WHERE username='$auth2'"


@pytest.fixture
def exim() -> Iterator[RealExim]:
    """Exim and its users; pytest's own folder is closed to the user that Exim becomes."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "passwd").write_text("alice: secret\n")
        with closing(sqlite3.connect(folder / "users.db")) as users, users:
            users.execute("CREATE TABLE users (username, password)")
            users.execute("INSERT INTO users VALUES ('alice', 'secret')")
        (folder / "users.db").chmod(0o644)
        yield RealExim(folder)


def with_check(condition: str, folder: Path) -> str:
    """The whole configuration with another password check, which is offered without TLS."""
    head, _ = WHOLE.split("  server_condition", 1)
    condition = condition.replace("FILE", f"{folder}/passwd").replace(
        "sqlite{", f"sqlite,file={folder}/users.db {{"
    )
    return f"{head}  server_condition = {condition}\n  server_set_id = $auth2\n"


def states(text: str) -> dict[str, str]:
    """The worst state of each rule."""
    order = ["ok", "undecided", "bad"]
    found = sorted(audit(read(text)), key=lambda item: order.index(str(item.state)))
    return {item.rule: str(item.state) for item in found}


def finding(text: str, rule: str) -> ConfigurationFinding:
    return next(item for item in audit(read(text)) if item.rule == rule)


GUESSES = [
    ("", ""),
    ("nosuchuser", ""),
    ("nosuchuser", "x"),
    ("nosuchuser", "*"),
    ("alice", ""),
    ("alice", "x"),
]
INJECTION = ("' UNION SELECT 'mine' -- ", "mine")


class TestPasswordChecks:
    @pytest.mark.parametrize(
        ("condition", "rule"),
        [
            ("${if eq{$auth3}{${lookup{$auth2}lsearch{FILE}}}}", "X01"),
            ("${if eq{$3}{${lookup sqlite{" + QUERY + "}}}{yes}{no}}", "X01"),
            ("${if eq{${lookup sqlite{" + QUERY + "}}}{$auth3}{yes}{no}}", "X01"),
            ("${if eqi {$auth3} {${lookup{$auth2}lsearch{FILE}{$value}{}}} {1}{0}}", "X01"),
            ("${if and{{!eq{$auth2}{}}{eq{$auth3}{${lookup{$auth2}lsearch{FILE}}}}}}", "X01"),
            ("${if def:auth2{${if eq{$auth3}{${lookup{$auth2}lsearch{FILE}}}}}{no}}", "X01"),
            ("${if !eq{$auth3}{${lookup{$auth2}lsearch{FILE}}}{no}{yes}}", "X01"),
            ("${if or{{!eq{$auth3}{${lookup{$auth2}lsearch{FILE}}}}{eq{x}{y}}}{no}{yes}}", "X01"),
            ("${if or{{eq{a}{b}}{eq{$auth3}{${lookup{$auth2}lsearch{FILE}}}}}}", "X01"),
            ("${if !or{{!eq{$auth3}{${lookup{$auth2}lsearch{FILE}}}}{eq{x}{y}}}}", "X01"),
            ("${if eq{$auth3}{${lookup{$auth2}lsearch{FILE}{$value}{*}}}}", "X04"),
            ("${lookup{$auth2}lsearch{FILE}{${if eq{$auth3}{$value}}}{yes}}", "X04"),
            (
                "${if and{{def:auth2}{!eq{$3}{}}{eq{$3}{${lookup sqlite{" + UNQUOTED + "}{$value}fail}}}}}",
                "X03",
            ),
            (
                "${if and{{def:auth2}{!eq{$3}{}}{eq{${lookup sqlite{" + UNQUOTED + "}{$value}fail}}{$3}}}}",
                "X03",
            ),
        ],
    )
    def test_strangers_get_in_and_after_the_repair_they_do_not(
        self, exim: RealExim, condition: str, rule: str
    ) -> None:
        text = with_check(condition, exim.folder)
        guesses = [INJECTION] if rule == "X03" else GUESSES
        assert states(text)[rule] == "bad"
        assert any(exim.configure(text).lets_in(*guess) for guess in guesses)

        repaired = with_check(finding(text, rule).fix.removeprefix("server_condition = "), exim.folder)

        assert {states(repaired)[code] for code in ("X01", "X02", "X03", "X04", "X05")} == {"ok"}
        assert not any(exim.configure(repaired).lets_in(*guess) for guess in (*GUESSES, INJECTION))
        assert exim.lets_in("alice", "secret")

    @pytest.mark.parametrize(
        "condition",
        [
            "true",
            "${if !eq{$auth3}{}{yes}{no}}",
            "${if and{{def:auth2}{def:auth3}}{1}{0}}",
            "${if >{${strlen:$auth3}}{0}}",
            "${lookup{$auth2}lsearch{FILE}{yes}{no}}",
            "${if eq{x}{x}}",
        ],
    )
    def test_any_password_is_right(self, exim: RealExim, condition: str) -> None:
        text = with_check(condition, exim.folder)

        assert states(text)["X02"] == "bad"
        assert any(exim.configure(text).lets_in(*guess) for guess in GUESSES)

    @pytest.mark.parametrize(
        "condition",
        [
            "${if eq{$auth3}{${lookup{$auth2}lsearch{FILE}{$value}fail}}}",
            "${if eq{$auth3}{${lookup sqlite{" + QUERY + "}{$value}fail}}{yes}{no}}",
            "${if and{{!eq{$auth3}{}}{eq{$auth3}{${lookup{$auth2}lsearch{FILE}}}}}}",
            "${if and{{>{${strlen:$auth3}}{0}}{eq{$auth3}{${lookup{$auth2}lsearch{FILE}}}}}}",
            "${if and{{match{$auth3}{\\N^.+$\\N}}{eq{$auth3}{${lookup{$auth2}lsearch{FILE}}}}}}",
            "${if or{{eq{$auth3}{}}{!eq{$auth3}{${lookup{$auth2}lsearch{FILE}}}}}{no}{yes}}",
            "${if eq{$auth3}{}{no}{${if eq{$auth3}{${lookup{$auth2}lsearch{FILE}}}}}}",
            "${lookup{$auth2}lsearch{FILE}{${if eq{$auth3}{$value}}}{false}}",
            "${if eq{${md5:$auth3}}{${md5:${lookup{$auth2}lsearch{FILE}{$value}fail}}}}",
        ],
    )
    def test_only_the_password_is_right(self, exim: RealExim, condition: str) -> None:
        text = with_check(condition, exim.folder)

        assert {states(text)[code] for code in ("X01", "X02", "X03", "X04", "X05")} == {"ok"}
        assert not any(exim.configure(text).lets_in(*guess) for guess in (*GUESSES, INJECTION))
        assert exim.lets_in("alice", "secret")

    @pytest.mark.parametrize("looked_up", ["{$auth2}lsearch{FILE}", " sqlite{" + QUERY + "}"])
    def test_the_command_shows_the_hole(self, exim: RealExim, looked_up: str) -> None:
        text = with_check(f"${{if eq{{$auth3}}{{${{lookup{looked_up}}}}}}}", exim.folder)
        words = shlex.split(finding(text, "X01").command)

        assert words[:2] == ["exim", "-be"]
        assert exim.configure(text).run("-be", words[2]).strip() == "yes"


GUARD = "  require domains = +local_domains : +relay_to_domains\n  accept"


class TestRelaying:
    @pytest.mark.parametrize(
        "statements",
        [
            "  accept",
            "  accept hosts = *",
            f"  accept senders = *@example.org\n{GUARD}",
            f"  accept sender_domains = +local_domains\n{GUARD}",
            f"  accept condition = ${{if eq{{$sender_helo_name}}{{friend}}}}\n{GUARD}",
            f"  accept condition = true\n{GUARD}",
            f"  accept !hosts = 192.0.2.1\n{GUARD}",
            f"  accept hosts = ! 192.0.2.1\n{GUARD}",
            f"  accept domains = !+local_domains\n{GUARD}",
            f"  accept verify = recipient\n{GUARD}",
            f"  accept acl = other\n{GUARD}\nother:\n  deny senders = :\n  accept sender_domains = example.org",
            "  deny acl = other\n  accept\nother:\n  accept senders = nobody@example.org",
            "  require verify = sender\n  accept !authenticated = *",
        ],
    )
    def test_strangers_relay_and_after_the_repair_they_do_not(self, exim: RealExim, statements: str) -> None:
        text = with_acl(statements)
        bad = finding(text, "X11")
        assert bad.state == "bad"
        assert exim.configure(text).relays()

        repaired = text.replace(bad.evidence.replace("\n    ", "\n  "), bad.fix, 1)
        if "deny acl" in statements:  # its end is what must change
            repaired = with_acl(statements.replace("  accept\n", f"{bad.fix}\n"))
        if states(repaired)["X11"] == "ok":
            assert not exim.configure(repaired).relays()

    @pytest.mark.parametrize(
        "statements",
        [
            GUARD,
            f"  accept hosts = :\n{GUARD}",
            f"  accept authenticated = *\n{GUARD}",
            f"  accept hosts = +relay_from_hosts\n{GUARD}",
            "  accept domains = +local_domains\n  accept domains = +relay_to_domains\n  deny message = no\n  accept",
            f"  accept sender_domains = example.org\n         authenticated = *\n{GUARD}",
            f"  accept condition = ${{if eq{{$authenticated_id}}{{}}{{no}}{{yes}}}}\n{GUARD}",
            "  deny domains = !+local_domains\n       !authenticated = *\n       hosts = !+relay_from_hosts\n  accept",
            "  accept domains = +local_domains\n         endpass\n         verify = recipient\n  deny",
            f"  accept acl = other\n{GUARD}\nother:\n  deny !authenticated = *\n  accept",
            "  deny acl = other\n  accept\nother:\n  accept domains = !+local_domains",
            "  deny message = relay not permitted",
        ],
    )
    def test_strangers_are_refused(self, exim: RealExim, statements: str) -> None:
        text = with_acl(statements)

        assert states(text)["X11"] == "ok"
        assert not exim.configure(text).relays()

    @pytest.mark.parametrize(
        ("value", "host"),
        [
            ("*", "203.0.113.1"),
            ("0.0.0.0/0", "203.0.113.1"),
            ("<; 127.0.0.1 ; ::/0", "2001:db8::1"),
            ("16.0.0.0/12", "16.1.2.3"),
            ("127.0.0.1 : 200.0.0.0/6", "203.0.113.1"),
            ("! 192.0.2.1", "203.0.113.1"),
        ],
    )
    def test_trusted_strangers(self, exim: RealExim, value: str, host: str) -> None:
        text = with_list("hostlist", "relay_from_hosts", value)
        assert states(text)["X09"] == "bad"
        assert exim.configure(text).relays(host)

        fix = finding(text, "X09").fix.split("=", 1)[1].strip()
        assert not exim.configure(with_list("hostlist", "relay_from_hosts", fix)).relays(host)

    @pytest.mark.parametrize("value", ["*", "example.com : *", "! bad.example", "sqlite;SELECT 1"])
    @pytest.mark.parametrize("name", ["relay_to_domains", "local_domains"])
    def test_mail_for_any_domain(self, exim: RealExim, name: str, value: str) -> None:
        text = with_list("domainlist", name, value).replace("sqlite;", f"sqlite,file={exim.folder}/users.db;")
        assert states(text)["X10"] == "bad"
        assert exim.configure(text).relays() or name == "local_domains"

        fix = finding(text, "X10").fix.split("=", 1)[1].strip()
        assert not exim.configure(with_list("domainlist", name, fix)).relays()

    def test_the_repairs_of_other_rules_are_accepted(self, exim: RealExim) -> None:
        text = with_acl(GUARD)
        pieces = [finding(text, rule).fix for rule in ("X13", "X18", "X14")]

        repaired = with_acl("\n".join([*pieces, GUARD]))

        assert {states(repaired)[rule] for rule in ("X11", "X13", "X14", "X18")} == {"ok"}
        assert not exim.configure(repaired).relays()


MACROS = """\
NETS = 127.0.0.1 : 10.0.0.0/8
DOMAIN = example.org
OTHER = lists.DOMAIN
.ifdef OPEN
NETS == *
.endif
.ifndef QUIET
SELECTOR = +incoming_port \\
   # a comment between
   +arguments
.else
SELECTOR =
.endif
.ifdef NETS
hostlist relay_from_hosts = NETS
.else
hostlist relay_from_hosts = *
.endif
.ifdef UNKNOWN
qualify_domain = unknown.example
.elifdef SELECTOR
qualify_domain = OTHER
.else
qualify_domain = else.example
.endif
log_selector = SELECTOR
  domainlist   local_domains   =   @ : DOMAIN : \\
\tOTHER
keep_environment =
"""


class TestReading:
    def test_macros_and_conditions_as_exim_follows_them(self, exim: RealExim) -> None:
        _, rest = WHOLE.split("begin acl", 1)
        text = f"{MACROS}begin acl{rest}"
        read_here = read(text)
        read_by_exim = read(exim.configure(text).run("-bP", "config"))

        for name in ("qualify_domain", "log_selector"):
            assert read_here.get(name) == read_by_exim.get(name) != ""
        lists = [
            {name: item.value.split() for name, item in one.named_lists.items()}
            for one in (read_here, read_by_exim)
        ]
        assert lists[0] == lists[1]
        assert [str(network) for network in read_here.trusted_networks(15)] == ["127.0.0.1/32", "10.0.0.0/8"]

    @pytest.mark.parametrize(
        "text", [WHOLE, with_acl("  accept hosts = *"), f"OPEN = *\n{WHOLE}".replace("localhost", "OPEN")]
    )
    def test_exim_bp_config_is_judged_like_the_file(self, exim: RealExim, text: str) -> None:
        printed = exim.configure(text).run("-bP", "config")

        assert states(printed) == states(text)
        assert _statements(read(printed)) == _statements(read(text))

    def test_what_exim_prints_in_pieces_is_judged_like_the_file(self, exim: RealExim) -> None:
        """Settings, lists, routers, transports and authenticators; ACLs are only in ``exim -bP config``."""
        text = with_list("hostlist", "relay_from_hosts", "0.0.0.0/0").replace("arguments", "subject")
        exim.configure(text)
        lists = exim.run("-bP", "+local_domains", "+relay_to_domains", "+relay_from_hosts")
        pieces = [
            exim.run("-bP"),
            lists,
            *(exim.run("-bP", what) for what in ("authenticators", "routers", "transports")),
        ]

        found, whole = states("\n".join(pieces)), states(text)

        for rule in (
            "X01",
            "X02",
            "X03",
            "X04",
            "X05",
            "X06",
            "X07",
            "X08",
            "X09",
            "X10",
            "X12",
            "X16",
            "X17",
            "X20",
        ):
            assert (rule, found[rule]) == (rule, whole[rule])
        assert found["X11"] == "undecided"

    def test_the_commands_that_print_what_is_missing_work(self, exim: RealExim) -> None:
        exim.configure(WHOLE)
        commands = {
            item.command
            for item in audit(read(""))
            if item.command.startswith("exim -bP") and "|" not in item.command
        }

        assert commands
        for command in commands:
            assert exim.run(*shlex.split(command)[1:]).strip()

    def test_the_session_of_a_stranger_is_a_shell_command(self, exim: RealExim, tmp_path: Path) -> None:
        exim.configure(with_acl("  accept hosts = *"))
        command = finding(with_acl("  accept hosts = *"), "X11").command
        command = command.replace("exim -bh", f"{EXIM} -C {exim.file} -bh")

        printed = subprocess.run(
            ["sh", "-c", command], capture_output=True, text=True, check=True, cwd=tmp_path
        ).stdout

        assert "250 Accepted" in printed


def _lists(configuration: Configuration) -> dict[str, list[str]]:
    return {name: item.value.split() for name, item in configuration.named_lists.items()}


def _statements(configuration: Configuration) -> list[tuple[str, str, tuple[tuple[str, str, bool], ...]]]:
    return [
        (
            acl.name,
            statement.verb,
            tuple((item.name, item.value, item.is_negated) for item in statement.items),
        )
        for acl in configuration.acls
        for statement in acl.statements
    ]
