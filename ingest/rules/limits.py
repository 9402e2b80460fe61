"""The thresholds of all rules, and how others are kept: by name, lengths of time in seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

type Kept = int | float
"""A threshold as JSON has it; a length of time in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """All thresholds. Defaults are those of common tools where one has them (named behind each)."""

    local_domain_deliveries: int = 3
    relayed_domains: int = 2  # R01 is "probable" below
    many_ids: int = 5  # A04
    many_ids_window: timedelta = timedelta(hours=24)
    many_ids_near_unique: float = 0.8  # ids per login from which on ids look made up
    failed_logins: int = 5  # C01; fail2ban: 5 in 10 minutes
    failed_logins_window: timedelta = timedelta(minutes=10)
    failed_logins_typo: int = 10  # fewer failures with one single id are a person's typing error
    failed_accounts: int = 5  # C01, slow guessing: different ids ...
    failed_accounts_window: timedelta = timedelta(hours=24)  # ... within this time
    unknown_recipients: int = 100  # C09, high; Exim wiki "BlockCracking", DirectAdmin: 100 in an hour
    unknown_recipients_least_share: float = 0.05  # ... which are so many of all in the window at least
    unknown_recipients_warning: int = 20  # C09, medium
    unknown_recipients_share: float = 0.25  # C09, high, of at least ...
    unknown_recipients_sent: int = 20  # ... so many recipients in the window
    unknown_recipients_window: timedelta = timedelta(hours=1)
    connection_messages: int = 20  # C12, by address and port
    connection_pause: timedelta = timedelta(minutes=10)  # a longer pause means another connection
    blocking_providers: int = 3  # B01, from there on high
    content_refusals: int = 3  # B03, high
    content_refusals_window: timedelta = timedelta(hours=1)
    script_recipients: int = 20  # L02, a web server's user ...
    script_window: timedelta = timedelta(minutes=10)  # ... within this time
    script_senders: int = 5  # L02, a web server's user, within local_volume_window
    script_runs: int = 100  # L01, of one directory in an hour; CSF LF_SCRIPT_LIMIT: 100
    local_volume: int = 100  # L02, anybody else; CSF RT_LOCALRELAY: 100 in an hour
    local_volume_window: timedelta = timedelta(hours=1)
    forged_senders: int = 10  # L04, within local_volume_window
    own_mail: int = 100  # L03, of one sender in an hour; CSF RT_LOCALHOSTRELAY: 100
    gateway_names: int = 21  # R03, names of foreign servers on one day
    gateway_relayed: float = 0.2  # R03, critical from more than this share on
    new_ids_forgotten: timedelta = timedelta(days=30)  # A03: a user name that was not used for so long is new
    new_ids_known: int = 20  # A03: so many user names must be known to tell what is usual
    new_ids_addresses: float = 0.95  # A03: share of them with an @ from which on one without is odd
    never_refused_addresses: int = 20  # A05, foreign addresses ...
    never_refused_span: timedelta = timedelta(days=7)  # ... over this time
    odd_ids: int = 5  # A08, different ids that look like passwords ...
    odd_ids_share: float = 0.5  # ... in this share of all logins
    guessed_recipients: int = 10  # D01, different ones in an hour
    refusals: int = 10  # D02 to D04, in an hour; CSF LF_EXIMSYNTAX: 10
    throttled: int = 5  # B02, attempts in an hour
    backscatter: int = 20  # B04, in an hour
    bounces_received: int = 20  # B05, in an hour
    frozen_messages: int = 20  # Q01, low, of one hour
    open_messages: int = 2000  # Q02; CSF LF_QUEUE_ALERT: 2000
    retry_timeouts: int = 20  # Q03, low, of one hour
    guessed_window: timedelta = timedelta(hours=24)  # C02: of the failures, and from them to the login
    distributed_logins: int = 5  # C03; CSF LF_DISTSMTP: 5 logins ...
    distributed_networks: int = 3  # ... from 3 networks ...
    distributed_window: timedelta = timedelta(minutes=5)  # ... within 5 minutes
    distributed_networks_of_day: int = 10  # C03; Exim wiki: 10 in a day
    distributed_day: timedelta = timedelta(hours=24)
    distributed_times_usual: int = 3  # C03: so many times the networks of the account's other days
    travel_countries: int = 3  # C04
    travel_networks: int = 4  # C04, of different operators; needs a file of networks
    travel_window: timedelta = timedelta(hours=24)
    new_place_recipients: int = 50  # C05
    new_place_window: timedelta = timedelta(hours=1)
    new_place_forgotten: timedelta = timedelta(days=30)  # C05: a network that was not used for so long is new
    account_volume: int = 100  # C06, more than; CSF RT_AUTHRELAY: 100 in an hour
    account_volume_window: timedelta = timedelta(hours=1)
    habit_least: int = 50  # C07: so many recipients in an hour are never unusual
    habit_spreads: int = 6  # C07: so many times the usual distance from the usual
    habit_weeks: int = 4
    habit_times_busiest: int = 2  # C07: and so many times the busiest other hour
    fan_out_domains: int = 30  # C08
    fan_out_new: float = 0.8  # C08: share of them that the account never wrote to
    fan_out_window: timedelta = timedelta(hours=1)
    anothers_senders: int = 10  # C10: messages, and ...
    anothers_senders_share: float = 0.5  # ... share of all of the account
    many_senders: int = 5  # C11
    many_senders_window: timedelta = timedelta(hours=1)
    silence: timedelta = timedelta(hours=12)  # S01: so long without a line
    over_after: timedelta = timedelta(hours=6)  # quiet at the end of the log for so long: over
    history: timedelta = timedelta(days=14)  # C05, C07, C08: so long an account must be known for habits
    strangers_network: int = 15  # X09: bits of the smallest public IPv4 network that is more than one owner's
    kept_values: int = 1000  # distinct values counted exactly; more are said as "more than"
    kept_ids: int = 10_000  # A04: authenticated ids followed for one address

    def changed(self, kept: Mapping[str, Kept]) -> "Limits":
        """These limits with others for some names; names that are no longer known are left out."""
        known: dict[str, Any] = {
            name: _read(getattr(self, name), value)
            for name, value in kept.items()
            if name in self.__dataclass_fields__
        }
        return replace(self, **known)


def kept(value: int | float | timedelta) -> Kept:
    """One value as it is kept."""
    return int(value.total_seconds()) if isinstance(value, timedelta) else value


def _read(default: object, value: Kept) -> int | float | timedelta:
    if isinstance(default, timedelta):
        return timedelta(seconds=value)
    return float(value) if isinstance(default, float) else int(value)
