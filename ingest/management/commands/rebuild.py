"""``manage.py rebuild``: every row derived again from the stored text."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ingest.models import LogHost
from ingest.rebuild import rebuild


class Command(BaseCommand):
    help = "Derives every row again from the stored lines, by the grammar and the rules as they are now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--log-host", help="only this one")

    def handle(self, *, log_host: str | None, **_: Any) -> None:
        hosts = LogHost.objects.all()
        if log_host is not None:
            hosts = hosts.filter(name=log_host)
            if not hosts:
                raise CommandError(f"There is no log host {log_host}.")
        for host in hosts:
            lines = rebuild(host)
            self.stdout.write(f"{host}: {lines:,} lines read again.")
