"""``manage.py daily_report``: one day of a log host, on the terminal or by mail."""

from datetime import date
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.template.loader import render_to_string

from mailwatch.management import options
from mailwatch.operations import daily_mails
from mailwatch.printable import plain
from mailwatch.queries import daily as queries


class Command(options.ReadingCommand):
    help = "One day of a log host: senders, accounts, domains, queue times, transports, rejections."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("log_host", metavar="LOG_HOST")
        parser.add_argument("--date", metavar="D", help="a day as 2016-03-09; default: the last whole one")
        parser.add_argument("--mail", action="store_true", help="send it to the log host's recipients, now")
        options.add_json(parser)

    def handle(self, *, log_host: str, mail: bool, json: bool, **given: Any) -> None:
        host = options.log_host(log_host)
        assert host is not None
        day = _day(given["date"]) or queries.newest_day(host)
        if day is None:
            raise CommandError(f"{host.name} has no log yet.")
        report = queries.daily(host, day)
        if mail:
            addresses = [recipient.address for recipient in host.daily_recipients.all()]
            _send(addresses, report)
            self.stderr.write(f"Sent to {', '.join(addresses)}.")
        if json:
            options.write_json(self.stdout, queries.as_json(report))
        elif not mail:
            self.stdout.write(render_to_string("daily/mail.txt", {"report": report, "zone": host.zone}))


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"--date: {plain(text)} is no day. Write it as 2016-03-09.") from None


def _send(addresses: list[str], report: queries.DailyReport) -> None:
    if not settings.MAIL_SERVER:
        raise CommandError("There is no server for mails: set EMAIL_HOST.")
    if not addresses:
        raise CommandError(
            f"Nobody gets the daily reports of {report.log_host.name}: choose somebody on its page."
        )
    for address in addresses:
        try:
            daily_mails.send(report.log_host, report.day, address)
        except OSError as error:
            raise CommandError(f"{address}: {error}") from None
