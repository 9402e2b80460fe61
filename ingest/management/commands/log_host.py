"""``manage.py log_host``: create a log host or change what is known of it."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from ingest import classification, pipeline, zones
from ingest.exim.line import readable
from ingest.exim.masking import mask
from ingest.models import LogHost, StoredConfiguration
from ingest.rebuild import move
from ingest.retention import LONGEST, days_of


class Command(BaseCommand):
    help = "Creates a log host or changes it; findings that depend on it are decided again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--timezone", help="of its logs, for example Europe/Madrid")
        parser.add_argument(
            "--local-domain", action="append", help="a domain it accepts mail for; repeatable"
        )
        parser.add_argument("--trusted-network", action="append", help="may send without a login; repeatable")
        parser.add_argument(
            "--config", action="append", type=Path, help="output of exim -bP, or a configure file; repeatable"
        )
        parser.add_argument(
            "--retention",
            type=_age,
            metavar="DAYS",
            help="delete its lines when they are older; 0: never, default: as MAILWATCH_RETENTION says",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *, name: str, json: bool, **options: Any) -> None:
        try:
            with transaction.atomic():
                host, is_new = pipeline.log_host(name)
                self._change(host, is_new=is_new, **options)
        except (ValueError, ValidationError) as error:
            text = " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
            raise CommandError(text) from error
        if not move(host):
            classification.reclassify(host)
        self._report(host, is_new=is_new, as_json=json)

    def _change(
        self,
        host: LogHost,
        *,
        is_new: bool,
        timezone: str | None,
        local_domain: list[str] | None,
        trusted_network: list[str] | None,
        config: list[Path] | None,
        retention: int | str | None,
        **_: Any,
    ) -> None:
        if timezone is not None and timezone != host.timezone:
            if not is_new and host.runs.exists():
                host.wanted_timezone = timezone  # what is stored is read again
            else:
                host.timezone = timezone
        if local_domain is not None:
            host.local_domains = sorted({domain.lower().rstrip(".") for domain in local_domain})
        if trusted_network is not None:
            host.trusted_networks = sorted({str(ip_network(text, strict=False)) for text in trusted_network})
        if retention is not None:
            host.retention_days = None if isinstance(retention, str) else retention
        host.full_clean()
        host.save()
        if config is not None:
            _replace_configuration(host, config)

    def _report(self, host: LogHost, *, is_new: bool, as_json: bool) -> None:
        check = zones.check_of(host)
        known = {
            "name": host.name,
            "timezone": host.timezone,
            "zone_check": check.as_json(),
            "local_domains": host.local_domains,
            "trusted_networks": host.trusted_networks,
            "retention_days": days_of(host) or None,
            "configurations": [stored.name for stored in host.configurations.all()],
        }
        if as_json:
            self.stdout.write(json.dumps(known, ensure_ascii=False, indent=2))
            return
        self.stdout.write(f"{host} {'created' if is_new else 'changed'}, zone {host.timezone}.")
        if days := days_of(host):
            self.stdout.write(f"Its lines are deleted when they are older than {days:,} days.")
        if host.runs.exists():
            self.stdout.write(check.sentence + _advice(host, check))


def _age(text: str) -> int | str:
    """A number of days, or "default"."""
    if text == "default":
        return text
    if not text.isascii() or not text.isdigit() or int(text) > LONGEST:
        raise ArgumentTypeError(f"{text} is neither a number of days nor the word default")
    return int(text)


def _advice(host: LogHost, check: zones.ZoneCheck) -> str:
    return f" {check.advice(host.name)}" if check.is_wrong else ""


def _replace_configuration(host: LogHost, paths: list[Path]) -> None:
    """The texts are stored with their passwords masked."""
    rows = []
    for path in paths:
        try:
            text = readable(path.read_bytes())
        except OSError as error:
            raise ValueError(f"{path}: {error.strerror}.") from error
        rows.append(StoredConfiguration(log_host=host, name=path.name, text=mask(text)))
    host.configurations.all().delete()
    StoredConfiguration.objects.bulk_create(rows)
