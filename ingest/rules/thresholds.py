"""The thresholds in words: which rules ask for each, in which unit, how a value is typed and written."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from ingest.languages import later, say
from ingest.rules.definition import Limits

type Value = int | float | timedelta

LARGEST = 1_000_000_000
LONGEST = timedelta(days=3660)
_LONGEST_TEXT = 40
_SECONDS = {"s": 1, "min": 60, "h": 3600, "day": 86_400, "days": 86_400, "d": 86_400}
_WHOLE = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+")
_SHARE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%?")
_LENGTH = re.compile(r"(?:[0-9]+\s*(?:days?|d|min|h|s)\s*)+")
_PART = re.compile(r"([0-9]+)\s*(days?|d|min|h|s)")


class Unit(StrEnum):
    """How the value of a threshold is typed."""

    COUNT = later("number")
    SHARE = later("percent")
    LENGTH = later("time")


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """One field of ``Limits`` in words; ``rules`` are the codes of those that ask for it, none: the answer does."""

    name: str
    rules: tuple[str, ...]
    sentence: str

    @property
    def words(self) -> str:
        """What it is about, in the reader's language."""
        return say(self.sentence)

    @property
    def default(self) -> Value:
        value: Value = getattr(Limits(), self.name)
        return value

    @property
    def unit(self) -> Unit:
        if isinstance(self.default, timedelta):
            return Unit.LENGTH
        return Unit.SHARE if isinstance(self.default, float) else Unit.COUNT

    def read(self, text: str) -> Value:
        """The value that somebody typed: ``100``, ``25 %``, ``24 h``. Raises ValueError with a sentence."""
        text = text.strip()
        return _READERS[self.unit](text if len(text) <= _LONGEST_TEXT else "")

    def written(self, value: Value) -> str:
        """A value as ``read`` takes it."""
        if isinstance(value, timedelta):
            return _written_length(int(value.total_seconds()))
        return f"{round(100 * value, 4):g} %" if self.unit is Unit.SHARE else f"{value:,}"


def _count(text: str) -> int:
    if not _WHOLE.fullmatch(text) or not 0 < int(text.replace(",", "")) <= LARGEST:
        raise ValueError(say("Write a whole number, 1 at least and {most:,} at most.", most=LARGEST))
    return int(text.replace(",", ""))


def _share(text: str) -> float:
    found = _SHARE.fullmatch(text)
    if not found or not 0 < float(found[1]) <= 100:
        raise ValueError(say("Write a share in percent, more than 0 and 100 at most, such as 25 %."))
    return float(found[1]) / 100


def _length(text: str) -> timedelta:
    parts = _PART.findall(text) if _LENGTH.fullmatch(text) else []
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in parts)
    if not 0 < seconds <= LONGEST.total_seconds():
        raise ValueError(
            say(
                "Write a length of time, {most:,} days at most, such as 90 s, 10 min, 24 h or 30 days.",
                most=LONGEST.days,
            )
        )
    return timedelta(seconds=seconds)


def _written_length(seconds: int) -> str:
    """In the largest unit that leaves no rest."""
    if seconds % 86_400 == 0 and seconds > 86_400:
        return f"{seconds // 86_400} days"
    if seconds % 3600 == 0:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"


_READERS: Mapping[Unit, Callable[[str], Value]] = {
    Unit.COUNT: _count,
    Unit.SHARE: _share,
    Unit.LENGTH: _length,
}

_WORDS: tuple[tuple[str, str, str], ...] = (
    (
        "relayed_domains",
        "R01",
        "Domains of others that an address reached until it is certain that it relays",
    ),
    ("gateway_names", "R03", "Names of foreign servers behind one trusted address, in a day"),
    ("gateway_relayed", "R03", "Share of its mail that goes on to others, for critical"),
    ("new_ids_forgotten", "A03", "A user name is new again after"),
    ("new_ids_known", "A03", "User names that must be known to tell what is usual"),
    ("new_ids_addresses", "A03", "Share of them with an @, from which on one without is odd"),
    ("many_ids", "A04", "User names that one address logs in with"),
    ("many_ids_window", "A04", "Within"),
    ("many_ids_near_unique", "A04", "User names per login from which on they look made up"),
    ("kept_ids", "A04", "User names of one address that are followed"),
    ("never_refused_addresses", "A05", "Foreign addresses that logged in without a single refusal"),
    ("never_refused_span", "A05", "Over"),
    ("odd_ids", "A08", "User names that look like passwords"),
    ("odd_ids_share", "A08", "In this share of all logins"),
    ("failed_logins", "C01 C02", "Failed logins of one address"),
    ("failed_logins_window", "C01", "Within"),
    (
        "failed_logins_typo",
        "C01",
        "Failures with one and the same user name until they are more than a typing error",
    ),
    ("failed_accounts", "C01 C02", "Different user names that one address failed with, slowly"),
    ("failed_accounts_window", "C01", "Within"),
    ("guessed_window", "C02", "From the failures to the login"),
    ("distributed_logins", "C03", "Logins of one account"),
    ("distributed_networks", "C03", "From so many networks"),
    ("distributed_window", "C03", "Within"),
    ("distributed_networks_of_day", "C03", "Networks of one account, slowly"),
    ("distributed_day", "C03", "Within"),
    ("distributed_times_usual", "C03", "And so many times the networks of its other days"),
    ("travel_countries", "C04", "Countries of one account"),
    ("travel_networks", "C04", "Or networks of different operators"),
    ("travel_window", "C04", "Within"),
    ("new_place_recipients", "C05", "Recipients from a network that is new for the account"),
    ("new_place_window", "C05", "Within"),
    ("new_place_forgotten", "C05", "A network is new again after"),
    ("history", "C05 C07 C08 A03", "An account has habits after"),
    ("account_volume", "C06", "Recipients of one account, more than"),
    ("account_volume_window", "C06", "Within"),
    ("habit_least", "C07", "Recipients in an hour that are never unusual"),
    ("habit_spreads", "C07", "Times the usual distance from the usual"),
    ("habit_times_busiest", "C07", "Times the busiest other hour"),
    ("habit_weeks", "C07", "Weeks that habits are told from"),
    ("fan_out_domains", "C08", "Domains that one account writes to"),
    ("fan_out_new", "C08", "Share of them that it never wrote to"),
    ("fan_out_window", "C08", "Within"),
    ("unknown_recipients", "C09", "Recipients of one sender that do not exist, for high"),
    ("unknown_recipients_least_share", "C09", "Which are at least this share of all recipients"),
    ("unknown_recipients_warning", "C09", "The same, for medium"),
    ("unknown_recipients_share", "C09", "Or this share of its recipients, for high"),
    ("unknown_recipients_sent", "C09", "Of at least so many recipients"),
    ("unknown_recipients_window", "C09", "Within"),
    ("anothers_senders", "C10", "Messages of one account under senders of others, for more than low"),
    ("anothers_senders_share", "C10", "And this share of all its messages"),
    ("many_senders", "C11", "Senders of one account"),
    ("many_senders_window", "C11", "Within"),
    ("connection_messages", "C12", "Messages in one connection"),
    ("connection_pause", "C12", "A longer pause means another connection"),
    ("script_runs", "L01", "Messages of programs in one directory, in an hour"),
    ("script_recipients", "L02", "Recipients of a web server's user"),
    ("script_window", "L02", "Within"),
    ("script_senders", "L02", "Senders of a web server's user"),
    ("local_volume", "L02", "Recipients of any other local user"),
    ("local_volume_window", "L02 L04", "Within"),
    ("own_mail", "L03", "Messages of one sender from the host itself by SMTP, in an hour"),
    ("forged_senders", "L04", "Messages of a local user under senders of others"),
    ("guessed_recipients", "D01", "Different names that one address guesses, in an hour"),
    ("refusals", "D02 D03 D04", "Refusals of one kind, in an hour"),
    ("blocking_providers", "B01", "Providers that block us, for high"),
    ("throttled", "B02", "Attempts that a provider slowed down, in an hour"),
    ("content_refusals", "B03", "Messages refused as spam, for high"),
    ("content_refusals_window", "B03", "Within"),
    ("backscatter", "B04", "Bounces to people who sent nothing, in an hour"),
    ("bounces_received", "B05", "Bounces for mail that we did not send, in an hour"),
    ("frozen_messages", "Q01", "Frozen messages, in an hour, for low"),
    ("open_messages", "Q02", "Messages in the queue"),
    ("retry_timeouts", "Q03", "Messages given up, in an hour, for low"),
    ("strangers_network", "X09", "Bits of a public IPv4 network up to which it is too wide to be trusted"),
    ("silence", "S01", "The log misses hours when it is silent for longer than"),
    (
        "local_domain_deliveries",
        "",
        "Local deliveries until a domain counts as local, where nobody said which are",
    ),
    ("over_after", "", "An attack is over when the log goes on without it for"),
    ("kept_values", "", "Different values that are counted exactly; more are said as “more than”"),
)

THRESHOLDS: Mapping[str, Threshold] = {
    name: Threshold(name=name, rules=tuple(rules.split()), sentence=words) for name, rules, words in _WORDS
}
"""All of them by name, in the order of the rules; those that belong together stand together."""


def threshold(name: str) -> Threshold:
    """The one of that name. Raises ValueError with a sentence."""
    if name not in THRESHOLDS:
        raise ValueError(say("There is no threshold named {name}. docs/rules.md lists them.", name=name))
    return THRESHOLDS[name]
