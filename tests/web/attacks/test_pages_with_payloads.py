"""Each payload in each field of a log, and what every page, part and file makes of it: nothing but text."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import quote, urlencode

import pytest
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import NoReverseMatch, reverse

from ingest.exim.line import readable
from ingest.models import LogHost
from tests.web.attacks import hostile_log, neutral
from tests.web.attacks.crawl import IS_WHOLE, PARTIAL, crawled, name_of, text_of
from tests.web.attacks.payloads import PAYLOADS, Payload
from tests.web.test_access import patterns

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("hostile log")]

NUMBERED = [f"{payload.kind.name}{at}" for at, payload in enumerate(PAYLOADS)]
EACH = pytest.mark.parametrize("at", range(len(PAYLOADS)), ids=NUMBERED)


def wrong_with(answer: HttpResponseBase, text: str) -> list[str]:
    """By the kind of an answer."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    match kind:
        case "text/html":
            assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
            return neutral.page(text)
        case "text/csv":
            return neutral.table(text)
        case "application/json" | "application/problem+json":
            json.loads(text)
            return neutral.hidden(text)
        case "text/plain" | "message/rfc822" | "text/javascript":
            return neutral.hidden(text)
    return [f"content type {kind!r}"] if text else []


def asked(client: Client, path: str, *, in_part: bool = False) -> list[str]:
    """What is wrong with an address, as a page or as the part that a script asks for."""
    answer = client.get(path, headers=PARTIAL if in_part else {})
    assert answer.status_code < 500, path
    return [f"{path[:200]}: {problem}" for problem in wrong_with(answer, text_of(answer))]


@EACH
def test_the_messages_that_carry_it_are_shown_as_text(chief: Client, at: int) -> None:
    for number in (at, 1000 + at, 2000 + at):
        path = reverse("message", args=[hostile_log.LOG_HOST, hostile_log.message_id(number)])
        assert chief.get(path).status_code == 200 or number == 1000 + at
        wrong = asked(chief, path)
        assert not wrong, "\n".join(wrong)


_ABOUT = ("account", "address", "domain", "transport", "remote_host", "sender", "network")
_FIELDS = (
    "account",
    "transport",
    "sender",
    "recipient",
    "log_host",
    "since",
    "range",
    "status",
    "after",
    "sort",
)


def of_a_payload(payload: Payload) -> Iterator[str]:
    """Pages that are about a name which is a payload, and searches for it."""
    text = as_read(payload)
    for name in _ABOUT:
        with suppress(NoReverseMatch):  # a line end stands in no address
            yield reverse(name, args=[f"{text}@{text}.example" if name == "address" else text])
    for more in ({}, {"kind": "text"}, {"kind": "regex"}, {"format": "csv"}, {"format": "json"}):
        yield f"/search/?{urlencode({'q': text, **more})}"
    yield f"/search/?{urlencode({'q': text, 'kind': 'text', 'format': 'csv'})}"
    yield f"/search/?{urlencode(dict.fromkeys(_FIELDS, text))}"
    yield f"/search/suggestions/?q={quote(text[:12])}"
    yield f"/relays/?{urlencode({'log_host': text, 'open': text})}"
    yield f"/login/?{urlencode({'next': text})}"


def as_read(payload: Payload) -> str:
    """As it stands in a row of a table."""
    return readable(payload.dense.encode("utf-8", "surrogateescape"))


@EACH
def test_what_is_named_by_it_and_searched_by_it_is_shown_as_text(chief: Client, at: int) -> None:
    paths = list(of_a_payload(PAYLOADS[at]))
    # each page gets some payloads of each class, each payload some pages
    chosen = paths if IS_WHOLE else [paths[(at * 5 + step) % len(paths)] for step in range(5)]
    wrong = [problem for path in chosen for problem in asked(chief, path)]
    wrong += asked(chief, f"/search/?{urlencode({'q': as_read(PAYLOADS[at])})}", in_part=True)
    assert not wrong, "\n".join(wrong)


def begin(hostile: LogHost) -> list[str]:
    """Every address that needs no more than a log host, a day and a sender host, and their files."""
    named = {
        "log_host": hostile.name, "name": hostile.name, "day": hostile_log.DAY, "address": hostile_log.ADDRESS,
        "network": "203.0.113.0/24", "message_id": hostile_log.message_id(0),
    }  # fmt: skip
    found = []
    for pattern in patterns():
        if all(one in named for one in pattern.pattern.converters):
            found.append(reverse(str(pattern.name), args=[named[one] for one in pattern.pattern.converters]))
    files = [
        "/search/",
        f"/search/?q={hostile_log.ADDRESS}&",
        "/relays/",
        f"/daily/{hostile.name}/{hostile_log.DAY}/",
    ]
    found += [
        f"{path}{'' if path.endswith('&') else '?'}format={kind}"
        for path in files
        for kind in ("csv", "json")
    ]
    found += [f"/search/?status={status}" for status in ("rejected", "bounced", "queued", "delivered")]
    return found


def test_every_page_that_another_leads_to_shows_it_as_text(chief: Client, hostile: LogHost) -> None:
    wrong, seen = [], Counter[str]()
    for path, answer, text in crawled(chief, begin(hostile)):
        assert answer.status_code < 500, path
        seen[name_of(path)] += answer.status_code == 200
        wrong += [f"{path[:200]}: {problem}" for problem in wrong_with(answer, text)]
    assert not wrong, "\n".join(wrong)
    assert len(seen) > 40, seen
