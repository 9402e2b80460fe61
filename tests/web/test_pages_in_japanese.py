"""Pages in Japanese: no English is left but names, commands and log text."""

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client
from django.utils.translation import trans_real

from ingest import languages
from ingest.models import IngestRun, LogHost
from ingest.rules import relays
from mailwatch.models import Preferences
from tests.web.conftest import QUIET, SEED, Ingested
from tests.web.links import share
from translations.catalogues import compiled, compiled_path

_LOG_TEXT = re.compile(
    r"<(code|pre|script|style|kbd|bdi|option|datalist|textarea)\b[^>]*>.*?</\1>|<del>.*?</del>|<ins>.*?</ins>|<dt><span>.*?</dt>"
    r"|<dt><a href=./glossary/.*?</dt>",
    re.DOTALL,
)
_ALOUD = re.compile(r'\b(?:aria-label|title|placeholder|alt|data-label)="([^"]*)"')
_TWO_WORDS = re.compile(r"[A-Za-z]{2,}[ ,:;]+[A-Za-z]{2,}")
_NOT_ENGLISH = re.compile(r"[ぁ-ヿ一-鿿]|\w+ = .*\$\{|exim -\w|^relay not permitted$")
"""Japanese, and what Exim takes or writes."""
_NAMES = re.compile(
    r"Message-ID|Europe/Madrid|IP|UTC|TLS|SMTP|Exim|HELO|DKIM|SPF|DMARC|ARC|Mailwatch|DirectAdmin|cPanel|Hestia|CSV"
    r"|mainlog|rejectlog|paniclog|Debian|Ubuntu|Red Hat|gzip|bzip2|xz|zstd|zip|tar|DNS|MX|log_selector"
    r"|sftp://\S+|file:///\S+|sender 1@example.net|log host \d|Internal|[A-Z]\d{2}"
)
_PAGES = (
    "/",
    "/?log_host=srv1",
    "/relays/",
    "/relays/?log_host=srv1",
    "/uploads/",
    "/runs/",
    "/sources/",
    "/shares/",
    "/share/?kind=report&log_host=srv1",
    "/rules/",
    "/explain/",
    "/preferences/",
    "/users/",
    "/nothing-here/",
    "/search/",
    "/search/?log_host=srv1&q=192.0.2.1",
    "/messages/srv1/1adXzZ-0007sb-Pz/",
    "/senders/129.137.152.170/",
    "/configuration/",
    "/log-hosts/",
    "/log-hosts/srv1/",
    "/zones/srv1/",
    "/search/saved/",
    "/networks/129.137.152.0/24/",
    "/accounts/nobody/",
    "/addresses/friend@partner.example/",
    "/domains/example.org/",
    "/transports/remote_smtp/",
    "/remote-hosts/207.46.8.167/",
    "/daily/srv1/2016-03-09/",
)


@pytest.fixture
def in_japanese(monkeypatch: pytest.MonkeyPatch, settings: LazySettings, tmp_path: Path) -> Iterator[None]:
    """Japanese as the catalogues of today have it."""
    for for_scripts in (False, True):
        path = tmp_path / compiled_path("ja", for_scripts=for_scripts).relative_to(languages.CATALOGUES)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(compiled("ja", for_scripts=for_scripts))
    settings.LOCALE_PATHS = [tmp_path]
    settings.LANGUAGES = [("en", "English"), ("ja", "日本語")]
    monkeypatch.setattr(languages, "LANGUAGES", ("en", "ja"))
    monkeypatch.setattr(relays, "LANGUAGES", ("en", "ja"))
    monkeypatch.setattr(languages, "CATALOGUES", tmp_path)
    _forget()
    yield
    _forget()


def _forget() -> None:
    languages._catalogue.cache_clear()
    trans_real._translations = {}  # type: ignore[attr-defined]
    for each in vars(trans_real).values():
        if hasattr(each, "cache_clear"):
            each.cache_clear()


@pytest.fixture
def japanese(admin: User, client: Client, in_japanese: None, ingested: Ingested) -> Client:
    ingested(SEED, "srv1", "Europe/Madrid")
    ingested(QUIET, "mx2", "UTC")
    Preferences.objects.create(user=admin, language="ja")
    client.force_login(admin)
    return client


def english_of(html: str) -> list[str]:
    """Sentences of two words or more without a Japanese letter, seen or read aloud."""
    bare = _LOG_TEXT.sub(" ", html)
    texts = [*_ALOUD.findall(bare), *re.split(r"<[^>]*>", bare)]
    sentences = (each for text in texts for each in re.split(r"(?<=[.。:])\s", unescape(text)))
    return sorted(
        {
            each.strip()
            for each in sentences
            if _TWO_WORDS.search(_NAMES.sub("·", each)) and not _NOT_ENGLISH.search(each)
        }
    )


@pytest.mark.parametrize("page", _PAGES)
def test_a_page_is_in_japanese(japanese: Client, page: str) -> None:
    html = japanese.get(page, headers={"Accept-Language": "ja"}).content.decode()
    assert '<html lang="ja"' in html
    assert english_of(html) == []


def test_runs_and_opened_attacks_are_in_japanese(japanese: Client) -> None:
    run = IngestRun.objects.order_by("pk")[0]
    report = japanese.get("/relays/?log_host=srv1").content.decode()
    opened = re.search(r'id="open-1" href="([^"#]+)#suspect-1"', report)
    assert opened is not None
    for page in (f"/runs/{run.pk}/", f"/runs/{run.pk}/undo/", "/relays/" + unescape(opened[1])):
        assert english_of(japanese.get(page).content.decode()) == []


def test_what_was_pasted_is_explained_in_japanese(japanese: Client) -> None:
    lines = "\n".join([*SEED, *QUIET, "no line of a log"])
    page = japanese.post("/explain/", {"lines": lines, "configuration": "allow_domain_literals = true\n"})
    assert english_of(page.content.decode()) == []


def test_a_shared_report_stays_in_the_language_in_which_it_was_made(japanese: Client) -> None:
    link = share(japanese, log_host="srv1", redaction="full")
    html = Client().post(link.path, headers={"Accept-Language": "en"}).content.decode()
    assert '<html lang="ja"' in html
    assert english_of(html) == []


@pytest.mark.parametrize(
    "page", ["/", "/movers/?log_host=srv1", "/relays/", "/relays/?open=0", "/senders/129.137.152.170/"]
)
def test_what_the_process_keeps_is_said_to_each_reader(japanese: Client, desk: Client, page: str) -> None:
    for client, language in ((japanese, "ja"), (desk, "en"), (japanese, "ja")):
        part = {"HX-Request": "true"} if page == "/movers/?log_host=srv1" else {}
        html = client.get(page, headers=part).content.decode()
        assert bool(re.search("[ぁ-ヿ一-鿿]", html)) == (language == "ja")


def test_scripts_get_their_words(japanese: Client) -> None:
    assert LogHost.objects.count() == 2
    assert "/words.js?in=ja" in japanese.get("/").content.decode()
    answer = Client().get("/words.js?in=ja")
    assert json.dumps("コピーしました") in answer.content.decode()
    assert "max-age=3600" in answer.headers["Cache-Control"]


def test_in_english_no_words_are_loaded(desk: Client) -> None:
    assert "/words.js" not in desk.get("/explain/").content.decode()
