"""Documents that repeat the code agree with it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], key=lambda path: str(path.relative_to(ROOT))
)
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
MAKE = re.compile(r"\bmake ([a-z]+)(?=`|$|  )", re.MULTILINE)
SETTING = re.compile(r'env\.\w+\(\s*"([A-Z_]+)"')
# Commands for the make targets and the developers of this project only.
COMMANDS = sorted(
    path.stem
    for app in ("ingest", "mailwatch")
    for path in (ROOT / app / "management" / "commands").glob("*.py")
    if path.stem != "__init__"
)


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    targets = [target for target in LINK.findall(document.read_text()) if "://" not in target]
    assert [target for target in targets if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_make_commands_that_are_named_exist(document: Path) -> None:
    known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(MAKE.findall(document.read_text())) - known == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_described(command: str) -> None:
    assert re.search(rf"^\| `{command}[ `]", OPERATIONS, re.MULTILINE)


def test_no_command_is_described_that_does_not_exist() -> None:
    described = re.findall(r"^\| `([a-z_]+)[^`]*` \| ", OPERATIONS, re.MULTILINE)
    assert sorted(described) == COMMANDS


def test_every_setting_is_described_and_no_other() -> None:
    read = set(SETTING.findall((ROOT / "mailwatch" / "settings.py").read_text()))
    described = set(re.findall(r"^\| `([A-Z_]+)` \|", OPERATIONS, re.MULTILINE))
    assert described == read


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("decision", sorted((ROOT / "docs" / "decisions").glob("*.md")), ids=named)
def test_a_decision_says_its_reasons_and_its_price(decision: Path) -> None:
    text = decision.read_text()
    assert text.startswith(f"# {int(decision.name[:4])}. ")
    wanted = ("**Status:**", "## Context", "## Decision", "## Consequences")
    assert [part for part in wanted if part not in text] == []
