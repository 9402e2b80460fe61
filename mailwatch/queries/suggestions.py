"""What a few typed characters may become: accounts, local domains and log hosts, from small tables only."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.db.models import F
from django.db.models.functions import Collate, Lower

from ingest.models import AddressLogin, KnownAccount, LocalDomain, LogHost
from mailwatch.queries.terms import TermKind

MOST = 8
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
        yield Suggestion(name, "log host", log_host=name)
    if domain:
        rows = LocalDomain.objects.filter(domain__startswith=domain)
        for name in rows.order_by("-deliveries").values_list("domain", flat=True)[: MOST // 2]:
            yield Suggestion(f"@{name}", "domain", kind=TermKind.DOMAIN)
    known = KnownAccount.objects.filter(account__startswith=beginning).order_by("account")
    for name in known.values_list("account", flat=True).distinct()[:MOST]:
        yield Suggestion(name, "account", kind=TermKind.ACCOUNT)
    for name in _logins(beginning):
        yield Suggestion(name, "account", kind=TermKind.ACCOUNT)


def _logins(beginning: str) -> list[str]:
    """Accounts that somebody logged in as, by the index of their beginnings."""
    lower = Collate(Lower(F("authenticated_id")), "C")
    rows = AddressLogin.objects.alias(lower=lower).filter(lower__startswith=beginning).order_by("lower")
    names: dict[str, None] = dict.fromkeys(rows.values_list("authenticated_id", flat=True)[:_READ])
    return list(names)[:MOST]


_READ = 400  # rows; one account may have logged in from many addresses
