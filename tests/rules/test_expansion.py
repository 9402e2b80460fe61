"""Exim's expansion language, as far as it is needed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.rules.expansion import (
    If,
    Item,
    Lookup,
    Operator,
    Text,
    UnreadableExpansion,
    Variable,
    parts_of,
    read,
)
from ingest.rules.password_checks import unquoted_in_sql, weak_comparisons
from ingest.rules.password_repairs import repaired


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("yes", [Text]),
        ("$auth2", [Variable]),
        ("${auth2}@$1", [Variable, Text, Variable]),
        ("${quote_mysql:$2}", [Operator]),
        ("${substr_0_4:$2}", [Operator]),
        ("${if def:tls_in_cipher}", [If]),
        ("${if !eq{$1}{}{yes}{no}}", [If]),
        ("${if and {{!eq{$2}{}} {def:auth3}} {yes} fail}", [If]),
        ("${if >{${strlen:$3}}{0}}", [If]),
        ("${if != {1}{2}}", [If]),
        ("${if saslauthd{{$1}{$2}}{1}{0}}", [If]),
        ("${if forany{a:b}{eq{$item}{a}}}", [If]),
        ("${if def:h_list-id:{yes}{no}}", [If]),
        ("${lookup mysql{SELECT a FROM b WHERE c='${quote_mysql:$1}'}{$value}fail}", [Lookup]),
        ("${lookup{$1}partial-lsearch*@{/etc/x}}", [Lookup]),
        ("${lookup mysql,servers=a{SELECT 1}}", [Lookup]),
        ("${extract{2}{:}{a:b}{$value}{}}", [Item]),
        ("\\${x\\}", [Text]),
        ("^\\N[a-z]{3}$\\N", [Text]),
        ("a{b}c", [Text]),
    ],
)
def test_what_is_understood(text: str, kinds: list[type]) -> None:
    expansion = read(text)

    assert [type(part) for part in expansion.parts] == kinds
    assert (expansion.start, expansion.end) == (0, len(text))
    for part in parts_of(expansion):
        assert 0 <= part.start <= part.end <= len(text)


@pytest.mark.parametrize(
    "text",
    [
        "${if eq{a}{b}",
        "${",
        "$",
        "}",
        "${if eq{a}}",
        "${if unheard{a}{b}}",
        "${lookup}",
        "${if " * 80,
        "{" + "${if" * 9,
    ],
)
def test_what_is_not_understood_is_said(text: str) -> None:
    with pytest.raises(UnreadableExpansion):
        read(text)


PIECES = [
    "${if ",
    "eq",
    "and",
    "{",
    "}",
    "$auth3",
    "$2",
    "${lookup mysql{",
    "SELECT '",
    "${quote_mysql:",
    "fail",
    "!",
    "\\",
    " ",
]


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_any_text_is_read_or_refused_and_what_is_read_can_be_repaired(text: str) -> None:
    try:
        expansion = read(text)
    except UnreadableExpansion:
        return
    again = read(repaired(text, expansion, ("auth2", "auth3")))
    assert list(weak_comparisons(again)) == []
    assert list(unquoted_in_sql(again)) == []
