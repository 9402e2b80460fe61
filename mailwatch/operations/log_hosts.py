"""Settings of a log host."""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Sum
from kombu.exceptions import OperationalError

from ingest import knowledge, rebuild, tasks
from ingest.models import AllowEntry, LogFile, LogHost, Reevaluation
from mailwatch import trail

log = logging.getLogger(__name__)

MOST_AT_ONCE = 5000  # lines that are read again while somebody waits: about two seconds


def correct_zone(*, log_host: LogHost, timezone: str) -> bool:
    """Read what is stored of a log host in another zone, which becomes its own. No file is needed again.

    False where that takes too long for somebody who waits: a worker does it then, and until it is done every page
    shows what it showed before. ``timezone`` names a zone (ingest.models.log_hosts.zone_name).
    """
    trail.tell_change({"timezone": log_host.timezone}, {"timezone": timezone})
    LogHost.objects.filter(pk=log_host.pk).update(wanted_timezone=timezone)
    lines = LogFile.objects.filter(log_host=log_host).aggregate(total=Sum("new_lines", default=0))["total"]
    if lines <= MOST_AT_ONCE:
        rebuild.move(log_host)
        return True
    try:
        with transaction.atomic():
            tasks.move_soon(log_host)
    except OperationalError:
        log.warning("The broker did not answer; the zone of %s waits until it is back.", log_host)
    return False


# ---- what is known: every change is re-evaluated by a worker, with progress (Reevaluation); ValueError says in one
# sentence what is wrong with a value


@transaction.atomic
def change_knowledge(
    *,
    log_host: LogHost,
    local_domains: Iterable[str] | None = None,
    trusted_networks: Iterable[str] | None = None,
    own_addresses: Iterable[str] | None = None,
    smarthosts: Iterable[str] | None = None,
) -> Reevaluation | None:
    """Say what a log host is; None leaves a thing as it is. None is returned where nothing changed."""
    wanted = {
        "local_domains": local_domains,
        "trusted_networks": trusted_networks,
        "own_addresses": own_addresses,
        "smarthosts": smarthosts,
    }
    before = _known(log_host)
    asked = knowledge.change(log_host, **wanted)
    log_host.refresh_from_db()
    trail.tell_change(before, _known(log_host))
    return _woken(asked)


def _known(log_host: LogHost) -> dict[str, object]:
    names = ("local_domains", "trusted_networks", "own_addresses", "smarthosts")
    return {name: list(getattr(log_host, name)) for name in names}


@transaction.atomic
def change_limits(*, log_host: LogHost, limits: Mapping[str, str | None]) -> Reevaluation | None:
    """Set thresholds by the names of ``Limits``, as they are typed (ingest.rules.thresholds); "" resets one."""
    before = dict(log_host.limits)
    asked = knowledge.change_limits(log_host, limits)
    log_host.refresh_from_db()
    names = before.keys() | log_host.limits.keys()
    trail.tell_change(before, {name: log_host.limits.get(name) for name in names})
    return _woken(asked)


@transaction.atomic
def take_accounts(*, log_host: LogHost, text: str, replace: bool) -> int:
    """Take the accounts of a list, whose number is returned. Passwords in it are not kept."""
    taken, asked = knowledge.take_accounts(log_host, text, replace=replace)
    _woken(asked)
    return taken


@transaction.atomic
def forget_accounts(*, log_host: LogHost) -> None:
    """Give up the list of accounts."""
    _woken(knowledge.forget_accounts(log_host))


@transaction.atomic
def allow(
    *,
    log_host: LogHost,
    rule: str,
    kind: str,
    value: str,
    reason: str,
    author: str,
    until: datetime,
    now: datetime,
) -> AllowEntry:
    """Silence a rule ("": all) for an address, network, account or local user (AllowEntry.Kind)."""
    entry = knowledge.allow(
        log_host, rule=rule, kind=kind, value=value, reason=reason, author=author, until=until, now=now
    )
    tasks.reevaluate_soon(log_host)
    return entry


@transaction.atomic
def withdraw(*, entry: AllowEntry, author: str, now: datetime) -> bool:
    """End an entry; False if somebody did that before."""
    done = knowledge.withdraw(entry, author=author, now=now)
    tasks.reevaluate_soon(entry.log_host)
    return done


@transaction.atomic
def restore(*, entry: AllowEntry) -> bool:
    """Take a withdrawal back; False if the entry stands."""
    done = knowledge.restore(entry)
    tasks.reevaluate_soon(entry.log_host)
    return done


def _woken(asked: Reevaluation | None) -> Reevaluation | None:
    if asked is not None:
        tasks.reevaluate_soon(asked.log_host)
    return asked


def keep_for(*, log_host: LogHost, days: int | None) -> None:
    """Set after how many days its lines are deleted; 0: never, None: as the setting for all says."""
    trail.tell_change({"retention_days": log_host.retention_days}, {"retention_days": days})
    LogHost.objects.filter(pk=log_host.pk).update(retention_days=days)
