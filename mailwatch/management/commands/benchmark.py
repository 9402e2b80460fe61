"""``manage.py benchmark``: how fast, as ratios against peers in the same run."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from benchmarks import ingest_speed, parse_speed

_COLUMNS = "{:<22} {:<38} {}"


class Command(BaseCommand):
    help = "Measures on a generated log, in databases of its own; the stored data are not touched."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", nargs="?", choices=["ingest", "parse"], default="ingest")
        parser.add_argument("--lines", type=int, default=1_000_000, help="of the generated log")
        parser.add_argument("--rounds", type=int, default=3, help="the best one counts")

    def handle(self, *, what: str, lines: int, rounds: int, **_: Any) -> None:
        measurement = parse_speed if what == "parse" else ingest_speed
        for row in measurement.measure(lines=lines, rounds=rounds).rows():
            self.stdout.write(_COLUMNS.format(*row).rstrip())
