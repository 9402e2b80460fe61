"""Serve Mailwatch on this machine, with the sample logs handed in."""

import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from mailwatch.standalone import ServiceError, supervisor


class Command(BaseCommand):
    help = "As `run`; then hand in the sample logs over HTTP, as a browser would, and say the verdict."
    requires_system_checks = ()

    def handle(self, **options: Any) -> None:
        try:
            supervisor.run(self._say, afterwards=_post_samples)
        except supervisor.AlreadyRunning:
            call_command("post_samples", supervisor.url_of_running(settings.MAILWATCH_HOME))
        except ServiceError as error:
            raise CommandError(str(error)) from error

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _post_samples(url: str) -> list[str]:
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), "post_samples", url]
