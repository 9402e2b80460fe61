"""``manage.py search``: whole messages by words in their lines, for people used to exigrep."""

from collections.abc import Iterator
from datetime import tzinfo
from typing import Any

from django.core.management.base import CommandError, CommandParser

from ingest.exim.events import Kind, Unparsed
from ingest.exim.parse import parse
from ingest.models import LogHost, Status
from mailwatch.management import options
from mailwatch.printable import plain_lines
from mailwatch.queries import whole_messages as queries
from mailwatch.queries.patterns import NoPattern
from mailwatch.queries.ranges import spans


class Command(options.ReadingCommand):
    help = (
        "Print every line of each message of which one line contains a TERM (any of several, upper or lower"
        " case), and lines with a TERM that belong to no message. Reads all stored text."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("term", metavar="TERM", nargs="+")
        options.add_log_host(parser)
        options.add_range(parser)
        parser.add_argument(
            "--status", choices=[str(status) for status in Status], help="only messages of it"
        )
        parser.add_argument("--regex", action="store_true", help="each TERM is a regular expression (RE2)")
        parser.add_argument("--invert", action="store_true", help="what has no line with a TERM")
        parser.add_argument(
            "--related",
            action="store_true",
            help="also the messages that bounces report about, and the bounces",
        )
        options.add_json(parser)

    def handle(self, *, json: bool, **given: Any) -> None:
        words = queries.Words(
            terms=tuple(given["term"]),
            are_patterns=given["regex"],
            is_inverted=given["invert"],
            with_related=given["related"],
        )
        try:
            words.pattern()
        except NoPattern as error:
            raise CommandError(str(error)) from error
        found = _found(words, given)
        if json:
            options.write_json_lists(self.stdout, "found", (_as_json(one) for one in found))
            return
        for one in found:
            self.stdout.write("\n".join(plain_lines(text) for text in one.texts), ending="\n\n")


def _found(words: queries.Words, given: dict[str, Any]) -> Iterator[queries.Found]:
    """What is asked for is read now, so that a refusal comes before the first line of an answer."""
    asked = options.range_of(since=given["since"], until=given["until"])
    chosen = options.log_host(given["log_host"])
    hosts = [chosen] if chosen else list(LogHost.objects.all())
    stored = spans(hosts)
    within = [(host, asked.bounds(host, stored[host.pk])) for host in hosts]
    status = given["status"] or ""
    return (
        found for host, bounds in within for found in queries.find(host, words, bounds=bounds, status=status)
    )


def _as_json(found: queries.Found) -> dict[str, Any]:
    """A message with its lines; ``message_id`` null: one line that belongs to no message."""
    message, zone = found.message, found.log_host.zone
    return {
        "log_host": found.log_host.name,
        "message_id": message.message_id if message else None,
        "status": str(message.status) if message else None,
        "received_at": (
            message.received_at.astimezone(zone).isoformat() if message and message.received_at else None
        ),
        "envelope_sender": message.envelope_sender if message else None,
        "lines": [_line(text, entry, zone) for text, entry in zip(found.texts, found.entries, strict=True)],
    }


def _line(text: str, entry: bytes, zone: tzinfo) -> dict[str, Any]:
    event = parse(entry.split(b"\n", 1)[0], zone=zone)
    if isinstance(event, Unparsed):
        return {"logged_at": None, "kind": str(Kind.NOTE), "text": text}
    return {
        "logged_at": event.logged_at.astimezone(zone).isoformat(),
        "kind": str(event.kind),
        "text": text,
    }
