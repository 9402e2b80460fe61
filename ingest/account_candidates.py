"""Which accounts are worth judging after lines were stored, by what the account rules ask for.

Each question costs as much as the logins in the spans of time that a run touched, and a window around them. Some rules
compare with what an account did before: for them a run that brings older lines than there were is asked for all that
is later, too.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from ingest import countries
from ingest.marks import ALWAYS, Marks, Span, Subject, rows_in, widened
from ingest.models import LogHost
from ingest.rules.definition import Limits, Worth
from ingest.rules.facts import SubjectKind
from ingest.sql import statement
from ingest.stored_log_hosts import log_host_facts


def accounts(log_host_id: int, marks: Marks, limits: Limits, asked: set[Worth]) -> Iterator[Subject]:
    """The accounts, and for C02 the addresses, that a run touched and that an account rule may find something on."""
    if Worth.LOGIN_AFTER_FAILURES in asked and (marks.messages or marks.refusals):
        yield from _after_failures(log_host_id, marks, limits)
    if not marks.messages:
        return
    found: set[str] = set()
    if Worth.MANY_NETWORKS in asked:
        found.update(_at_once(log_host_id, marks.messages, limits))
        found.update(_in_a_day(log_host_id, _from(marks.messages), limits))
    if Worth.MANY_RECIPIENTS in asked or Worth.SENDERS in asked:
        found.update(_busy(log_host_id, _from(marks.messages), limits))
    if Worth.SENDERS in asked:
        found.update(_as_another(log_host_id, marks.messages, limits))
    for account in found:
        yield SubjectKind.AUTHENTICATED_ID, account


def _after_failures(log_host_id: int, marks: Marks, limits: Limits) -> Iterator[Subject]:
    """C02: the failures lie within one window, and a login within another after them.

    An account needs logins from two countries at least (ingest_addresslogin has been brought up to date).
    """
    since = _from((*marks.messages, *marks.refusals))
    sql = statement("many_failures").format(seconds=int(limits.guessed_window.total_seconds()))
    wide = [span.widened(2 * limits.guessed_window) for span in since]
    failed = set(rows_in(sql, log_host_id, wide, least=limits.failed_logins))
    if not failed:
        return
    logins = rows_in(statement("logins_by_address"), log_host_id, since)
    for address in {address for address, _ in logins}:
        if (SubjectKind.SENDER_HOST_ADDRESS, address) in failed:
            yield SubjectKind.SENDER_HOST_ADDRESS, address
    accounts = [
        account
        for account in {account for _, account in logins}
        if (SubjectKind.AUTHENTICATED_ID, account) in failed
    ]
    if accounts and countries.country_file().is_read:
        for account, addresses in rows_in(
            statement("addresses_of_accounts"), log_host_id, since, accounts=accounts
        ):
            found = {countries.origin_of(address).country for address in addresses}
            if len(found - {None}) > 1:
                yield SubjectKind.AUTHENTICATED_ID, account


def _at_once(log_host_id: int, spans: Sequence[Span], limits: Limits) -> Iterator[str]:
    """C03, within minutes."""
    wanted = {"logins": limits.distributed_logins, "addresses": limits.distributed_networks}
    for account, _ in _scattered(log_host_id, spans, limits.distributed_window, **wanted):
        yield account


def _in_a_day(log_host_id: int, spans: Sequence[Span], limits: Limits) -> Iterator[str]:
    """C03 and C04, within a day: where these addresses are from, the files say."""
    window = max(limits.distributed_day, limits.travel_window)
    least = min(limits.distributed_networks_of_day, limits.travel_countries, limits.travel_networks)
    for account, addresses in _scattered(log_host_id, spans, window, logins=least, addresses=least):
        origins = [countries.origin_of(address) for address in set(addresses)]
        if (
            len(origins) >= limits.distributed_networks_of_day
            or len({origin.country for origin in origins if origin.country}) >= limits.travel_countries
            or len({origin.network for origin in origins if origin.network}) >= limits.travel_networks
        ):
            yield account


def _scattered(
    log_host_id: int, spans: Sequence[Span], window: timedelta, **wanted: int
) -> list[tuple[str, list[str]]]:
    sql = statement("scattered_accounts").format(seconds=int(window.total_seconds()))
    return [
        (account, addresses)
        for account, addresses in rows_in(sql, log_host_id, widened(spans, window), **wanted)
    ]


def _busy(log_host_id: int, spans: Sequence[Span], limits: Limits) -> Iterator[str]:
    """C05 to C08 count recipients, C11 senders, within an hour."""
    recipients = min(
        limits.new_place_recipients, limits.account_volume, limits.habit_least, limits.fan_out_domains
    )
    wide = widened(spans, max(limits.account_volume_window, limits.new_place_window, limits.fan_out_window))
    wanted = {"recipients": recipients, "senders": limits.many_senders}
    for (account,) in rows_in(statement("busy_accounts"), log_host_id, wide, **wanted):
        yield account


def _as_another(log_host_id: int, spans: Sequence[Span], limits: Limits) -> Iterator[str]:
    """C10."""
    host = log_host_facts(LogHost.objects.get(pk=log_host_id))
    wanted = {
        "local_domains": sorted(host.local_domains),
        "are_given": not host.local_domains_inferred,
        "least": limits.anothers_senders,
        "share": limits.anothers_senders_share,
    }
    for (account,) in rows_in(statement("anothers_senders"), log_host_id, spans, **wanted):
        yield account


def _from(spans: Sequence[Span]) -> Sequence[Span]:
    """All from the first of them on: what is later is seen in another light."""
    return (Span(min(span.first_at for span in spans), ALWAYS.last_at),)
