"""``manage.py explain``: lines in, meaning and verdict out; nothing is stored."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from ingest.exim.line import readable
from ingest.explain import Explained, explain
from ingest.models.log_hosts import zone_name


class Command(BaseCommand):
    help = "Explains log lines part by part and judges them, with a configuration if given. Stores nothing."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", default="-", help="log lines; - or nothing is standard input")
        parser.add_argument(
            "--config", action="append", type=Path, default=[], help="configuration text; repeatable"
        )
        parser.add_argument("--timezone", default="UTC", help="zone of the lines, UTC if not given")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *, file: str, config: list[Path], timezone: str, json: bool, **_: Any) -> None:
        try:
            zone_name(timezone)
        except ValidationError as error:
            raise CommandError(error.messages[0]) from error
        text = sys.stdin.buffer.read() if file == "-" else read_file(Path(file))
        configuration = "\n".join(readable(read_file(path)) for path in config)
        explained = explain(text, configuration=configuration, zone=ZoneInfo(timezone))
        if json:
            self.stdout.write(_document(explained))
        else:
            self._tell(explained)

    def _tell(self, explained: Explained) -> None:
        write = self.stdout.write
        for line in explained.lines:
            write(f"\n{line.text}\n  {line.sentence}")
            for token in line.tokens:
                write(f"    {token.text}\n        {token.meaning}")
        write(f"\n{explained.verdict.headline}\n{explained.verdict.lead}")
        for step in explained.verdict.next_steps:
            write("\n    ".join(filter(None, [f"- {step.text}", step.fix, step.command])))
        for found in explained.on_host:
            write(f"\n{found.rule} {found.severity}: {found.title}\n  {found.evidence}")
        for finding in explained.configuration:
            write(
                f"\n{finding.rule} {finding.state}: {finding.title} ({finding.where})\n  {finding.explanation}"
            )
            if finding.fix:
                write(f"  Repaired:\n{finding.fix}")


def _document(explained: Explained) -> str:
    return json.dumps(explained.as_json(), ensure_ascii=False, indent=2)


def read_file(path: Path) -> bytes:
    """The bytes of a file named on the command line; raises CommandError with one sentence."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}.") from error
