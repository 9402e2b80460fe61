"""``manage.py reclassify``: decide every finding again."""

from argparse import ArgumentParser
from json import dumps
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ingest import reevaluation
from ingest.management.log_hosts import add_log_host, log_hosts
from ingest.management.progress import Bar
from ingest.models import Reevaluation


class Command(BaseCommand):
    help = "Decides all findings again, from the stored rows and by the rules as they are now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_log_host(parser)
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *, log_host: str | None, json: bool, **_: Any) -> None:
        done = []
        for host in log_hosts(log_host):
            bar = Bar(str(host), self.stderr)
            row = reevaluation.now(host, "reclassify", bar.show)
            bar.end()
            if row.error:
                raise CommandError(f"{host}: {row.error}")
            done.append(_told(row))
            if not json:
                self.stdout.write(f"{host}: {row.messages or 0:,} messages judged.")
        if json:
            self.stdout.write(dumps(done, ensure_ascii=False, indent=2))


def _told(row: Reevaluation) -> dict[str, Any]:
    before = {(kind, value) for kind, value, _ in row.before["suspects"]}
    after = {(kind, value) for kind, value, _ in row.after["suspects"]}
    return {
        "log_host": row.log_host.name,
        "messages": row.messages,
        "before": {name: row.before[name] for name in ("relaying", "headline")},
        "after": {name: row.after[name] for name in ("relaying", "headline")},
        "suspects_that_came": [list(subject) for subject in sorted(after - before)],
        "suspects_that_went": [list(subject) for subject in sorted(before - after)],
    }
