"""Words and patterns that people look for in raw lines."""

import pytest

from mailwatch.queries.patterns import NoPattern, any_of


@pytest.mark.parametrize(
    ("terms", "line"),
    [
        (("ALICE",), b"<= alice@example.org"),
        (("nobody", "alice"), b"<= alice@example.org"),
        (("[192.0.2.1]",), b"H=x [192.0.2.1]"),
        (("caf\xe9",), 'T="CAF\xc9"'.encode()),
    ],
)
def test_words_are_found_in_any_case_and_are_no_patterns(terms: tuple[str, ...], line: bytes) -> None:
    assert any_of(terms).is_in(line)
    assert not any_of(terms).is_in(b"<= bob@example.com H=x [192.0.2.2]")


@pytest.mark.parametrize("pattern", [r"\A<=", r"=>\z", "(?s-m)=>$", r"(?P<id>=>)", "^<=", "(?:<=)"])
def test_what_matches_a_line_is_not_skipped_with_its_page(pattern: str) -> None:
    line, page = (b"<= x", b"a\n<= x\nb\n") if "<=" in pattern else (b"x =>", b"a\nx =>\nb\n")
    found = any_of([pattern], are_patterns=True)
    assert found.is_in(line)
    assert found.may_be_in_page(page)


@pytest.mark.parametrize(
    "pattern", ["(", "(?=x)", r"\1", r"\Z", "a{1001}", "x" * 1001, "\ud800", "[[:nope:]]"]
)
def test_what_is_no_pattern_is_refused_in_one_sentence(pattern: str) -> None:
    with pytest.raises(NoPattern) as refused:
        any_of([pattern], are_patterns=True)
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|a)*$", "(.*)*x", "(a*)*b", "((a{1,30}){1,30})$", "(x+x+)+y", "(.+)+$"]
)
def test_patterns_that_would_run_for_ever_do_not(pattern: str) -> None:
    any_of([pattern], are_patterns=True).is_in(b"a" * 300_000 + b"!")


def test_the_places_of_a_word_in_a_line() -> None:
    assert list(any_of(["\xe9"]).places("\xe9 x \xc9")) == [(0, 1), (4, 5)]
    assert list(any_of(["x*"], are_patterns=True).places("axxb")) == [(1, 3)]
