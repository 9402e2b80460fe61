"""``manage.py log_host``: create a log host or change what is known of it."""

import json
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from ingest import knowledge, pipeline, reevaluation, zones
from ingest.exim.line import readable
from ingest.exim.masking import mask
from ingest.management.progress import Bar
from ingest.models import LogHost, Reevaluation, StoredConfiguration
from ingest.rebuild import move
from ingest.reevaluation_leases import ask
from ingest.retention import LONGEST, days_of
from ingest.sources.configurations import configuration_at
from ingest.sources.limits import Refused


class Command(BaseCommand):
    help = "Creates a log host or changes it; findings that depend on it are decided again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--timezone", help="of its logs, for example Europe/Madrid")
        parser.add_argument(
            "--local-domain", action="append", help="a domain it accepts mail for; repeatable"
        )
        parser.add_argument("--trusted-network", action="append", help="may send without a login; repeatable")
        parser.add_argument("--own-address", action="append", help="one of its own addresses; repeatable")
        parser.add_argument(
            "--smarthost",
            action="append",
            help="address or network that hands in mail of others with right, or takes ours; repeatable",
        )
        parser.add_argument(
            "--known-accounts",
            type=Path,
            metavar="FILE",
            help="the accounts there are, one a line, as passwd or CSV; passwords are not kept",
        )
        parser.add_argument(
            "--limit",
            action="append",
            type=_limit,
            metavar="NAME=VALUE",
            help="a threshold as docs/rules.md names it; NAME= gives it up again; repeatable",
        )
        parser.add_argument(
            "--config",
            action="append",
            type=Path,
            help="output of exim -bP, a configure file, or an archive or folder of /etc/exim4; repeatable",
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
        if (
            not move(host)
            and Reevaluation.objects.filter(log_host=host, state=Reevaluation.State.WAITING).exists()
        ):
            bar = Bar(str(host), self.stderr)
            row = reevaluation.now(host, "log_host", bar.show)
            bar.end()
            if row.error:
                raise CommandError(f"{host} is changed, but not judged again: {row.error}")
        self._report(host, is_new=is_new, as_json=json)

    def _change(
        self,
        host: LogHost,
        *,
        is_new: bool,
        timezone: str | None,
        local_domain: list[str] | None,
        trusted_network: list[str] | None,
        own_address: list[str] | None,
        smarthost: list[str] | None,
        known_accounts: Path | None,
        limit: list[tuple[str, str]] | None,
        config: list[Path] | None,
        retention: int | str | None,
        **_: Any,
    ) -> None:
        if timezone is not None and timezone != host.timezone:
            if not is_new and host.runs.exists():
                host.wanted_timezone = timezone  # what is stored is read again
            else:
                host.timezone = timezone
        if retention is not None:
            host.retention_days = None if isinstance(retention, str) else retention
        host.full_clean()
        host.save()
        if config is not None:
            _replace_configuration(host, config)
            ask(host, "configuration changed")
        knowledge.change(
            host,
            local_domains=local_domain,
            trusted_networks=trusted_network,
            own_addresses=own_address,
            smarthosts=smarthost,
        )
        if limit is not None:
            knowledge.change_limits(host, dict(limit))
        if known_accounts is not None:
            knowledge.take_accounts(host, _text_of(known_accounts), replace=True)

    def _report(self, host: LogHost, *, is_new: bool, as_json: bool) -> None:
        check = zones.check_of(host)
        known = {
            "name": host.name,
            "timezone": host.timezone,
            "zone_check": check.as_json(),
            "local_domains": host.local_domains,
            "trusted_networks": host.trusted_networks,
            "own_addresses": host.own_addresses,
            "smarthosts": host.smarthosts,
            "known_accounts": host.known_accounts.count(),
            "limits": host.limits,
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


def _limit(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ArgumentTypeError(f"{text} does not read NAME=VALUE")
    return name.strip(), value


def _text_of(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}.") from error
    if b"\0" in raw:
        raise ValueError(f"{path}: This file is no text, so it is no list of accounts.")
    return readable(raw)


def _advice(host: LogHost, check: zones.ZoneCheck) -> str:
    return f" {check.advice(host.name)}" if check.is_wrong else ""


def _configuration_of(path: Path) -> str:
    try:
        return configuration_at(path)
    except Refused as refusal:
        raise ValueError(f"{path}: {refusal}") from refusal
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}.") from error


def _replace_configuration(host: LogHost, paths: list[Path]) -> None:
    """The texts are stored with their passwords masked."""
    rows = []
    for path in paths:
        rows.append(StoredConfiguration(log_host=host, name=path.name, text=mask(_configuration_of(path))))
    host.configurations.all().delete()
    StoredConfiguration.objects.bulk_create(rows)
