"""Texts made to keep the audit busy: it comes to an end, and what is too much for it is undecided, never fine."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.exim.configuration import read
from ingest.rules.configuration import audit
from ingest.rules.definition import Limits, State

LONG = 100_000  # characters
PLAIN = "plain:\n driver = plaintext\n public_name = PLAIN\n server_set_id = $auth2\n server_condition = "

# fmt: off
PIECES = [
    "${if ", "eq{", "and{{", "or{{", "}", "{", "}}", "!", "$auth2", "$3", "${lookup mysql{", "${lc:",
    "${extract{1}{:}{",
    "${lookup{$1}lsearch{/f}", "{$value}fail}", "def:auth3", " ", "\\", "\\N", "<; ", ":", "\n", "M1", "x", "0",
    "${prvs{", "pass=", "hide ", "a_servers = ", "/", "(",
]
# fmt: on


def judged(text: str) -> dict[str, State]:
    return {finding.rule: finding.state for finding in audit(read(text))}


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param("${if eq{" * (LONG // 8), id="never closed"),
        pytest.param("${if eq{$auth3}{" * 4000 + "x" + "}}" * 4000, id="nested comparisons"),
        pytest.param("${if and{" + "{and{" * 8000 + "{eq{a}{b}}" + "}}" * 8000 + "}}", id="nested lists"),
        pytest.param("${lc:" * 15_000 + "$auth3" + "}" * 15_000, id="nested operators"),
        pytest.param("${if or{" + "{eq{$auth3}{x}}" * 7000 + "}}", id="wide"),
    ],
)
def test_what_is_nested_too_deep_or_too_long_is_undecided(condition: str) -> None:
    states = judged(f"{PLAIN}{condition}\n")

    assert {states[rule] for rule in ("X01", "X02", "X03", "X04", "X05")} == {State.UNDECIDED}


def test_lists_that_name_each_other_twice_are_read_once() -> None:
    lists = [f"hostlist l{i} = +l{i + 1} : +l{i + 1}" for i in range(60)]
    text = "\n".join([*lists, "hostlist l60 = *", "hostlist relay_from_hosts = +l0"])

    assert judged(text)["X09"] is State.BAD
    assert judged(text.replace("l60 = *", "l60 = 192.0.2.1"))["X09"] is State.OK


def test_lists_that_name_each_other_without_end_are_undecided() -> None:
    chain = "\n".join(f"hostlist l{i} = +l{i + 1}" for i in range(5000))

    assert judged(f"{chain}\nhostlist relay_from_hosts = +l0\n")["X09"] is State.UNDECIDED
    assert (
        judged("hostlist a = +b\nhostlist b = +a\nhostlist relay_from_hosts = +a\n")["X09"] is State.UNDECIDED
    )
    assert read(f"{chain}\nhostlist relay_from_hosts = +l0\n").trusted_networks(15) == ()


def test_macros_that_hold_each_other_do_not_fill_the_memory() -> None:
    macros = "\n".join(f"M{i:03d} = M{i - 1:03d} M{i - 1:03d}" for i in range(40))
    configuration = read(f"{macros}\n{PLAIN}M039\nhostlist relay_from_hosts = M039\n")

    assert sum(len(macro.value) for macro in configuration.macros.values()) < 20 * LONG
    assert {item.state for item in audit(configuration) if item.rule in {"X01", "X09"}} == {State.UNDECIDED}


def test_more_macros_than_are_kept_leave_conditions_open() -> None:
    macros = "\n".join(f"MACRO_{i}_ = {i}" for i in range(2500))
    text = (
        f"{macros}\n.ifndef OTHER\nhostlist relay_from_hosts = 192.0.2.1\n.endif\nbegin acl\nbegin routers\n"
    )

    assert judged(text)["X09"] is State.UNDECIDED


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=30), st.booleans())
def test_any_nested_text_comes_to_an_end(pieces: list[str], in_a_list: bool) -> None:
    piece = "".join(pieces)
    text = piece * (LONG // len(piece))

    assert judged(f"hostlist relay_from_hosts = {text}" if in_a_list else PLAIN + text)


def test_how_wide_a_public_network_may_be_is_a_threshold() -> None:
    configuration = read("hostlist relay_from_hosts = 44.0.0.0/12\n")

    def state(bits: int) -> State:
        found = audit(configuration, Limits(strangers_network=bits))
        return next(finding.state for finding in found if finding.rule == "X09")

    assert (state(15), state(11)) == (State.BAD, State.OK)
    assert configuration.trusted_networks(15) == ()  # what is bad is not trusted when the log is judged
    assert [str(network) for network in configuration.trusted_networks(11)] == ["44.0.0.0/12"]
