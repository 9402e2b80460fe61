"""The audit: what is put into queries, who is logged, logins without TLS, and the findings as a whole."""

import pytest

from ingest.exim.configuration import read
from ingest.rules.configuration import audit
from ingest.rules.definition import Severity
from tests.rules.configuration_texts import (
    SOUND,
    authenticator,
    finding,
    states,
)
from tests.rules.seed import AS_FOUND, EXIM_BP
from tests.rules.whole_configurations import WHOLE


class TestInjection:
    @pytest.mark.parametrize(
        ("query", "repaired"),
        [
            ("WHERE u='$auth2'", "WHERE u='${quote_mysql:$auth2}'"),
            ("WHERE u='$2'", "WHERE u='${quote_mysql:$auth2}'"),
            ("WHERE u='${lc:$auth2}'", "WHERE u='${lc:${quote_mysql:$auth2}}'"),
            ("WHERE u=$auth2", "WHERE u='${quote_mysql:$auth2}'"),
            ("WHERE u='${quote_pgsql:$auth2}'", "WHERE u='${quote_pgsql:${quote_mysql:$auth2}}'"),
            ("WHERE u='${quote_mysql:$2}' AND h='$sender_helo_name'", None),
        ],
    )
    def test_unquoted(self, query: str, repaired: str | None) -> None:
        condition = f"${{if eq{{$auth3}}{{${{lookup mysql{{SELECT p FROM u {query}}}{{$value}}fail}}}}}}"
        found = finding(authenticator(condition), "X03")

        assert (found.state, found.severity) == ("bad", Severity.CRITICAL)
        if repaired:
            assert repaired in found.fix
        assert states(authenticator(found.fix.removeprefix("server_condition = ")))["X03"] == "ok"

    @pytest.mark.parametrize(
        "query",
        [
            "WHERE u='${quote_mysql:$auth2}'",
            "WHERE u='${quote_mysql:${lc:$auth2}}'",
            "WHERE h='${md5:$auth2}'",
        ],
    )
    def test_quoted(self, query: str) -> None:
        condition = f"${{lookup mysql{{SELECT 1 FROM u {query}}}{{yes}}{{no}}}}"

        assert states(authenticator(condition))["X03"] == "ok"

    def test_a_file_is_no_database(self) -> None:
        assert (
            states(authenticator("${if eq{$auth3}{${lookup{$auth2}lsearch{/f}{$value}fail}}}"))["X03"] == "ok"
        )


@pytest.mark.parametrize(
    ("mechanism", "set_id", "x06", "x07", "severity"),
    [
        ("PLAIN", "$auth2", "ok", "ok", Severity.INFO),
        ("PLAIN", "${lc:$2}", "ok", "ok", Severity.INFO),
        ("PLAIN", "$auth1", "ok", "bad", Severity.MEDIUM),
        ("PLAIN", "$auth3", "ok", "bad", Severity.HIGH),
        ("LOGIN", "$auth1", "ok", "ok", Severity.INFO),
        ("LOGIN", "$auth2", "ok", "bad", Severity.HIGH),
        ("PLAIN", "somebody", "ok", "undecided", Severity.HIGH),
        ("PLAIN", "", "bad", None, None),
    ],
)
def test_who_is_logged(
    mechanism: str, set_id: str, x06: str, x07: str | None, severity: Severity | None
) -> None:
    text = authenticator(public_name=mechanism, server_set_id=set_id)

    assert states(text)["X06"] == x06
    assert states(text).get("X07") == x07
    if x07:
        assert finding(text, "X07").severity is severity
        if x07 == "bad":
            assert (
                finding(text, "X07").fix
                == f"server_set_id = {'$auth2' if mechanism == 'PLAIN' else '$auth1'}"
            )


@pytest.mark.parametrize(
    ("condition", "main", "state"),
    [
        ("yes", "", "bad"),
        ("", "", "bad"),
        ("${if def:tls_in_cipher}", "", "ok"),
        ("${if eq{$tls_cipher}{}{no}{yes}}", "", "ok"),
        ("yes", "auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}\n", "ok"),
        ("${if eq{$sender_host_address}{192.0.2.1}}", "", "undecided"),
        ("${if eq{$tls_in_cipher}{}{yes}{no}}", "", "bad"),
        ("${if eq{$tls_in_cipher}{}{}{*}}", "", "ok"),
        ("${if or{{eq{$received_port}{465}}{def:tls_in_cipher}}}", "", "ok"),
        ("${if eq{$received_port}{587}}", "", "bad"),
        ("${if match{$tls_in_cipher}{TLS}{yes}{no}}", "", "ok"),
        ("", "auth_advertise_hosts =\n", "ok"),
    ],
)
def test_login_without_tls(condition: str, main: str, state: str) -> None:
    assert states(main + authenticator(server_advertise_condition=condition))["X08"] == state


def test_a_mechanism_that_sends_no_password_needs_no_tls() -> None:
    assert "X08" not in states(
        authenticator("", driver="cram_md5", public_name="CRAM-MD5", server_secret=SOUND)
    )


def test_without_authenticators_nothing_is_decided() -> None:
    found = audit(read(EXIM_BP))

    rules = {"X01", "X02", "X03", "X04", "X05", "X06", "X07", "X08"}
    assert {item.state for item in found if item.rule in rules} == {"undecided"}
    assert {item.command for item in found if item.rule in rules} == {"exim -bP authenticators"}


def test_a_whole_configuration_without_authenticators_lets_nobody_log_in() -> None:
    text, _ = WHOLE.split("plain:\n", 1)
    found = [item for item in audit(read(text)) if item.rule <= "X08"]

    assert {(str(item.state), item.title) for item in found} == {("ok", "Nobody can log in")}
    assert states(f".include /etc/exim4/more\n{text}")["X01"] == "undecided"


def test_logging_in_elsewhere_is_not_judged() -> None:
    text = "login:\n  driver = plaintext\n  public_name = LOGIN\n  client_send = : user : secret\n"

    assert {item.state for item in audit(read(text)) if item.rule <= "X08"} == {"undecided"}


def test_bad_comes_first_then_undecided_then_ok() -> None:
    found = audit(read(AS_FOUND + authenticator("PASSWORD_CHECK")))

    order = [str(item.state) for item in found]
    assert order == sorted(order, key=["bad", "undecided", "ok"].index)
    assert found[0].rule == "X01"


def test_no_password_reaches_a_finding() -> None:
    text = "mysql_servers = localhost/system/exim/mypassw\n" + authenticator("${if eq{$auth3}{Geh3im}}")

    assert not any("mypassw" in repr(item) or "Geh3im" in repr(item) for item in audit(read(text)))


def test_the_shape_of_the_json() -> None:
    entry = finding(AS_FOUND, "X01").as_json()

    assert list(entry) == [
        "rule", "state", "severity", "title", "where", "evidence", "explanation", "fix", "command",
    ]  # fmt: skip
    assert (entry["rule"], entry["state"], entry["severity"]) == ("X01", "bad", "critical")
