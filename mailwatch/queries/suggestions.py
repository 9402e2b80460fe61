"""What a few typed characters may become: accounts, domains, servers and log hosts, from small tables only."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from django.db.models import F, Max, Sum
from django.db.models.functions import Collate, Lower

from ingest.languages import say
from ingest.models import (
    AddressLogin,
    Counted,
    HourCount,
    HourlyVolume,
    KnownAccount,
    LocalDomain,
    LogHost,
)
from mailwatch.queries.terms import TermKind

MOST = 8
_HOSTS = 2
_DAYS = timedelta(days=7)  # the hours of a whole log would take too long for a key that is pressed
_SHORTEST = 2  # characters; fewer say nothing
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Suggestion:
    """``text`` goes into the box; ``noun`` says what it is; ``kind`` is how it is read, ``log_host`` where."""

    text: str
    noun: str
    kind: str = ""
    log_host: str = ""


def suggestions(typed: str) -> list[Suggestion]:
    """At most MOST that begin with what was typed, upper or lower case."""
    beginning = typed.strip().lower()
    if not _SHORTEST <= len(beginning) <= _LONGEST or "\0" in beginning:
        return []
    found = {(one.noun, one.text): one for one in _found(beginning)}
    return list(islice(found.values(), MOST))


def _found(beginning: str) -> Iterator[Suggestion]:
    domain = beginning.removeprefix("@")
    for name in LogHost.objects.filter(name__istartswith=beginning).values_list("name", flat=True)[:2]:
        yield Suggestion(name, say("log host"), log_host=name)
    if domain:
        rows = LocalDomain.objects.filter(domain__startswith=domain)
        for name in rows.order_by("-deliveries").values_list("domain", flat=True)[: MOST // 2]:
            yield Suggestion(f"@{name}", say("domain"), kind=TermKind.DOMAIN)
    yield from (Suggestion(name, say("host"), kind=TermKind.HOST) for name in _providers(beginning))
    known = KnownAccount.objects.filter(account__startswith=beginning).order_by("account")
    for name in known.values_list("account", flat=True).distinct()[:MOST]:
        yield Suggestion(name, say("account"), kind=TermKind.ACCOUNT)
    for name in _logins(beginning):
        yield Suggestion(name, say("account"), kind=TermKind.ACCOUNT)


def _providers(beginning: str) -> list[str]:
    """Whose servers put mail off in the last days of the logs, the most frequent ones first."""
    hosts = list(LogHost.objects.values_list("pk", flat=True))
    newest = HourlyVolume.objects.aggregate(hour=Max("hour"))["hour"]
    if newest is None:
        return []
    counts = HourCount.objects.filter(
        log_host_id__in=hosts, kind=Counted.PROVIDER, hour__gt=newest - _DAYS, value__startswith=beginning
    )
    names = counts.values_list("value").annotate(deferrals=Sum("number")).order_by("-deferrals", "value")
    return [name for name, _ in names[:_HOSTS]]


def _logins(beginning: str) -> list[str]:
    """Accounts that somebody logged in as, by the index of their beginnings."""
    lower = Collate(Lower(F("authenticated_id")), "C")
    rows = AddressLogin.objects.alias(lower=lower).filter(lower__startswith=beginning).order_by("lower")
    names: dict[str, None] = dict.fromkeys(rows.values_list("authenticated_id", flat=True)[:_READ])
    return list(names)[:MOST]


_READ = 400  # rows; one account may have logged in from many addresses
