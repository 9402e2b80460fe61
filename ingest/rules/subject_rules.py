"""The rules that judge an address, an account or a local user, and what each of them reads."""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from ingest.rules.authenticators import UNKNOWN_ID
from ingest.rules.bots import BOT_NAME
from ingest.rules.bulk import BLOCKLISTED, MANY_IN_CONNECTION, UNKNOWN_RECIPIENTS
from ingest.rules.definition import Refusals, Rule, Worth
from ingest.rules.envelope_senders import ANOTHERS_SENDER, MANY_SENDERS
from ingest.rules.facts import SubjectKind
from ingest.rules.guessed import GUESSED
from ingest.rules.helo import HELO_IS_OURS, HELO_LITERAL, HELO_WITHOUT_DOMAIN
from ingest.rules.logins import EMPTY_ID, GUESSING, MANY_IDS
from ingest.rules.places import DISTRIBUTED, NEW_PLACE, TRAVEL
from ingest.rules.relaying import LOCAL_SENDER, OPEN_RELAY, RELAY_REFUSED, ROUTED_RECIPIENT
from ingest.rules.reputation import SPAM_REFUSED
from ingest.rules.scripts import FORGED_SENDER, LOCAL_VOLUME
from ingest.rules.volumes import FAN_OUT, LIMITED, UNUSUAL_VOLUME, VOLUME

SUBJECT_RULES: tuple[Rule, ...] = (
    EMPTY_ID,
    UNKNOWN_ID,
    OPEN_RELAY,
    ROUTED_RECIPIENT,
    MANY_IDS,
    GUESSED,
    UNKNOWN_RECIPIENTS,
    TRAVEL,
    DISTRIBUTED,
    NEW_PLACE,
    FAN_OUT,
    UNUSUAL_VOLUME,
    BOT_NAME,
    LIMITED,
    VOLUME,
    MANY_SENDERS,
    ANOTHERS_SENDER,
    LOCAL_SENDER,
    MANY_IN_CONNECTION,
    GUESSING,
    LOCAL_VOLUME,
    FORGED_SENDER,
    SPAM_REFUSED,
    BLOCKLISTED,
    HELO_IS_OURS,
    HELO_WITHOUT_DOMAIN,
    HELO_LITERAL,
    RELAY_REFUSED,
)
"""In the order in which they explain an attack, for findings of equal severity: authenticators before "
"accounts."""


class Readers(NamedTuple):
    """Which of SUBJECT_RULES watch subjects of one kind, by their places."""

    of_messages: tuple[int, ...]
    of_refusals: Mapping[Refusals, tuple[int, ...]]


@cache
def readers(kind: SubjectKind) -> Readers:
    """Which rules watch subjects of a kind, and which of them read which refusals."""
    places = [place for place, rule in enumerate(SUBJECT_RULES) if rule.watch and kind in rule.kinds]
    of_refusals = {
        which: tuple(place for place in places if which in SUBJECT_RULES[place].refusals)
        for which in Refusals
    }
    return Readers(tuple(places), of_refusals)


def refusals_worth_judging(kind: SubjectKind) -> frozenset[Refusals]:
    """The refusals of which one is enough for a rule to find something (``Worth.REFUSED``)."""
    return frozenset(
        which
        for rule in SUBJECT_RULES
        if kind in rule.kinds and Worth.REFUSED in rule.worth_judging
        for which in rule.refusals
    )


def worth_judging(kind: SubjectKind) -> frozenset[Worth]:
    """What the rules for subjects of one kind ask for."""
    return frozenset(worth for rule in SUBJECT_RULES if kind in rule.kinds for worth in rule.worth_judging)


def refusals_read(kind: SubjectKind) -> frozenset[Refusals]:
    """The refusals that rules read; of all others the report only has the number."""
    return frozenset(which for which, places in readers(kind).of_refusals.items() if places)
