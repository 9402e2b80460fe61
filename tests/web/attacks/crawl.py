"""Every address that can be come to from the others, so that pages of tomorrow are attacked as well."""

import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import Resolver404, resolve

# Addresses of each name that are looked at; a run of an hour may look at more.
MOST = int(os.environ.get("MAILWATCH_TEST_PAGES", "8"))
# Every payload on every page, instead of some.
IS_WHOLE = "MAILWATCH_TEST_PAGES" in os.environ
PARTIAL = {"HX-Request": "true"}
_NOT_FOLLOWED = {"logout"}
_LINKS = frozenset(["href", "hx-get", "data-suggest"])


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in _LINKS and value]


def text_of(answer: HttpResponseBase) -> str:
    return b"".join(answer).decode()


def name_of(path: str) -> str:
    """The name in urls.py; "" for what is no page."""
    try:
        return str(resolve(urlsplit(path).path).url_name)
    except Resolver404:
        return ""


def crawled(client: Client, start: Iterable[str]) -> Iterator[tuple[str, HttpResponseBase, str]]:
    """Address, answer and text: of all that ``start`` leads to, ``MOST`` of each page, whole and in part."""
    waiting, seen = deque(start), Counter[str]()
    known = set(waiting)
    while waiting:
        path = waiting.popleft()
        name = name_of(path)
        if not name or name in _NOT_FOLLOWED or seen[name] >= MOST:
            continue
        seen[name] += 1
        for headers in ({}, PARTIAL):
            answer = client.get(path, headers=headers)
            text = text_of(answer)
            yield path, answer, text
            if "text/html" in answer.headers.get("Content-Type", ""):
                found = [target for target in _links(text, path) if target not in known]
                known.update(found)
                waiting.extend(dict.fromkeys(found))


def _links(text: str, page: str) -> list[str]:
    reader = _Links()
    reader.feed(text)
    targets = (urljoin(f"http://testserver{page}", link.partition("#")[0]) for link in reader.found)
    return [
        target.removeprefix("http://testserver")
        for target in targets
        if target.startswith("http://testserver/")
    ]
