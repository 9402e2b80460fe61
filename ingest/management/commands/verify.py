"""``manage.py verify``: whether all that is stored is what the stored lines say."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ingest.management.log_hosts import add_log_host, log_hosts
from ingest.management.progress import Progress
from ingest.verification import EXAMPLES, Compared, verify


class Command(BaseCommand):
    help = "Checks pages against their checksums and rows against pages, and names the differences."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_log_host(parser)
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *, log_host: str | None, json: bool, **_: Any) -> None:
        found: dict[str, list[Compared]] = {}
        for host in log_hosts(log_host):
            found[host.name] = verify(host, progress=Progress(host, self.stderr).show)
            if not json:
                self._tell(host.name, found[host.name])
        if json:
            self.stdout.write(_as_json(found))
        differences = sum(kind.differences for compared in found.values() for kind in compared)
        if differences:
            raise CommandError(f"{differences:,} difference{'s' if differences != 1 else ''}.")

    def _tell(self, name: str, compared: list[Compared]) -> None:
        self.stdout.write(f"{name}:")
        for kind in compared:
            self.stdout.write(f"  {kind.kind}: {_counts(kind)}")
            for example in kind.examples:
                self.stdout.write(f"    {example.what}: {example.how}")
            if kind.differences > len(kind.examples):
                self.stdout.write(f"    The first {EXAMPLES} of {kind.differences:,}.")


def _counts(kind: Compared) -> str:
    if kind.skipped:
        return f"not compared. {kind.skipped}"
    parts = {"missing": kind.missing, "extra": kind.extra, "changed": kind.changed}
    told = ", ".join(f"{number:,} {word}" for word, number in parts.items() if number)
    return f"{kind.checked:,} stored, {told or 'no difference'}"


def _as_json(found: dict[str, list[Compared]]) -> str:
    hosts = [
        {"name": name, "compared": [asdict(kind) for kind in compared]} for name, compared in found.items()
    ]
    return json.dumps({"log_hosts": hosts}, ensure_ascii=False, indent=2)
