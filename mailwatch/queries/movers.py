"""Who sent more or less than in the period before: accounts, senders and the domains that mail went to.

These are nearly as many as messages, so nothing counts them while logs are read: at most a day is looked at, the last
one of a range, against the day before. What was counted is kept by the process until more is stored; a page that comes
before has them counted apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Func, Q, QuerySet, Sum, TextField
from django.db.models.functions import Lower

from ingest.languages import later
from ingest.models import Delivery, HourlyVolume, LogHost, Message
from ingest.rules.facts import Outcome
from ingest.stored_facts import id_bound
from mailwatch.queries.ranges import Bounds
from mailwatch.queries.stored_state import State, stored_state

LONGEST = timedelta(days=1)
AT_ONCE = 10_000  # messages of both periods that are counted while a page waits
SHOWN = 5
_AROUND = timedelta(days=1)  # an id tells when reception began, by a clock in UTC
_LONGEST_WAIT = timedelta(
    days=5
)  # on the queue: Exim gives up after four days, as it is configured by default
_KEPT = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """One account, sender or domain, now and in the period before."""

    name: str
    now: int
    before: int

    @property
    def change(self) -> int:
        return self.now - self.before

    @property
    def is_new(self) -> bool:
        return self.before == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Those of one kind whose numbers changed most."""

    kind: str  # account, sender, domain
    title: str
    unit: str
    movers: Sequence[Mover]
    total: int  # how many had any, now or before


@dataclass(frozen=True, slots=True, kw_only=True)
class Movers:
    """The period that was looked at, from ``since`` until before ``until``, against as long a one before.

    ``groups`` None: not counted yet.
    """

    since: datetime
    until: datetime
    before: datetime
    groups: Sequence[Moved] | None

    @property
    def is_nothing(self) -> bool:
        return self.groups is not None and not any(group.movers for group in self.groups)


def movers(log_host: LogHost, bounds: Bounds, last_at: datetime, *, only_soon: bool = False) -> Movers:
    """Of the last day in a range, or of the whole range if it is shorter; ``last_at``: the end of the log.

    With ``only_soon`` they are counted only where it takes no time; 50,000 messages take a tenth of a second.
    """
    until = min(bounds.until or last_at + timedelta(seconds=1), last_at + timedelta(seconds=1))
    since = max(bounds.since or until - LONGEST, until - LONGEST)
    since = min(since, until)
    before = since - (until - since)
    asked = (log_host.pk, before, since, until, stored_state(log_host))
    groups = _kept.get(asked)
    if groups is None and not (only_soon and _arrived(log_host, before, until) > AT_ONCE):
        groups = _counted(log_host.pk, before, since, until)
        while len(_kept) >= _KEPT:
            _kept.pop(next(iter(_kept)), None)
        _kept[asked] = groups
    return Movers(since=since, until=until, before=before, groups=groups)


_kept: dict[tuple[int, datetime, datetime, datetime, State], tuple[Moved, ...]] = {}


def _arrived(log_host: LogHost, since: datetime, until: datetime) -> int:
    hours = HourlyVolume.objects.filter(log_host=log_host, hour__gte=since, hour__lt=until)
    return int(hours.aggregate(messages=Sum("messages", default=0))["messages"])


def _counted(log_host_id: int, before: datetime, since: datetime, until: datetime) -> tuple[Moved, ...]:
    messages = Message.objects.filter(
        log_host_id=log_host_id,
        first_at__gte=before,
        first_at__lt=until,
        message_id__gte=id_bound(before - _AROUND),
        message_id__lt=id_bound(until + _AROUND),
    )
    deliveries = Delivery.objects.filter(
        log_host_id=log_host_id,
        outcome=Outcome.DELIVERED,
        remote_host_address__isnull=False,
        logged_at__gte=before,
        logged_at__lt=until,
        message_id__gte=id_bound(before - _LONGEST_WAIT),
        message_id__lt=id_bound(until + _AROUND),
    )
    is_now = Q(first_at__gte=since)
    return (
        _moved("account", later("Accounts"), later("messages"), _numbers(_accounts(messages), is_now)),
        _moved(
            "sender", later("Senders of this server"), later("messages"), _numbers(_senders(messages), is_now)
        ),
        _moved(
            "domain",
            later("Domains sent to"),
            later("recipients"),
            _numbers(_domains(deliveries), Q(logged_at__gte=since)),
        ),
    )


def _numbers(names: QuerySet[Any], is_now: Q) -> list[Mover]:
    """Each name with its number now and before: both from one reading."""
    rows = names.annotate(now=Count("message_id", filter=is_now), before=Count("message_id", filter=~is_now))
    return [Mover(name=name, now=now, before=before) for name, now, before in rows]


def _moved(kind: str, title: str, unit: str, found: Sequence[Mover]) -> Moved:
    changed = [one for one in found if one.change]
    ranked = sorted(changed, key=lambda one: (-abs(one.change), one.name))
    return Moved(kind=kind, title=title, unit=unit, movers=ranked[:SHOWN], total=len(found))


def _accounts(messages: QuerySet[Message]) -> QuerySet[Any]:
    return messages.filter(authenticated_id__isnull=False).values_list("authenticated_id")


def _senders(messages: QuerySet[Message]) -> QuerySet[Any]:
    """Of messages with a login and of those of the machine itself; bounces have no sender."""
    named = messages.exclude(envelope_sender="").exclude(envelope_sender=None)
    return named.exclude(authenticator=None, sender_host_address__isnull=False).values_list(
        Lower("envelope_sender")
    )


class _Domain(Func):
    """What stands behind the last @, in small letters; "" without one."""

    template = "lower(substring(%(expressions)s from '@([^@]*)$'))"
    output_field = TextField()


def _domains(deliveries: QuerySet[Delivery]) -> QuerySet[Any]:
    named = deliveries.annotate(domain=_Domain("recipient")).exclude(domain__isnull=True)
    return named.values_list("domain")
