"""``manage.py reclassify``: decide every finding again."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ingest import classification
from ingest.models import LogHost


class Command(BaseCommand):
    help = "Decides all findings again, from the stored rows and by the rules as they are now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--log-host", help="only this one")

    def handle(self, *, log_host: str | None, **_: Any) -> None:
        hosts = LogHost.objects.all()
        if log_host is not None:
            hosts = hosts.filter(name=log_host)
            if not hosts:
                raise CommandError(f"There is no log host {log_host}.")
        for host in hosts:
            count = classification.reclassify(host)
            self.stdout.write(f"{host}: {count:,} messages judged.")
