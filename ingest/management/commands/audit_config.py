"""``manage.py audit_config``: what a configuration lets through; nothing is stored."""

import io
import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ingest.exim import configuration
from ingest.rules.configuration import audit
from ingest.sources.configurations import configuration_at, configuration_in
from ingest.sources.limits import Refused
from ingest.stored_log_hosts import limits_of_all


class Command(BaseCommand):
    help = (
        "Checks configurations: output of exim -bP, a configure file, one authenticator, or Debian's /etc/exim4 as a "
        "folder or an archive."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file",
            nargs="*",
            default=["-"],
            help="a file, an archive or a folder; - or nothing is standard input",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *, file: list[str], json: bool, **_: Any) -> None:
        text = "\n".join(_text_of(name) for name in file)
        if not text.strip():
            raise CommandError(
                "There is no text. Hand in what exim -bP config prints, a configure file, or /etc/exim4."
            )
        findings = audit(configuration.read(text), limits_of_all())
        if json:
            self.stdout.write(_document([finding.as_json() for finding in findings]))
            return
        for finding in findings:
            self.stdout.write(f"{finding.rule} {finding.state}: {finding.title} ({finding.where})")
            self.stdout.write(f"  {finding.explanation}")
            if finding.fix:
                self.stdout.write(f"  Repaired:\n{finding.fix}")
            if finding.command:
                self.stdout.write(f"  To see it: {finding.command}")


def _text_of(name: str) -> str:
    try:
        if name != "-":
            return configuration_at(Path(name))
        raw = sys.stdin.buffer.read()
        return configuration_in(io.BytesIO(raw), len(raw))
    except Refused as refusal:
        raise CommandError(f"{name}: {refusal}") from refusal
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}.") from error


def _document(findings: list[dict[str, Any]]) -> str:
    return json.dumps({"findings": findings}, ensure_ascii=False, indent=2)
