"""``manage.py timeline``: what happened to one message."""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError, CommandParser

from ingest.models import LogHost, Message
from mailwatch.management import options
from mailwatch.printable import plain, plain_lines
from mailwatch.queries import message as queries


class Command(options.ReadingCommand):
    help = "Tell what happened to a message, line by line."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("message_id", metavar="MESSAGE_ID", help="upper and lower case differ")
        options.add_log_host(parser)
        options.add_json(parser)

    def handle(self, *, message_id: str, log_host: str | None, json: bool, **_: Any) -> None:
        found = queries.timeline(_message(message_id, options.log_host(log_host)), most_lines=None)
        if json:
            options.write_json(self.stdout, queries.as_json(found))
            return
        for line in _told(found):
            self.stdout.write(line)


def _message(message_id: str, log_host: LogHost | None) -> Message:
    """The only message of that id."""
    found = list(queries.find(message_id, log_host=log_host))
    if len(found) == 1:
        return found[0]
    if found:
        names = " and ".join(message.log_host.name for message in found)
        raise CommandError(f"{message_id} stands in the logs of {names}; choose one with --log-host.")
    looked_at = log_host.name if log_host else ", ".join(LogHost.objects.values_list("name", flat=True))
    where = f"No line has this id in the logs of {looked_at}." if looked_at else "No logs yet."
    raise CommandError(f"There is no message {plain(message_id)}. {where}")


def _told(found: queries.Timeline) -> Iterator[str]:
    """For people: the story, the findings, then each line under what it means."""
    yield f"{found.message.message_id} on {found.log_host.name}: {found.status}"
    yield plain(found.summary)
    for finding in found.findings:
        yield f"{finding.severity} {finding.rule} {finding.title}: {plain(finding.evidence)}"
    for line in found.lines:
        yield ""
        if line.pause:
            yield f"    ({plain(line.pause)})"
        yield plain_lines(line.text)
        yield f"    {plain(line.explanation)}"
    if found.last_pause:
        yield ""
        yield f"    ({plain(found.last_pause)})"
