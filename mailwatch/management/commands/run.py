"""Serve Mailwatch on this machine."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mailwatch.standalone import ServiceError, supervisor


class Command(BaseCommand):
    help = "Start PostgreSQL, Valkey, the web server and Celery on this machine, until Ctrl-C."
    requires_system_checks = ()

    def handle(self, **options: Any) -> None:
        try:
            supervisor.run(self._say)
        except ServiceError as error:
            raise CommandError(str(error)) from error

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
