"""Changes of what is known of a log host. Each stores what was said and asks for the re-evaluation that it needs.

Bad values raise ValueError with one sentence, and nothing is changed.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from ipaddress import ip_address, ip_network

from django.db import connection, transaction

from ingest.accounts import read_accounts
from ingest.languages import later, say
from ingest.models import AllowEntry, LogHost, Reevaluation
from ingest.reevaluation_leases import ALLOWED, ask
from ingest.rules.limits import Kept, kept
from ingest.rules.rule import RULES
from ingest.rules.thresholds import threshold
from ingest.sql import statement

_LONGEST_REASON = 2000
_DOMAIN = re.compile(
    r"[\w-]+(\.[\w-]+)*|\[[0-9a-f.:]+\]|\[ipv6:[0-9a-f.:]+\]"
)  # also in letters of its language


# ---- what the log host is


def _typed(text: str) -> str:
    return text.strip() or say("Nothing")


def read_domain(text: str) -> str:
    """A domain in its one spelling."""
    domain = text.strip().lower().rstrip(".")
    if "*" in domain:
        raise ValueError(say("{text} stands for many domains. Name each, as example.org.", text=text.strip()))
    if len(domain) > 255 or not _DOMAIN.fullmatch(domain):
        raise ValueError(say("{text} is no domain. Example: example.org.", text=_typed(text)))
    return domain


def read_network(text: str) -> str:
    """An address or network in its one spelling: 192.0.2.7/32, 192.0.2.0/24."""
    try:
        return str(ip_network(text.strip(), strict=False))
    except ValueError:
        raise ValueError(
            say("{text} is no address and no network. Example: 192.0.2.0/24.", text=_typed(text))
        ) from None


def read_address(text: str) -> str:
    """An address in its one spelling."""
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        raise ValueError(say("{text} is no address. Example: 192.0.2.7.", text=_typed(text))) from None


_READERS = {
    "local_domains": read_domain,
    "trusted_networks": read_network,
    "own_addresses": read_address,
    "smarthosts": read_network,
}
_WORDS = {
    "local_domains": later("local domains changed"),
    "trusted_networks": later("trusted networks changed"),
    "own_addresses": later("own addresses changed"),
    "smarthosts": later("smarthosts changed"),
}


@transaction.atomic
def change(
    log_host: LogHost,
    *,
    local_domains: Iterable[str] | None = None,
    trusted_networks: Iterable[str] | None = None,
    own_addresses: Iterable[str] | None = None,
    smarthosts: Iterable[str] | None = None,
) -> Reevaluation | None:
    """Say what a log host is; None leaves a thing as it is. Returns what was asked for, None if nothing changed."""
    given = {
        "local_domains": local_domains,
        "trusted_networks": trusted_networks,
        "own_addresses": own_addresses,
        "smarthosts": smarthosts,
    }
    wanted = {
        name: sorted(set(map(_READERS[name], values))) for name, values in given.items() if values is not None
    }
    held = LogHost.objects.select_for_update(no_key=True).get(pk=log_host.pk)
    changed = [name for name, values in wanted.items() if getattr(held, name) != values]
    for name in changed:
        setattr(held, name, wanted[name])
        setattr(log_host, name, wanted[name])
    if not changed:
        return None
    held.save(update_fields=changed)
    return ask(held, _sentence(changed))


def _sentence(changed: Iterable[str]) -> str:
    return "; ".join(_WORDS[name] for name in changed)


def read_limit(name: str, text: str) -> Kept:
    """The value of a threshold as somebody typed it (ingest.rules.thresholds), as it is kept."""
    found = threshold(name)
    try:
        return kept(found.read(text))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


@transaction.atomic
def change_limits(log_host: LogHost, limits: Mapping[str, str | None]) -> Reevaluation | None:
    """Set thresholds of a log host as they are typed; None or "" gives one up again. The others stay."""
    held = LogHost.objects.select_for_update(no_key=True).get(pk=log_host.pk)
    wanted = dict(held.limits)
    for name, text in limits.items():
        if text is None or not text.strip():
            wanted.pop(name, None)
        else:
            wanted[name] = read_limit(name, text)
    if wanted == held.limits:
        return None
    held.limits = log_host.limits = wanted
    held.save(update_fields=["limits"])
    return ask(held, later("thresholds changed"))


# ---- accounts


@transaction.atomic
def take_accounts(log_host: LogHost, text: str, *, replace: bool) -> tuple[int, Reevaluation | None]:
    """Take the accounts of a list (ingest.accounts), instead of those there are or besides them.

    Returns how many the list names. Raises NoAccounts.
    """
    accounts = read_accounts(text)
    LogHost.objects.select_for_update(no_key=True).get(pk=log_host.pk)
    before = set(log_host.known_accounts.values_list("account", flat=True))
    new = accounts - before
    gone = before - accounts if replace else set()
    with connection.cursor() as cursor:  # hundreds of thousands, while somebody waits
        for name, chosen in (("drop_known_accounts", gone), ("add_known_accounts", new)):
            if chosen:
                cursor.execute(statement(name), {"log_host_id": log_host.pk, "accounts": sorted(chosen)})
    return len(accounts), ask(log_host, later("known accounts changed")) if new or gone else None


@transaction.atomic
def forget_accounts(log_host: LogHost) -> Reevaluation | None:
    """Give up the list of accounts: then nobody says which there are."""
    gone, _ = log_host.known_accounts.all().delete()
    return ask(log_host, later("known accounts given up")) if gone else None


# ---- what is allowed


def read_subject(kind: AllowEntry.Kind, text: str) -> str:
    """Whom an entry is for, in one spelling: an address, a network, an account or a local user.

    "" for the log host as a whole, which needs no name.
    """
    text = text.strip()
    if kind == AllowEntry.Kind.LOG_HOST:
        return ""
    if kind == AllowEntry.Kind.SENDER_HOST_ADDRESS:
        return read_address(text)
    if kind == AllowEntry.Kind.NETWORK:
        return read_network(text)
    if not text or len(text) > 255 or not text.isprintable():
        raise ValueError(say("Write whom the entry is for, in 255 characters at most."))
    return text


def check_rule(kind: AllowEntry.Kind, code: str) -> None:
    """Raises ValueError where a rule ("": all) does not judge such things."""
    if code and code not in RULES:
        raise ValueError(say("There is no rule {code}. docs/rules.md lists them.", code=code))
    if kind == AllowEntry.Kind.LOG_HOST:
        if not code:
            raise ValueError(say("For the log host as a whole, say which rule."))
        if not RULES[code].is_of_log_host:
            raise ValueError(
                say("{code} does not judge the log host as a whole. Say for whom it is allowed.", code=code)
            )
    elif code and not RULES[code].is_of_somebody:
        raise ValueError(say("{code} judges the log host as a whole. Allow it for that.", code=code))


@transaction.atomic
def allow(
    log_host: LogHost,
    *,
    rule: str,
    kind: AllowEntry.Kind | str,
    value: str,
    reason: str,
    author: str,
    until: datetime,
    now: datetime,
) -> AllowEntry:
    """Silence a rule ("": all) for somebody, until an end by the log's time."""
    if kind not in AllowEntry.Kind.values:
        *others, last = AllowEntry.Kind.values
        raise ValueError(f"{kind} is neither {', '.join(others)} nor {last}.")
    kind = AllowEntry.Kind(kind)
    check_rule(kind, rule)
    if not reason.strip() or len(reason) > _LONGEST_REASON:
        raise ValueError(say("Write the reason, in {number:,} characters at most.", number=_LONGEST_REASON))
    if not author.strip():
        raise ValueError("An entry needs its author.")
    entry = AllowEntry.objects.create(
        log_host=log_host,
        rule=rule,
        kind=kind,
        value=read_subject(kind, value),
        reason=reason.strip(),
        author=author.strip()[:150],
        created_at=now,
        until=until,
    )
    ask(log_host, f"{entry} allowed", scope=ALLOWED)
    return entry


@transaction.atomic
def withdraw(entry: AllowEntry, *, author: str, now: datetime) -> bool:
    """End an entry as if it had never been; False if somebody did that before."""
    open_entry = AllowEntry.objects.filter(pk=entry.pk, withdrawn_at=None)
    if not open_entry.update(withdrawn_at=now, withdrawn_by=author.strip()[:150]):
        return False
    ask(entry.log_host, f"{entry} no longer allowed", scope=ALLOWED)
    return True


@transaction.atomic
def restore(entry: AllowEntry) -> bool:
    """Take a withdrawal back; False if the entry stands."""
    if not AllowEntry.objects.filter(pk=entry.pk, withdrawn_at__isnull=False).update(
        withdrawn_at=None, withdrawn_by=""
    ):
        return False
    ask(entry.log_host, f"{entry} allowed", scope=ALLOWED)
    return True
