"""``manage.py benchmark``: how fast, as ratios against peers in the same run; pages under load."""

from argparse import ArgumentParser
from json import dumps
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from benchmarks import ingest_speed, page_speed, parse_speed
from benchmarks.load import measure as load
from benchmarks.load.crowd import THINKS
from benchmarks.load.words import told

_COLUMNS = "{:<26} {:<30} {:<28} {}"
_PAGE = "{:<29} {:>9} {:>9} {:>9} {:>9} {:>9} {:>8}"
_PARSED = "{:<22} {:<38} {}"


class Command(BaseCommand):
    help = "Measures on a generated log, in databases of its own; the stored data are not touched."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", nargs="?", choices=["ingest", "load", "pages", "parse"], default="ingest")
        parser.add_argument("--lines", type=int, default=1_000_000, help="of the generated log")
        parser.add_argument("--rounds", type=int, default=3, help="the best one counts")
        parser.add_argument(
            "--stored",
            type=int,
            default=10_000_000,
            help="lines that are in when the next --lines are measured; 0 leaves this out, which takes minutes",
        )

        parser.add_argument(
            "--home",
            type=Path,
            help="pages, load: measure on what is stored in this home, as MAILWATCH_HOME names one;"
            " load keeps there what it hands in",
        )
        parser.add_argument(
            "--log-host",
            action="append",
            default=[],
            dest="log_hosts",
            help="pages: as somebody asks who sees this one only, or several",
        )
        parser.add_argument("--people", type=int, default=50, help="load: who click at the same time")
        parser.add_argument(
            "--uploads", type=int, default=2, help="load: logs handed in at the same time, without a pause"
        )
        parser.add_argument("--minutes", type=float, default=10, help="load: how long")
        parser.add_argument(
            "--thinks",
            type=float,
            default=THINKS,
            help="load: seconds between two pages of a person, on average",
        )
        parser.add_argument("--json", action="store_true", help="load: one JSON document")

    def handle(
        self, *, what: str, lines: int, rounds: int, stored: int, home: Path | None, **options: Any
    ) -> None:
        if what == "parse":
            for row in parse_speed.measure(lines=lines, rounds=rounds).rows():
                self.stdout.write(_PARSED.format(*row).rstrip())
            return
        if what == "pages":
            self._pages(lines=lines, rounds=rounds, home=home, log_hosts=options["log_hosts"])
            return
        if what == "load":
            self._load(lines=lines, home=home, **options)
            return
        for measured in ingest_speed.measure(lines=lines, rounds=rounds, stored=stored):
            self.stdout.write(_COLUMNS.format(*measured.row()).rstrip())
            self.stdout.flush()

    def _load(
        self,
        *,
        lines: int,
        home: Path | None,
        people: int,
        uploads: int,
        minutes: float,
        thinks: float,
        json: bool,
        **_: Any,
    ) -> None:
        measured = load.measure(
            people=people, minutes=minutes, uploads=uploads, lines=lines, home=home, thinks=thinks
        )
        if json:
            self.stdout.write(dumps(measured.as_json(), indent=1, ensure_ascii=False))
            return
        for line in told(measured):
            self.stdout.write(line)

    def _pages(self, *, lines: int, rounds: int, home: Path | None, log_hosts: list[str]) -> None:
        self.stdout.write(_PAGE.format("page", "p50", "p95", "max", "processor", "its p95", "queries"))
        for measured in page_speed.measure(lines=lines, rounds=rounds, home=home, log_hosts=log_hosts):
            if isinstance(measured, page_speed.Lookup):
                self.stdout.write(measured.sentence())
            else:
                self.stdout.write(_PAGE.format(*measured.row()).rstrip())
            self.stdout.flush()
