"""Undo a run."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ingest import undo
from ingest.models import IngestRun, State


class Command(BaseCommand):
    help = (
        "Removes what a run added, unless another file has it too. A run that is half undone is gone on with."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "run", type=int, metavar="RUN", help="the number of the run, as its page shows it"
        )
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        run = IngestRun.objects.filter(pk=options["run"]).first()
        if run is None:
            raise CommandError(f"There is no run {options['run']}.")
        if run.state == State.UNDONE:
            raise CommandError(f"Run {run.pk} is undone already.")
        if run.state != State.UNDOING and not undo.begin(run, by="command line"):
            raise CommandError(f"Run {run.pk} is not over. Cancel it first, or wait.")
        while undo.work(run.pk):
            pass
        run.refresh_from_db()
        if run.state != State.UNDONE:
            raise CommandError(f"Another process is undoing run {run.pk}.")
        lines = run.undone_lines
        if options["json"]:
            self.stdout.write(json.dumps({"run": run.pk, "state": run.state, "lines": lines}))
        else:
            self.stdout.write(f"Run {run.pk} is undone: {lines:,} line{'' if lines == 1 else 's'} removed.")
