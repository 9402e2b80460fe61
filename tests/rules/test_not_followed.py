"""What the text does not hold, a file or a macro, makes a question undecided, never fine."""

import pytest

from ingest.exim.configuration import read
from ingest.rules.configuration import audit
from ingest.rules.definition import State
from tests.rules.whole_configurations import WHOLE

PLAIN = "plain:\n  driver = plaintext\n  public_name = PLAIN\n"
REST = "  server_set_id = $auth2\n"
SOUND = "  server_condition = ${if eq{$auth3}{${lookup{$auth2}lsearch{/f}{$value}fail}}}\n"
PASSWORD_RULES = ("X01", "X02", "X03", "X04", "X05")


def states(text: str, rule: str) -> set[State]:
    return {finding.state for finding in audit(read(text)) if finding.rule == rule}


@pytest.mark.parametrize("rule", PASSWORD_RULES)
@pytest.mark.parametrize(
    "condition",
    [
        pytest.param("CHECK", id="a macro"),
        pytest.param("${if CHECK}", id="a macro as condition"),
        pytest.param("${if and{{!eq{$auth3}{}}CHECKS}}", id="a macro in a list"),
        pytest.param("${if eq{$auth3}{STORED_PASSWORD}}", id="a macro as password"),
        pytest.param("${lookup mysql{CHECK_QUERY}{${if eq{$value}{$auth3}}}fail}", id="a macro as query"),
        pytest.param("${lookup mysql{SELECT p FROM u WHERE MY_USER}{$value}fail}", id="a macro in a query"),
        pytest.param("${if eq{$auth3}{${lookup{$auth2}lsearch{/f}CHECK}}}", id="a macro as answers"),
        pytest.param("FIRST_HALF${if eq{$auth3}{x}{yes}{no}}", id="a macro before"),
        pytest.param("${if newcondition{$auth3}{x}}", id="an unknown condition"),
        pytest.param("${newitem{$auth3}{x}}", id="an unknown item"),
        pytest.param("${newoperator:$auth3}", id="an unknown operator"),
        pytest.param("${if eq{$auth3}{x}", id="a brace too few"),
    ],
)
def test_a_condition_that_cannot_be_followed(condition: str, rule: str) -> None:
    assert states(f"{PLAIN}{REST}  server_condition = {condition}\n", rule) == {State.UNDECIDED}


@pytest.mark.parametrize(
    "missing", [".include /etc/exim4/check", ".include_if_exists /etc/x", "PLAIN_OPTIONS"]
)
def test_an_authenticator_that_stands_partly_elsewhere(missing: str) -> None:
    text = f"{PLAIN}{REST}  {missing}\n"

    assert states(text, "X01") == {State.UNDECIDED}
    assert State.OK not in states(text, "X02") | states(text, "X03") | states(text, "X04")


@pytest.mark.parametrize("missing", [".include /etc/exim4/more", "MORE_OF_IT", ".include_if_exists /etc/x"])
@pytest.mark.parametrize("section", ["authenticators", "acl", "main"])
def test_a_section_that_stands_partly_elsewhere(section: str, missing: str) -> None:
    place = f"begin {section}\n"
    text = f"{missing}\n{WHOLE}" if section == "main" else WHOLE.replace(place, f"{place}{missing}\n")
    assert text != WHOLE
    without_login = text.partition("begin authenticators")[0] + f"begin authenticators\n{missing}\n"

    assert states(without_login, "X01") == {State.UNDECIDED}


@pytest.mark.parametrize("name", ["relay_from_hosts", "relay_to_domains", "local_domains"])
@pytest.mark.parametrize(
    "value",
    [
        "MORE", "192.0.2.1 : MORE_HOSTS", "MORE HOSTS", "host.MY_DOMAIN", "/etc/exim4/list", "+other",
        "${lookup{$sender_helo_name}lsearch{/f}{$value}{*}}", "${readfile{/etc/x}}", "${newitem{x}}", "^PATTERN",
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_followed(name: str, value: str) -> None:
    kind, rule = ("hostlist", "X09") if name == "relay_from_hosts" else ("domainlist", "X10")

    assert State.OK not in states(f"{kind} {name} = {value}\n", rule)


@pytest.mark.parametrize("lists", ["hostlist relay_from_hosts = 192.0.2.1", "hostlist relay_from_hosts = *"])
def test_what_stands_behind_a_condition_that_the_text_does_not_tell(lists: str) -> None:
    assert states(f".ifdef SOMETHING\n{lists}\n.endif\n", "X09") == {State.UNDECIDED}
