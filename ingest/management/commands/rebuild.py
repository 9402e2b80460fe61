"""``manage.py rebuild``: every row derived again from the stored text."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ingest.management.log_hosts import add_log_host, log_hosts
from ingest.management.progress import Progress
from ingest.models import LogHost
from ingest.rebuild import Busy, rebuild


class Command(BaseCommand):
    help = (
        "Derives every row again from the stored lines, by the grammar and the rules as they are now."
        " A call that was ended is continued by the next one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_log_host(parser)
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *, log_host: str | None, json: bool, **_: Any) -> None:
        done = [self._rebuild(host, quiet=json) for host in log_hosts(log_host)]
        if json:
            self.stdout.write(_as_json(done))

    def _rebuild(self, host: LogHost, *, quiet: bool) -> tuple[str, int, float]:
        started = time.monotonic()
        try:
            lines = rebuild(host, progress=Progress(host, self.stderr).show)
        except Busy as busy:
            raise CommandError(f"Another process is deriving the rows of {host} just now.") from busy
        if not quiet:
            self.stdout.write(f"{host}: {lines:,} lines read again.")
        return host.name, lines, time.monotonic() - started


def _as_json(done: list[tuple[str, int, float]]) -> str:
    return json.dumps(
        {
            "log_hosts": [
                {"name": name, "lines": lines, "seconds": round(seconds, 2)} for name, lines, seconds in done
            ]
        },
        ensure_ascii=False,
        indent=2,
    )
