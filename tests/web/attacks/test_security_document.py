"""docs/security.md tells how many cases there are of each class; MAILWATCH_TEST_WRITE=yes writes them anew."""

import os
from collections.abc import Iterator
from pathlib import Path

from tests.web.attacks import hostile_log, test_asked_badly, test_cross_site, test_inside
from tests.web.attacks.payloads import Kind, of

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "security.md"
_BEGIN = "| class | cases |\n"


def _counted() -> Iterator[tuple[str, int]]:
    for kind in Kind:
        yield f"payloads: {kind}", len(of(kind))
    yield "fields that each payload stands in", hostile_log.FIELDS
    yield "requests from another site, to each address", test_cross_site.CASES
    yield "sources that lead inside", test_inside.CASES
    yield "values that no parameter has", len(test_asked_badly.VALUES)
    yield "patterns made to run for ever", len(test_asked_badly.PATTERNS)


def _table() -> str:
    rows = "".join(f"| {name} | {count:,} |\n" for name, count in _counted())
    return f"{_BEGIN}| --- | ---: |\n{rows}"


def test_the_document_counts_what_there_is() -> None:
    text = DOCUMENT.read_text()
    before, begin, _ = text.partition(_BEGIN)
    if os.environ.get("MAILWATCH_TEST_WRITE") == "yes":
        DOCUMENT.write_text((before if begin else f"{text.rstrip()}\n\n") + _table())
        return
    assert begin + text.partition(_BEGIN)[2] == _table()


def test_the_way_to_report_is_where_people_look() -> None:
    assert "docs/security.md" in (DOCUMENT.parents[1] / "SECURITY.md").read_text()
