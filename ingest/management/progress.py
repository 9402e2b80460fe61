"""How far a command is through the lines of a log host."""

import sys
from typing import Any

from django.db.models import Sum

from ingest.models import LogHost, LogPage


class Progress:
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


class Bar:
    """A line on a terminal that says how much is done of how much; nothing elsewhere."""

    def __init__(self, name: str, stream: Any) -> None:
        self._name = name
        self._stream = stream
        self._is_terminal = sys.stderr.isatty()

    def show(self, done: int, total: int) -> None:
        if self._is_terminal:
            share = min(1.0, done / total) if total else 0.0
            bar = f"[{'#' * int(share * 30):<30}] {share:4.0%}  {self._name}"
            self._stream.write(f"\r{bar}    ", ending="")

    def end(self) -> None:
        if self._is_terminal:
            self._stream.write("")
