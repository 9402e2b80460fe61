"""``manage.py reclassify``: decide every finding again."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from ingest import classification
from ingest.management.log_hosts import add_log_host, log_hosts


class Command(BaseCommand):
    help = "Decides all findings again, from the stored rows and by the rules as they are now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_log_host(parser)

    def handle(self, *, log_host: str | None, **_: Any) -> None:
        for host in log_hosts(log_host):
            count = classification.reclassify(host)
            self.stdout.write(f"{host}: {count:,} messages judged.")
