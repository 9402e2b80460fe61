"""``manage.py rebuild``: every row derived again from the stored text."""

import json
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Sum

from ingest.models import LogHost, LogPage
from ingest.rebuild import Busy, rebuild


class Command(BaseCommand):
    help = (
        "Derives every row again from the stored lines, by the grammar and the rules as they are now."
        " A call that was ended is continued by the next one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--log-host", help="only this one")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *, log_host: str | None, json: bool, **_: Any) -> None:
        hosts = LogHost.objects.all()
        if log_host is not None:
            hosts = hosts.filter(name=log_host)
            if not hosts:
                raise CommandError(f"There is no log host {log_host}.")
        done = [self._rebuild(host, quiet=json) for host in hosts]
        if json:
            self.stdout.write(_as_json(done))

    def _rebuild(self, host: LogHost, *, quiet: bool) -> tuple[str, int, float]:
        started = time.monotonic()
        try:
            lines = rebuild(host, progress=_Progress(host, self.stderr).show)
        except Busy as busy:
            raise CommandError(f"Another process is deriving the rows of {host} just now.") from busy
        if not quiet:
            self.stdout.write(f"{host}: {lines:,} lines read again.")
        return host.name, lines, time.monotonic() - started


class _Progress:
    """A line on a terminal that says how far it is."""

    def __init__(self, host: LogHost, stream: Any) -> None:
        self._host = host
        self._stream = stream
        self._is_terminal = sys.stderr.isatty()
        self._all: int | None = None

    def show(self, lines: int) -> None:
        if not self._is_terminal:
            return
        if self._all is None:
            stored = LogPage.objects.filter(log_host=self._host)
            self._all = stored.aggregate(lines=Sum("lines", default=0))["lines"]
        share = min(1.0, lines / (self._all or 1))
        self._stream.write(
            f"\r[{'#' * int(share * 30):<30}] {share:4.0%}  {self._host}: {lines:,} lines    ", ending=""
        )
        if share == 1:
            self._stream.write("")


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
