"""``manage.py retain``: delete what is old enough."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import now

from ingest import retention


class Command(BaseCommand):
    help = "Deletes the lines that are older than the age of their log host, and all that they told."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would go")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *, dry_run: bool, json: bool, **_: Any) -> None:
        retained = retention.plan(now()) if dry_run else retention.retain(now())
        if retained is None:
            raise CommandError("Another process is deleting by age just now.")
        if json:
            self.stdout.write(_as_json(retained))
        else:
            self._tell(retained)

    def _tell(self, retained: retention.Retained) -> None:
        verb = "would go" if retained.size is None else "went"
        for due in retained.due:
            self.stdout.write(
                f"{due.log_host}: {due.lines:,} lines {verb}, older than {due.days:,} days,"
                f" from {due.first_at:%Y-%m-%d} to {due.last_at:%Y-%m-%d}."
            )
        if not retained.due:
            self.stdout.write(f"No line {verb}.")
        if retained.months:
            months = ", ".join(f"{month:%Y-%m}" for month in retained.months)
            space = f", {retained.size / 1e6:,.1f} MB" if retained.size is not None else ""
            self.stdout.write(f"Whole months of all log hosts: {months}{space}.")


def _as_json(retained: retention.Retained) -> str:
    return json.dumps(
        {
            "log_hosts": [
                {
                    "name": due.log_host.name,
                    "days": due.days,
                    "lines": due.lines,
                    "pages": len(due.pages),
                    "first_at": due.first_at.isoformat(),
                    "last_at": due.last_at.isoformat(),
                }
                for due in retained.due
            ],
            "months": [f"{month:%Y-%m}" for month in retained.months],
            "bytes_given_back": retained.size,
        },
        ensure_ascii=False,
        indent=2,
    )
