"""Every address asked for with what no page has in its query: an answer, never an error of ours."""

import base64
import json
import os
import random
from collections.abc import Callable, Iterator
from urllib.parse import quote, urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import NoReverseMatch, reverse

from mailwatch.queries import patterns
from mailwatch.queries.patterns import NoPattern, any_of
from tests.web.test_access import LAST, NEEDED, args

pytestmark = pytest.mark.django_db

__all__ = ["args"]

type Args = dict[str, list[object]]

ROUNDS = int(os.environ.get("MAILWATCH_TEST_ROUNDS", "3"))

# Names of parameters that pages know.
NAMES = (
    "q", "kind", "log_host", "range", "since", "until", "status", "direction", "after", "before", "format", "page",
    "account", "sender", "recipient", "transport", "sort", "order", "open", "severity", "compared", "side",
    "line", "lane",
    "raw", "as", "next", "offset", "id", "in", "rule", "columns", "country", "size", "network", "host",
    "subject", "older",
    "text", "token", "days", "limit", "date", "user", "event", "scope", "cursor", "state", "code", "process",
)  # fmt: skip


def _cursor(*keys: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(keys).encode()).decode().rstrip("=")


VALUES = (
    "", " ", "\0", "a\0b", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "%00", "%", "_", "\\",
    "'", "\"",
    "9" * 30, "-1", "0", "-0", "+1", "1e999", "NaN", "inf", "-inf", "9223372036854775807", "9223372036854775808",
    "-9223372036854775809", "18446744073709551616", "2147483648", "1.5", "0x10", "１２", "٣", "²", "1" * 5000,
    "0001-01-01", "9999-12-31", "10000-01-01", "0000-00-00", "2026-02-30", "2026-03-09T25:00",
    "2026-03-09T07:53:12+99:99",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-W10", "infinity", "-infinity", "now", "epoch",
    "1026-01-01T00:00", "2999-01-01T00:00:00Z", "2026-03-09T07:53:12.999999999999Z",
    "999.999.999.999", "1.2.3.4/99", "::/129", "fe80::1%eth0", "0/0", "::ffff:1.2.3.4/0", "1.2.3.4/-1", "@",
    "a@", "@b",
    "a@" + "b" * 300, "true", "null", "None", "undefined", "[]", "{}", "[object Object]", "../../etc/passwd",
    "x" * 9000,
    "(" * 900, "(a+)+$", "\\", "[", "(?P<a>", "a{1000}{1000}", "\u202e", "\ufffe\uffff", "😀" * 200, "ß", "İ",
    "é" * 3000,
    _cursor(None), _cursor([]), _cursor([1]), _cursor(["2026-03-09T07:53:12+00:00", 1, "x"]), _cursor(*[None] * 50),
    _cursor(["9999-12-31T23:59:59+00:00", 2**63 - 1, 2**63 - 1, 1]), _cursor({"a": 1}), _cursor([[[[]]]]),
    _cursor(["0001-01-01T00:00:00+14:00", -(2**63)]), _cursor([10**400]), _cursor(["2026-03-09", "\0"]),
    _cursor([True, False]), _cursor([1.5, "NaN"]), base64.urlsafe_b64encode(b"[" * 5000).decode(), "=" * 9,
    "A", "AA",
    base64.urlsafe_b64encode(b"\xff\xfe").decode(),
)  # fmt: skip


def addresses(args: Args) -> Iterator[tuple[str, str]]:
    """Whatever answers a GET; signing out comes last."""
    for name in sorted(NEEDED, key=lambda name: (name in LAST, name)):
        if name != "logout":
            yield name, reverse(name, args=args[name])


@pytest.fixture
def chief(admin: User, client_of: Callable[[User], Client]) -> Client:
    client = client_of(admin)
    client.raise_request_exception = False
    return client


def failed(client: Client, path: str) -> list[str]:
    answer = client.get(path)
    body = b"".join(answer) if answer.streaming else answer.content
    assert body is not None
    return [f"{answer.status_code} {path[:300]}"] if answer.status_code >= 500 else []


def test_no_value_of_a_parameter_is_an_error_of_ours(chief: Client, args: Args) -> None:
    """Each value in all parameters at once, and in a few of them."""
    rng = random.Random(7)
    wrong = []
    for name, path in addresses(args):
        is_full = name in ("search", "relays", "overview")
        for value in VALUES if is_full else rng.sample(VALUES, 4 * ROUNDS):
            chosen = (
                NAMES
                if name in ("search", "relays", "overview") and rng.random() < 0.2
                else rng.sample(NAMES, 6)
            )
            wrong += failed(chief, f"{path}?{urlencode(dict.fromkeys(chosen, value))}"[:30000])
    assert not wrong, "\n".join(wrong)


def test_each_parameter_with_each_value_where_most_is_asked(chief: Client, args: Args) -> None:
    rng = random.Random(11)
    wrong = []
    for path in ("/search/", "/relays/", "/", "/search/suggestions/"):
        for name in NAMES:
            for value in rng.sample(VALUES, min(len(VALUES), 2 * ROUNDS)):
                wrong += failed(chief, f"{path}?{urlencode({name: value})}")
    assert not wrong, "\n".join(wrong)


def test_many_and_repeated_parameters_are_no_error_of_ours(chief: Client, args: Args) -> None:
    many = urlencode([(f"p{number}", "x") for number in range(10_000)])
    repeated = urlencode(
        [("log_host", "srv1"), ("log_host", "srv2"), ("q", "a"), ("q", "b"), ("range", "day")] * 50
    )
    bare = "&&&=&=a&a=&?&%zz&%&q&q[]=1&q[a]=b&" + quote("\ud7ff") + "&" + "%ff%fe=%c0%80"
    wrong = []
    for _, path in addresses(args):
        for query in (many, repeated, bare):
            wrong += failed(chief, f"{path}?{query}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("value", [
    "0", "-1", "9223372036854775807", "9223372036854775808", "9" * 40, "1e3", "%00", "a%00b", "..", "%2e%2e",
    "x" * 2000, "%ff",
    "%E2%80%AE", "00000000-0000-0000-0000-000000000000", "'", "%27--", "%25", "~", "9999-99-99", "0000-01-01",
    "9999-12-31",
    "1.2.3.4%2F99", "%F0%9F%98%80", "1vzCVM-00000000001-0001%0a", "٣",
])  # fmt: skip
def test_no_place_in_an_address_is_an_error_of_ours(chief: Client, args: Args, value: str) -> None:
    wrong = []
    for name in NEEDED:
        for place in range(len(args[name])):
            filled: list[object] = [*args[name]]
            filled[place] = "PLACE"
            with_text = _path(name, filled) or _path(name, [0 if one == "PLACE" else one for one in filled])
            wrong += failed(chief, with_text.replace("PLACE", value)) if with_text else []
    wrong += failed(chief, f"/runs/{value}/") + failed(chief, f"/shares/{value}/copy/")
    assert not wrong, "\n".join(wrong)


def _path(name: str, filled: list[object]) -> str:
    try:
        return reverse(name, args=filled)
    except NoReverseMatch:
        return ""


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_no_form_that_is_filled_with_anything_is_an_error_of_ours(
    chief: Client, args: Args, seed: int
) -> None:
    """What takes nothing away, posted with names that it knows and values that it does not."""
    rng = random.Random(seed)
    wrong = []
    for name, path in addresses(args):
        if name in LAST:
            continue
        form = {field: rng.choice(VALUES) for field in rng.sample([*NAMES, *_FIELDS], 20)}
        for answer in (chief.post(path, form), chief.post(path, form, headers={"HX-Request": "true"})):
            wrong += [f"{answer.status_code} {path} {form}"[:600]] if answer.status_code >= 500 else []
    assert not wrong, "\n".join(wrong)


_FIELDS = (
    "name", "address", "url", "patterns", "timezone", "every_minutes", "password", "private_key", "host_key",
    "username",
    "role", "log_hosts", "has_all_log_hosts", "redaction", "views", "days", "message_id", "reason", "value",
    "until_day",
    "size", "fingerprint", "contact", "organisation", "to", "theme", "times", "language", "retention",
    "domains", "networks",
)  # fmt: skip


# ---- patterns that would run for ever


def _patterns() -> Iterator[str]:
    """Of the catalogues of patterns that bring other engines down."""
    yield from (
        "(a+)+$", "([a-zA-Z]+)*$", "(a|aa)+$", "(a|a?)+$", "(.*a){25}", "(x+x+)+y", "^(([a-z])+.)+[A-Z]([a-z])+$",
        r"^(?:(?:a+)*)*b", r"(\w+\s?)*$", r"(?:.*.*)*=.*", r"(\d+)*!", r"((a*)*)*b", r"(a*)*(a*)*(a*)*b",
        r"(?i)(s|S)+$",
        r"^(\w+\d*)+@", r"(<[^>]*>?)+x", r"(.+)+\1", r"(?=(a+))a*b\1", "a" * 1000, "(" * 400 + ")" * 400,
        "a{1000}" * 100,
        "((a{100}){100}){100}", "(?:a{0,1000}){1000}", "(.{1,1000}){1,1000}", r"\pL{1000}",
        "[\\x00-\\x{10FFFF}]{1000}",
        "(?:" * 200 + "a" + "){1,9}" * 200, "a?" * 400 + "a" * 400,
        "|".join("ab"[one % 2] * one for one in range(40)),
        r"(?s).*" * 200, ".*.*.*.*.*.*.*.*x", r"\C*", "(?P<n>a)" * 100, "[" + "a-z" * 300 + "]+", "x*" * 450,
    )  # fmt: skip


PATTERNS = tuple(_patterns())


@pytest.mark.parametrize("at", range(len(PATTERNS)))
def test_no_pattern_takes_more_than_the_text_is_worth(at: int) -> None:
    """RE2 reads each byte once, at a cost that its size bounds: it is small, or it is refused."""
    try:
        pattern = any_of([PATTERNS[at]], are_patterns=True)
    except NoPattern as refusal:
        refused = len(PATTERNS[at]) > patterns.LONGEST
        assert ("A search has 1,000 characters" if refused else "is no regular expression of RE2") in str(
            refusal
        )
        return
    assert pattern.compiled.programsize <= patterns._LARGEST
    pattern.is_in(b"a" * 200_000 + b"!")


@pytest.mark.parametrize("at", range(0, len(PATTERNS), 4))
def test_a_search_for_it_is_answered(chief: Client, args: Args, at: int) -> None:
    query = urlencode({"q": PATTERNS[at], "kind": "regex", "as": "regex"})
    assert failed(chief, f"/search/?{query}") == []
    assert failed(chief, f"/search/?{query}&format=csv") == []
