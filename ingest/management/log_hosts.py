"""The option --log-host of commands that go over all log hosts, or one."""

from argparse import ArgumentParser

from django.core.management.base import CommandError
from django.db.models import QuerySet

from ingest.models import LogHost


def add_log_host(parser: ArgumentParser) -> None:
    """Take the name of one log host."""
    parser.add_argument("--log-host", help="only this one")


def log_hosts(name: str | None) -> QuerySet[LogHost]:
    """The log host of that name, or all; CommandError where there is none of that name."""
    hosts = LogHost.objects.all()
    if name is None:
        return hosts
    hosts = hosts.filter(name=name)
    if not hosts:
        raise CommandError(f"There is no log host {name}.")
    return hosts
