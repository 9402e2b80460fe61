"""Hand the sample logs to a running Mailwatch over HTTP, wait for the runs and say the verdict."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailwatch.standalone import administrator
from mailwatch.standalone.visitor import Refused, Visitor


class Command(BaseCommand):
    help = "Hand the sample logs to the Mailwatch at URL, as a browser would."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url", help="for example http://localhost:8000")
        parser.add_argument(
            "--samples", type=Path, default=settings.BASE_DIR / "samples", help="a folder a log host"
        )

    def handle(self, *, url: str, samples: Path, **options: Any) -> None:
        try:
            self._post(Visitor(url), samples)
        except (Refused, OSError) as error:
            raise CommandError(str(error)) from error

    def _post(self, visitor: Visitor, samples: Path) -> None:
        sign_in = administrator.kept(settings.MAILWATCH_HOME)
        if sign_in is None:
            raise CommandError(
                f"{administrator.path(settings.MAILWATCH_HOME)} is missing, so nobody can sign in"
            )
        visitor.sign_in(sign_in.username, sign_in.password)
        folders = sorted(folder for folder in samples.iterdir() if folder.is_dir())
        runs = [self._upload(visitor, folder) for folder in folders]
        for run in runs:
            visitor.wait_for_run(run)
        for folder in folders:
            self._configure(visitor, folder)
        verdict = visitor.json("/relays/?format=json")["verdict"]
        self.stdout.write(f"Relaying spam? {verdict['relaying'].capitalize()}. {verdict['summary']}")
        self.stdout.write(f"{visitor.url}/relays/")

    def _configure(self, visitor: Visitor, folder: Path) -> None:
        """The configuration behind the log, where there is one, settles what the log leaves open."""
        configuration = folder / "configuration"
        if configuration.exists():
            self.stdout.write(f"Handing in the configuration of {folder.name}")
            self.stdout.flush()
            visitor.keep_configuration(configuration, log_host=folder.name)

    def _upload(self, visitor: Visitor, folder: Path) -> str:
        """The path of the run."""
        files = sorted(folder.glob("mainlog*"))
        self.stdout.write(f"Handing in {len(files)} logs of {folder.name}")
        self.stdout.flush()
        zone = (folder / "zone").read_text().strip()
        return visitor.upload(files, log_host=folder.name, timezone=zone)
