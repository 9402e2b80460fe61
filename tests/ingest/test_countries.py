"""The country and the network of an address, from files; and what is said of files that cannot be read."""

import hashlib
import re
from collections.abc import Iterator
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings

from ingest import countries
from ingest.countries import Origin, OriginFile, origin_of

README = (countries.BUNDLED.parent / "README.md").read_text()


@pytest.fixture(autouse=True)
def _opened_again() -> Iterator[None]:
    countries.forget()
    yield
    countries.forget()


class NamedReader:
    """Stands for a file that says the same of every address."""

    def __init__(self, entry: Any) -> None:
        self.entry = entry

    def get(self, address: object) -> Any:
        return self.entry


def test_the_bundled_file_is_the_one_that_is_described() -> None:
    content = countries.BUNDLED.read_bytes()

    assert hashlib.sha256(content).hexdigest() in README
    assert f"{len(content):,} bytes" in README
    assert f"| {countries.country_file().date} |" in README
    assert countries.country_file().date == date(2026, 6, 17)
    assert re.search(r"CC BY 4\.0.*nro\.net|nro\.net.*CC BY 4\.0", README, re.DOTALL)


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("8.8.8.8", "US"),
        ("193.0.6.139", "NL"),
        ("::ffff:193.0.6.139", "NL"),
        ("2001:4860:4860::8888", "US"),
        pytest.param("10.1.2.3", None, id="private"),
        pytest.param("127.0.0.1", None, id="loopback"),
        pytest.param("2001:db8::1", None, id="of examples, which the file puts into Japan"),
        pytest.param("203.0.113.9", None, id="of examples"),
        pytest.param("no address", None, id="no address"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_the_country_of_an_address(address: str | None, country: str | None) -> None:
    assert origin_of(address) == Origin(country, None)


@pytest.mark.parametrize(
    ("entry", "origin"),
    [
        ({"country_code": "nl"}, Origin("NL", None)),
        ({"country": {"iso_code": "NL"}, "continent": {"code": "EU"}}, Origin("NL", None)),
        ({"country": "NL", "asn": "AS3333"}, Origin("NL", 3333)),
        ({"autonomous_system_number": 3333, "autonomous_system_organization": "x"}, Origin(None, 3333)),
        ({"country": {}, "asn": "none"}, Origin()),
        ("damaged", Origin()),
        (None, Origin()),
    ],
)
def test_the_files_of_several_makers(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, entry: Any, origin: Origin
) -> None:
    settings.MAILWATCH_ASN_DB = countries.BUNDLED
    for file in (countries.country_file(), countries.network_file()):
        monkeypatch.setattr(file, "_reader", NamedReader(entry))

    assert origin_of("193.0.6.139") == origin


def test_a_file_that_is_missing_or_damaged_says_so_in_one_sentence(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.mmdb"
    damaged.write_bytes(countries.BUNDLED.read_bytes()[:100_000])

    for path, words in (
        (tmp_path / "none.mmdb", "there is no file"),
        (damaged, "damaged"),
        (tmp_path, "read"),
    ):
        file = OriginFile(path, "MAILWATCH_ASN_DB")
        assert words in file.problem
        assert file.problem.startswith("MAILWATCH_ASN_DB: ")
        assert str(path) in file.problem
        assert not file.is_read
        assert file.date is None


def test_check_warns_of_it_and_everything_else_works(settings: Settings, tmp_path: Path) -> None:
    settings.MAILWATCH_COUNTRY_DB = tmp_path / "gone.mmdb"
    settings.MAILWATCH_ASN_DB = tmp_path / "gone too.mmdb"
    errors = StringIO()

    call_command("check", stderr=errors, stdout=StringIO())

    assert "MAILWATCH_COUNTRY_DB: there is no file" in errors.getvalue()
    assert "MAILWATCH_ASN_DB: there is no file" in errors.getvalue()
    assert origin_of("193.0.6.139") == Origin()
    assert countries.edition() == ""


def test_check_is_silent_where_all_is_well() -> None:
    assert countries.problems() == []
    assert countries.edition() == "2026-06-17"
