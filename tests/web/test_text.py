"""Log text on a page."""

from datetime import timedelta

import pytest

from mailwatch.printable import plain, plain_lines
from mailwatch.templatetags.text import duration, linked, number, words


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b", "a\\x00b"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("one\u2028two", "one\\u2028two"),
        ("line\nend", "line\\x0aend"),
        ("日本語 ñ", "日本語 ñ"),
        (None, ""),
    ],
)
def test_characters_that_act_are_written_out(text: str | None, shown: str) -> None:
    assert plain(text) == shown


def test_text_of_several_lines_keeps_its_lines() -> None:
    assert plain_lines("one\n\ttwo\x07") == "one\n\ttwo\\x07"


def test_an_address_in_a_sentence_leads_to_its_page_and_a_helo_name_does_not() -> None:
    assert linked("From 129.137.152.170, which calls itself [127.0.0.1].") == (
        'From <a href="/senders/129.137.152.170/">129.137.152.170</a>, which calls itself [127.0.0.1].'
    )


@pytest.mark.parametrize("address", ["2001:db8::1", "::1", "2001:db8:0:0:0:0:0:7"])
def test_ipv6_addresses_are_linked_too(address: str) -> None:
    assert f">{address}</a>" in linked(f"from {address} it came")


@pytest.mark.parametrize("text", ["1.2.3.4.5", "999.1.1.1", "at 07:53:12", "user@1.2.3.4", "host1.2.3.4"])
def test_what_only_looks_like_an_address_is_not_linked(text: str) -> None:
    assert linked(text) == text


def test_a_sentence_with_markup_in_it_stays_text() -> None:
    assert linked("<script>alert(1)</script> 192.0.2.1").startswith("&lt;script&gt;")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (1425, "23 min 45 s"),
        (3600, "1 h"),
        (18_660, "5 h 11 min"),
        (86_400, "1 day"),
        (273_600, "3 days 4 h"),
    ],
)
def test_durations_are_said_in_their_two_largest_units(seconds: int, words: str) -> None:
    assert duration(timedelta(seconds=seconds)) == words


def test_the_words_of_a_command_stay_whole_and_copy_as_they_were() -> None:
    assert words("exim -bP '<x>'") == (
        '<span class="w">exim</span> <span class="w">-bP</span> <span class="w">&#x27;&lt;x&gt;&#x27;</span>'
    )


def test_large_numbers_have_separators() -> None:
    assert number(1386) == "1,386"
