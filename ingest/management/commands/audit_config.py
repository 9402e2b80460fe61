"""``manage.py audit_config``: what a configuration lets through; nothing is stored."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from ingest.exim import configuration
from ingest.exim.line import readable
from ingest.management.commands.explain import read_file
from ingest.rules.configuration import audit


class Command(BaseCommand):
    help = "Checks configuration texts: output of exim -bP, a configure file, or one authenticator."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="*", default=["-"], help="- or nothing is standard input")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *, file: list[str], json: bool, **_: Any) -> None:
        texts = [sys.stdin.buffer.read() if name == "-" else read_file(Path(name)) for name in file]
        findings = audit(configuration.read("\n".join(map(readable, texts))))
        if json:
            self.stdout.write(_document([finding.as_json() for finding in findings]))
            return
        for finding in findings:
            self.stdout.write(f"{finding.rule} {finding.state}: {finding.title} ({finding.where})")
            self.stdout.write(f"  {finding.explanation}")
            if finding.fix:
                self.stdout.write(f"  Repaired:\n{finding.fix}")


def _document(findings: list[dict[str, Any]]) -> str:
    return json.dumps({"findings": findings}, ensure_ascii=False, indent=2)
