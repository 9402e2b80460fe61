"""Ids that nobody knows: who logged in under a name that was never seen and belongs to no domain of the host (A03).

Only where no list of the accounts was given, which would say it for certain.
"""

from collections.abc import Sequence
from datetime import datetime

from ingest.languages import say, say_of
from ingest.rules.definition import Evidence, Limits, Severity
from ingest.rules.facts import LogHostFacts, domain_of
from ingest.rules.signs import Sign, Signs, Told
from ingest.rules.words import count, listing, together


def asked_since(log_begins: datetime, last_at: datetime, since: datetime | None, limits: Limits) -> datetime:
    """From when on a first use is asked for: the log must have told who logs in for a while before.

    Only the last of a log is asked, as long as the time after which an id is new again.
    """
    times = [log_begins + limits.history, last_at - limits.new_ids_forgotten, *([since] if since else [])]
    return max(times)


def name_of(account: str) -> str:
    """An id without its spelling: DOMAIN\\user, and upper case."""
    return account.lower().rpartition("\\")[2]


def may_be_nobody(account: str, host: LogHostFacts) -> bool:
    """Whether the id is of no domain of the host; when it was used first must be asked then."""
    if host.known_accounts or not account:
        return False
    domain = domain_of(name_of(account))
    return not domain or not _is_ours(domain, host)


def _is_ours(domain: str, host: LogHostFacts) -> bool:
    if host.is_own_name(domain):
        return True
    return any(domain == own or domain.endswith(f".{own}") for own in host.local_domains)


def nobodies(signs: Signs) -> tuple[Sequence[Told], Evidence] | None:
    """The new ids that fit to nothing seen before, and what is said of them; None if there are none."""
    known = {name_of(account) for account in signs.known_ids}
    if len(known) < signs.limits.new_ids_known:
        return None
    chosen = [told for told in signs.of(Sign.NEW_IDS) if _is_odd(name_of(told.value), known, signs)]
    if not chosen:
        return None
    number = sum(told.count for told in chosen)
    names = listing(sorted({name for told in chosen for name in told.seen}))
    text = say_of(
        number,
        "{number:,} message was handed in through {names} under {ids} that the weeks before do not know ({known}), "
        "of no domain of this host.",
        "{number:,} messages were handed in through {names} under {ids} that the weeks before do not know ({known}), "
        "of no domain of this host.",
        names=names,
        ids=count(len(chosen), "id"),
        known=listing([told.value for told in chosen]),
    )
    is_sure = not signs.host.local_domains_inferred or any("@" not in told.value for told in chosen)
    if not is_sure:
        more = say("Its local domains were only inferred from the log: give them to be sure.")
        text = together((text, more))
    return chosen, Evidence(Severity.HIGH if is_sure else Severity.MEDIUM, text)


def _is_odd(name: str, known: set[str], signs: Signs) -> bool:
    """Neither an alias of somebody, nor of a domain in use, nor spelled as others are."""
    local_parts = {other.partition("@")[0] for other in known}
    if name in known or name.partition("@")[0] in local_parts:
        return False
    if "@" not in name:
        return sum("@" in other for other in known) >= signs.limits.new_ids_addresses * len(known)
    return bool(signs.host.local_domains) and domain_of(name) not in {domain_of(other) for other in known}
