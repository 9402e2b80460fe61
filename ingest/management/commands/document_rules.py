"""Writes docs/rules.md from the rules, or checks that it is what the rules say."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ingest.rules.document import document


class Command(BaseCommand):
    help = "Writes docs/rules.md from the rules; with --check only says whether it is up to date."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """--check for continuous integration."""
        parser.add_argument("--check", action="store_true", help="write nothing; fail if the document is old")

    def handle(self, **options: Any) -> None:
        """Writes or compares."""
        path = Path(settings.BASE_DIR) / "docs" / "rules.md"
        text = document()
        if not options["check"]:
            path.write_text(text, encoding="utf-8")
            self.stdout.write(f"{path.name}: {len(text.splitlines())} lines")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            raise CommandError("docs/rules.md is not what the rules say: run manage.py document_rules.")
