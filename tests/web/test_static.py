"""What is shipped to the browser: vendored files are what they say, and nothing is fetched from elsewhere."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from django.conf import settings

STATIC = Path(settings.BASE_DIR) / "static"
VENDOR = STATIC / "vendor"
FILES = json.loads((VENDOR / "vendor.json").read_text())["files"]
OURS = [
    path
    for path in STATIC.rglob("*")
    if path.suffix in (".css", ".js", ".svg") and VENDOR not in path.parents
]
TEMPLATES = Path(settings.BASE_DIR) / "templates"


@pytest.mark.parametrize("entry", FILES, ids=lambda entry: entry["file"])
def test_a_vendored_file_has_the_checksum_that_is_written_down(entry: dict[str, str]) -> None:
    assert hashlib.sha256((VENDOR / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]


@pytest.mark.parametrize("entry", FILES, ids=lambda entry: entry["file"])
def test_a_vendored_file_names_version_and_licence_and_brings_the_text_of_it(entry: dict[str, str]) -> None:
    assert entry["version"]
    assert entry["licence"]
    assert (VENDOR / entry["licence_file"]).stat().st_size > 500


def test_every_vendored_file_is_written_down() -> None:
    known = {entry["file"] for entry in FILES} | {entry["licence_file"] for entry in FILES} | {"vendor.json"}
    assert {path.name for path in VENDOR.iterdir()} == known


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_nothing_is_fetched_from_another_site(path: Path) -> None:
    addresses = re.findall(r"(?:https?:)?//[\w.-]+\.\w+", path.read_text())
    assert [address for address in addresses if "www.w3.org" not in address] == []


@pytest.mark.parametrize(
    "name", sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))
)
def test_no_template_has_what_the_content_security_policy_forbids(name: str) -> None:
    text = (TEMPLATES / name).read_text()
    assert not re.search(r"\sstyle=|\shx-on|\son[a-z]+=|javascript:|data:", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>|<style", text)


def test_script_libraries_name_no_map_that_is_not_there() -> None:
    assert [path.name for path in VENDOR.glob("*.js") if "sourceMappingURL" in path.read_text()] == []
