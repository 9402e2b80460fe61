"""Options that several commands take, and what they mean."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser, OutputWrapper

from ingest.models import LogHost
from mailwatch.printable import plain
from mailwatch.queries.ranges import Preset, Range, read_time


def add_log_host(parser: CommandParser) -> None:
    parser.add_argument("--log-host", metavar="NAME", help="one log host; without it all of them")


def add_range(parser: CommandParser) -> None:
    zone = "in the log host's zone, unless T names one"
    parser.add_argument("--since", metavar="T", help=f"from this time on; {zone}")
    parser.add_argument("--until", metavar="T", help="before this time")


def add_json(parser: CommandParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")


def log_host(name: str | None) -> LogHost | None:
    """The log host of that name, None for none given; CommandError where there is none of that name."""
    if name is None:
        return None
    found = LogHost.objects.filter(name=name).first()
    if found is None:
        known = ", ".join(LogHost.objects.values_list("name", flat=True)) or "none yet"
        raise CommandError(f"There is no log host named {plain(name)}. Known: {known}.")
    return found


def range_of(*, since: str | None, until: str | None) -> Range:
    """What --since and --until say; CommandError for what is no time."""
    if since is None and until is None:
        return Range()
    return Range(preset=Preset.EXACT, since=_time("--since", since), until=_time("--until", until))


def _time(option: str, text: str | None) -> datetime | None:
    at = read_time(text) if text else None
    if text is not None and at is None:
        raise CommandError(f"{option}: {plain(text)} is no time. Write it as 2016-03-09T07:53.")
    return at


def write_json(stdout: OutputWrapper, document: Any) -> None:
    """One document, and nothing else."""
    stdout.write(json.dumps(document, ensure_ascii=False, indent=2))


def write_json_lists(stdout: OutputWrapper, name: str, items: Iterable[Any]) -> None:
    """``{name: [...]}`` written item by item, so that memory does not grow with the result."""
    stdout.write(f"{{{json.dumps(name)}: [", ending="")
    for number, item in enumerate(items):
        stdout.write(("," if number else "") + "\n  " + json.dumps(item, ensure_ascii=False), ending="")
    stdout.write("\n]}")
