"""The log for measurements has the length and the mixture that the figures are quoted for."""

import re
from datetime import UTC
from pathlib import Path

import pytest

from benchmarks.bulk import write_bulk
from ingest.exim.events import Unparsed
from ingest.exim.parse import parse

LINES = 20_000
REFUSED = re.compile(
    " rejected | authenticator failed | lost D=|dropped: | timeout on | TLS error "
    "|unexpected disconnection|no host name|protocol error"
)


@pytest.fixture(scope="module")
def bulk(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return written(tmp_path_factory.mktemp("bulk"), seed=1)


def written(folder: Path, *, seed: int, lines: int = LINES) -> list[str]:
    target = folder / f"mainlog.{seed}.{lines}"
    write_bulk(target, lines=lines, seed=seed, days=2)
    return target.read_text().splitlines()


def arrivals(lines: list[str]) -> list[str]:
    return [line for line in lines if " <= " in line[:52]]


@pytest.mark.parametrize("lines", [1, 999, 20_001])
def test_it_has_exactly_the_lines_asked_for(tmp_path: Path, lines: int) -> None:
    assert len(written(tmp_path, seed=2, lines=lines)) == lines


def test_the_same_seed_gives_the_same_log(tmp_path: Path, bulk: list[str]) -> None:
    assert written(tmp_path, seed=1) == bulk


def test_another_seed_gives_another_log(tmp_path: Path, bulk: list[str]) -> None:
    assert written(tmp_path, seed=2) != bulk


def test_it_spans_the_days_asked_for(tmp_path: Path) -> None:
    assert {line[:10] for line in written(tmp_path, seed=1)} >= {"2026-03-01", "2026-03-02"}


def test_a_line_has_about_190_bytes(bulk: list[str]) -> None:
    assert sum(len(line) + 1 for line in bulk) / LINES == pytest.approx(192, abs=6)


def test_a_quarter_of_the_lines_are_rejections_and_failures(bulk: list[str]) -> None:
    assert sum(bool(REFUSED.search(line)) for line in bulk) / LINES == pytest.approx(0.26, abs=0.03)


@pytest.mark.parametrize(
    ("kind", "share"),
    [(r" H=.* P=esmtps X=\S+ CV=no S=", 0.55), (r" A=\w+:\S+@\S+ S=", 0.35), (r" P=local ", 0.1)],
)
def test_messages_are_mixed_as_on_a_hosting_server(bulk: list[str], kind: str, share: float) -> None:
    found = arrivals(bulk)
    assert sum(bool(re.search(kind, line)) for line in found) / len(found) == pytest.approx(share, abs=0.03)


def test_most_messages_have_one_recipient(bulk: list[str]) -> None:
    found = arrivals(bulk)
    single = sum(" " not in line.rpartition(" for ")[2] for line in found)
    assert single / len(found) == pytest.approx(0.86, abs=0.03)


def test_ids_are_given_once(bulk: list[str]) -> None:
    ids = [line.split(" ")[2] for line in arrivals(bulk)]
    assert len(set(ids)) == len(ids)


def test_lines_are_in_order(bulk: list[str]) -> None:
    stamps = [line[:19] for line in bulk]
    assert stamps == sorted(stamps)


def test_the_grammar_knows_every_line(bulk: list[str]) -> None:
    assert [line for line in bulk if isinstance(parse(line.encode(), zone=UTC), Unparsed)] == []
