"""Options that several commands take, and what they mean."""

import json
from collections.abc import Iterable
from contextlib import nullcontext
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper

from ingest import granted
from ingest.granted import Granted
from ingest.models import LogHost
from mailwatch.access import granted_to, with_access
from mailwatch.printable import plain, plain_json
from mailwatch.queries.ranges import Preset, Range, read_time


class ReadingCommand(BaseCommand):
    """A command that reads what there is; with ``--as`` what one user may read."""

    def create_parser(self, prog_name: str, subcommand: str, **more: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **more)
        parser.add_argument(
            "--as", dest="reader", metavar="USER", help="only what this user may read; without it everything"
        )
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        name = options.pop("reader", None)
        with granted.only(_granted(name)) if name is not None else nullcontext():
            return super().execute(*args, **options)


def _granted(name: str) -> Granted:
    user = with_access(User.objects.filter(username=name, is_active=True)).first()
    if user is None:
        raise CommandError(f"There is no user named {plain(name)} who may sign in.")
    return granted_to(user)


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
    stdout.write(plain_json(document, indent=2))


def write_json_lists(stdout: OutputWrapper, name: str, items: Iterable[Any]) -> None:
    """``{name: [...]}`` written item by item, so that memory does not grow with the result."""
    stdout.write(f"{{{json.dumps(name)}: [", ending="")
    for number, item in enumerate(items):
        stdout.write(("," if number else "") + "\n  " + plain_json(item), ending="")
    stdout.write("\n]}")
