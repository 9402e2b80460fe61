"""``manage.py sync``: a pass over sources, now."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Sum

from ingest import syncing, workers
from ingest.models import Source

_PAUSE = 0.5  # seconds between two looks at a pass that somebody else makes


class Command(BaseCommand):
    help = "Reads what is new in the directories of sources, and ends when it is searchable."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "source", nargs="*", help="its number, its address or its log host; without any, all not paused"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *, source: list[str], json: bool, **_: Any) -> None:
        results = [self._sync(found) for found in _chosen(source)]
        self._report(results, as_json=json)
        failed = [f"{result['url']}: {result['error']}" for result in results if result["error"]]
        if failed:
            raise CommandError(" ".join(failed))

    def _sync(self, source: Source) -> dict[str, Any]:
        while (done := syncing.sync(source.pk)) is None:
            time.sleep(_PAUSE)
        totals = {"lines": 0, "new_lines": 0}
        for run in done.runs:
            workers.read_all(run, progress=lambda: None)
            counts = run.files.aggregate(**{name: Sum(name) for name in totals})
            totals = {name: totals[name] + (counts[name] or 0) for name in totals}
        return {
            "source": source.pk,
            "url": source.url,
            "log_host": source.log_host.name,
            "files": done.files,
            "runs": [run.pk for run in done.runs],
            **totals,
            "error": done.error or None,
        }

    def _report(self, results: list[dict[str, Any]], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"sources": results}, ensure_ascii=False, indent=2))
            return
        if not results:
            self.stdout.write("There are no sources.")
        for result in results:
            self.stdout.write(
                f"{result['log_host']} {result['url']}: {result['files']:,} files with something new, "
                f"{result['new_lines']:,} new lines."
            )


def _chosen(names: list[str]) -> list[Source]:
    """In the order in which they were named. Raises CommandError for one that there is not."""
    every = list(Source.objects.select_related("log_host"))
    if not names:
        return [source for source in every if not source.is_paused]
    chosen: dict[int, Source] = {}
    for name in names:
        found = [one for one in every if name in (str(one.pk), one.url, one.log_host.name)]
        if not found:
            raise CommandError(f"There is no source {name}.")
        chosen |= {one.pk: one for one in found}
    return list(chosen.values())
