"""The configuration audit: bad, ok or undecided; and the repaired text is really repaired."""

import pytest

from ingest.exim.configuration import read
from ingest.rules.definition import Severity
from tests.rules.configuration_texts import (
    LOOKUP,
    SOUND,
    SQL,
    authenticator,
    finding,
    on_authenticators,
    states,
)
from tests.rules.seed import AS_FOUND, AS_MENDED, EXIM_BP


class TestSeed:
    @pytest.mark.parametrize("before", ["", EXIM_BP])
    def test_as_found(self, before: str) -> None:
        assert on_authenticators(before + AS_FOUND) == {
            "X01": "bad",
            "X02": "ok",
            "X03": "ok",
            "X04": "ok",
            "X05": "ok",
            "X06": "ok",
            "X07": "ok",
            "X08": "bad",
        }

    @pytest.mark.parametrize("before", ["", EXIM_BP])
    def test_as_mended(self, before: str) -> None:
        assert on_authenticators(before + AS_MENDED) == {
            "X01": "ok",
            "X02": "ok",
            "X03": "bad",
            "X04": "ok",
            "X05": "ok",
            "X06": "ok",
            "X07": "ok",
            "X08": "bad",
        }

    def test_the_hole_is_shown_with_its_place_and_a_command(self) -> None:
        found = finding(AS_FOUND, "X01")

        assert found.where == "authenticator plain, line 5, server_condition"
        assert found.evidence.startswith("server_condition = ${if eq{$3}{${lookup mysql{")
        assert found.severity is Severity.CRITICAL
        assert found.command == (
            "exim -be '${if eq{}{${lookup mysql{SELECT password FROM users WHERE 1=0}}}{yes}{no}}'"
        )

    def test_the_repaired_condition(self) -> None:
        assert finding(AS_FOUND, "X01").fix == (
            "server_condition = ${if and{ {!eq{$auth2}{}} {!eq{$auth3}{}} {eq{$auth3}{${lookup mysql{ SELECT "
            "password FROM users WHERE CONCAT(username,'@',domain)='${quote_mysql:$auth2}' AND smtp>0 "
            "}{$value}fail}}} }{yes}{no}}"
        )

    def test_the_repaired_query(self) -> None:
        assert "WHERE user='${quote_mysql:$auth2}' }{$value}fail}" in finding(AS_MENDED, "X03").fix

    def test_the_repair_closes_every_hole(self) -> None:
        repaired = read(AS_FOUND).text
        for rule, text in ((rule, text) for text in (AS_FOUND, AS_MENDED) for rule in ("X01", "X03", "X08")):
            found = finding(text, rule)
            if found.fix:
                lines = [line for line in text.splitlines() if not line.startswith(found.fix.split(" =")[0])]
                repaired = "\n".join([*lines, found.fix])
                assert states(repaired)[rule] == "ok"
                assert states(repaired)["X01"] in {"ok", states(text)["X01"]}


class TestEmptyLookup:
    @pytest.mark.parametrize(
        "condition",
        [
            pytest.param(f"${{if eq{{$auth3}}{{{LOOKUP}}}}}", id="plain comparison"),
            pytest.param(f"${{if eq{{{LOOKUP}}}{{$auth3}}}}", id="the other way round"),
            pytest.param(f"${{if eqi{{$3}}{{{LOOKUP}}}{{yes}}{{no}}}}", id="without case"),
            pytest.param(f"${{if eq {{ $auth3 }} {{ {LOOKUP} }} {{yes}}{{no}} }}", id="with spaces"),
            pytest.param("${if eq{$auth3}{${lookup{$auth2}lsearch{/etc/passwd}}}}", id="file"),
            pytest.param("${if eq{$auth3}{${lookup{$auth2}lsearch{/etc/p}{$value}}}}", id="only a success"),
            pytest.param("${if eq{$auth3}{${lookup{$auth2}lsearch{/etc/p}{$value}{}}}}", id="empty failure"),
            pytest.param(
                "${if eq{$auth3}{${extract{2}{:}{${lookup{$auth2}lsearch{/etc/p}}}}}}", id="a field of it"
            ),
            pytest.param(f"${{if eq{{${{lc:$auth3}}}}{{${{lc:{LOOKUP}}}}}}}", id="lower case"),
            pytest.param(
                f"${{if and{{{{!eq{{$auth2}}{{}}}}{{eq{{$auth3}}{{{LOOKUP}}}}}}}}}", id="user guarded"
            ),
            pytest.param(f"${{if or{{{{eq{{$auth3}}{{x}}}}{{eq{{$auth3}}{{{LOOKUP}}}}}}}}}", id="or"),
            pytest.param(f"${{if def:auth2 {{${{if eq{{$auth3}}{{{LOOKUP}}}}}}}{{no}}}}", id="nested"),
            pytest.param(f"${{if match{{$auth3}}{{.*}}{{${{if eq{{$auth3}}{{{LOOKUP}}}}}}}}}", id="no guard"),
            pytest.param(f"${{if !eq{{$auth3}}{{{LOOKUP}}}{{no}}{{yes}}}}", id="negated"),
        ],
    )
    def test_bad_and_repairable(self, condition: str) -> None:
        text = authenticator(condition)
        found = finding(text, "X01")

        assert found.state == "bad"
        assert states(authenticator(found.fix.removeprefix("server_condition = ")))["X01"] == "ok"

    @pytest.mark.parametrize(
        "condition",
        [
            pytest.param(f"${{if eq{{$auth3}}{{{SOUND}}}}}", id="forced to fail"),
            pytest.param("${if eq{$auth3}{${lookup{$auth2}lsearch{/etc/p}{$value}{*:*}}}}", id="a fallback"),
            pytest.param(
                f"${{lookup mysql{{{SQL}}}{{${{if eq{{$value}}{{$auth3}}}}}}{{false}}}}", id="inside"
            ),
            pytest.param(f"${{if crypteq{{$auth3}}{{{LOOKUP}}}}}", id="crypteq"),
            pytest.param(f"${{if eq{{${{md5:$auth3}}}}{{{LOOKUP}}}}}", id="hash of the password"),
            pytest.param(
                f"${{if and{{{{!eq{{$3}}{{}}}}{{eq{{$auth3}}{{{LOOKUP}}}}}}}}}", id="guarded, older name"
            ),
            pytest.param(f"${{if and{{{{eq{{$auth3}}{{{LOOKUP}}}}}{{def:auth3}}}}}}", id="guarded, def"),
            pytest.param(
                f"${{if and{{{{match{{$auth3}}{{\\N^.+$\\N}}}}{{eq{{$auth3}}{{{LOOKUP}}}}}}}}}",
                id="guarded, match",
            ),
            pytest.param(
                f"${{if and{{{{>{{${{strlen:$auth3}}}}{{0}}}}{{eq{{$auth3}}{{{LOOKUP}}}}}}}}}",
                id="guarded, length",
            ),
            pytest.param(
                f"${{if eq{{$auth3}}{{}}{{no}}{{${{if eq{{$auth3}}{{{LOOKUP}}}}}}}}}", id="guarded, nested"
            ),
            pytest.param(
                f"${{if or{{{{eq{{$auth3}}{{}}}}{{!eq{{$auth3}}{{{LOOKUP}}}}}}}{{no}}{{yes}}}}",
                id="guarded, the other way round",
            ),
            pytest.param('${if ldapauth{user="$auth2" pass=${quote:$auth3} ldap://h/}}', id="other means"),
        ],
    )
    def test_sound(self, condition: str) -> None:
        assert states(authenticator(condition))["X01"] == "ok"

    @pytest.mark.parametrize(
        "condition", ["PASSWORD_CHECK", "${if eq{$auth3}{${lookup mysql{}", "${if x{y}}"]
    )
    def test_undecided_says_which_command_decides(self, condition: str) -> None:
        found = finding(authenticator(condition), "X01")

        assert (found.state, found.command) == ("undecided", "exim -bP authenticators")

    def test_an_empty_secret_is_a_password_too(self) -> None:
        text = authenticator("", driver="cram_md5", public_name="CRAM-MD5", server_secret=LOOKUP)
        found = finding(text, "X01")

        assert found.state == "bad"
        assert states(authenticator("", driver="cram_md5", server_secret=SOUND))["X01"] == "ok"
        assert found.fix == f"server_secret = {SOUND}"

    def test_a_driver_that_checks_itself(self) -> None:
        assert states(authenticator("", driver="dovecot", server_socket="/var/run/auth"))["X01"] == "ok"


@pytest.mark.parametrize(
    ("condition", "driver", "state"),
    [
        ("true", "plaintext", "bad"),
        (" 1 ", "plaintext", "bad"),
        ("${if eq{$auth3}{x}{yes}{true}}", "plaintext", "bad"),
        ("${if eq{$auth3}{x}{yes}{no}}", "plaintext", "ok"),
        ("false", "plaintext", "ok"),
        ("true", "dovecot", "ok"),
        ("${if eq{x}{x}}", "plaintext", "bad"),
        ("${if bool{yes}}", "plaintext", "bad"),
        ("${if !eq{$auth3}{}{yes}{no}}", "plaintext", "bad"),
        ("${if and{{def:auth2}{def:auth3}}{1}{0}}", "plaintext", "bad"),
        ("${if or{{eq{$auth3}{}}{!eq{$auth3}{}}}}", "plaintext", "bad"),
        ("${if eq{$auth3}{}{no}{yes}}", "plaintext", "bad"),
        ("${if >{${strlen:$auth3}}{4}}", "plaintext", "bad"),
        ("${lookup{$auth2}lsearch{/etc/users}{yes}{no}}", "plaintext", "bad"),
        ("${lookup{$auth2}lsearch{/etc/users}{${if crypteq{$auth3}{$value}}}{no}}", "plaintext", "ok"),
        ("${perl{check}{$auth2}}", "plaintext", "ok"),
        ("${if and{{!eq{$auth3}{}}{crypteq{$auth3}{${lookup{$2}lsearch{/f}}}}}}", "plaintext", "ok"),
    ],
)
def test_a_condition_that_is_always_true(condition: str, driver: str, state: str) -> None:
    assert states(authenticator(condition, driver=driver))["X02"] == state


class TestFallback:
    @pytest.mark.parametrize(
        "condition",
        [
            "${if eq{$auth3}{${lookup{$auth2}lsearch{/etc/p}{$value}{*:*}}}}",
            "${if eqi {${lookup{$auth2}lsearch{/etc/p}{$value}{none}}} {$auth3} {yes}{no}}",
            "${if eq{$auth3}{${extract{1}{:}{${lookup{$auth2}lsearch{/etc/p}{$value}{*:*}}}}}}",
            "${lookup{$auth2}lsearch{/etc/p}{${if eq{$auth3}{$value}}}{yes}}",
        ],
    )
    def test_bad_and_repaired(self, condition: str) -> None:
        found = finding(authenticator(condition), "X04")

        assert (found.state, found.severity) == ("bad", Severity.CRITICAL)
        assert states(authenticator(found.fix.removeprefix("server_condition = ")))["X04"] == "ok"
        assert found.command.startswith("swaks --server localhost --auth PLAIN")

    @pytest.mark.parametrize(
        "condition",
        [
            "${if eq{$auth3}{${lookup{$auth2}lsearch{/etc/p}{$value}fail}}}",
            "${if crypteq{$auth3}{${lookup{$auth2}lsearch{/etc/p}{$value}{*:*}}}}",
            "${if eq{${md5:$auth3}}{${lookup{$auth2}lsearch{/etc/p}{$value}{*}}}}",
            "${lookup{$auth2}lsearch{/etc/p}{${if eq{$auth3}{$value}}}{false}}",
        ],
    )
    def test_sound(self, condition: str) -> None:
        assert states(authenticator(condition))["X04"] == "ok"

    def test_a_secret_that_everybody_has_who_does_not_exist(self) -> None:
        text = authenticator("", driver="cram_md5", server_secret="${lookup{$auth1}lsearch{/f}{$value}{x y}}")

        assert finding(text, "X04").state == "bad"


class TestEmptyPasswords:
    @pytest.mark.parametrize(
        "condition",
        [
            "${if pam{$auth2:${sg{$auth3}{:}{::}}}{yes}{no}}",
            "${if radius{$auth2:$auth3}}",
            "${if saslauthd{{$auth2}{$auth3}}{1}{0}}",
            "${if and{{!eq{$auth2}{}}{pwcheck{$auth2:$auth3}}}}",
            "${if eq{${readsocket{/run/auth}{$auth2 $auth3}}}{OK}}",
            "${readsocket{/run/auth}{$auth2 $auth3}}",
        ],
    )
    def test_another_program_is_asked(self, condition: str) -> None:
        found = finding(authenticator(condition), "X05")

        assert (found.state, found.severity) == ("bad", Severity.MEDIUM)
        assert "!eq{$auth3}{}" in found.fix
        assert states(authenticator(found.fix.removeprefix("server_condition = ")))["X05"] == "ok"

    @pytest.mark.parametrize(
        "condition",
        [
            "${if and{{!eq{$auth3}{}}{pam{$auth2:$auth3}}}}",
            "${if and{{def:auth3}{radius{$auth2:$auth3}}}}",
            '${if ldapauth{user="$auth2" pass=${quote:$auth3} ldap://h/}}',
            "${if crypteq{$auth3}{${lookup{$auth2}lsearch{/f}{$value}fail}}}",
        ],
    )
    def test_it_is_refused_before(self, condition: str) -> None:
        assert states(authenticator(condition))["X05"] == "ok"

    def test_what_a_program_does_is_not_known(self) -> None:
        assert states(authenticator("${if bool{${perl{check}{$auth2}{$auth3}}}}"))["X05"] == "undecided"


@pytest.mark.parametrize(
    ("text", "state"),
    [
        pytest.param("CHECK = ${if eq{$auth3}{@LOOKUP@}}\n@PLAIN@CHECK\n", "bad", id="a macro"),
        pytest.param("FOUND = @LOOKUP@\n@PLAIN@${if eq{$auth3}{FOUND}}\n", "bad", id="a macro within"),
        pytest.param("@PLAIN@${if eq{$auth3}{FOUND}}\n", "undecided", id="an unknown macro within"),
        pytest.param("X=1\n.ifdef X\n@PLAIN@${if eq{$auth3}{@LOOKUP@}}\n.endif\n", "bad", id="defined"),
        pytest.param(".ifdef X\n@PLAIN@${if eq{$auth3}{@LOOKUP@}}\n.endif\n", "undecided", id="not told"),
        pytest.param("@PLAIN@${if eq \\\n  # so\n  {$auth3} \\\n\t{@LOOKUP@}}\n", "bad", id="continued"),
        pytest.param('@PLAIN@"${if eq{$auth3}{@LOOKUP@}}"\n', "bad", id="quoted"),
        pytest.param("# @PLAIN@${if eq{$auth3}{@LOOKUP@}}\n@PLAIN@${if eq{$auth3}{@SOUND@}}\n", "ok", id="comment"),
        pytest.param("@PLAIN@${if eq{$auth3}{@LOOKUP@}}\n.include /etc/x\n", "bad", id="an include behind"),
        pytest.param("@HIDDEN@${if eq{$auth3}{@LOOKUP@}}\n", "bad", id="hidden"),
    ],
)  # fmt: skip
def test_spellings(text: str, state: str) -> None:
    plain = (
        "plain:\n  driver = plaintext\n  public_name = PLAIN\n  server_set_id = $auth2\n  server_condition = "
    )
    text = text.replace("@HIDDEN@", plain.replace("server_condition", "hide server_condition"))
    text = text.replace("# @PLAIN@", "# server_condition = ").replace("@PLAIN@", plain)

    assert states(text.replace("@LOOKUP@", LOOKUP).replace("@SOUND@", SOUND))["X01"] == state
