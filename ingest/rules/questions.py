"""The questions that a verdict answers, in their order, and the suspicions behind them."""

from collections.abc import Iterator

from ingest.rules import broken_logins, open_relays, programs, takeovers
from ingest.rules.answers import Case, Question, Suspicion
from ingest.rules.blocklists import blocklisted
from ingest.rules.broken_logins import broken_authenticator
from ingest.rules.forgeries import forged_addresses
from ingest.rules.open_relays import open_relay
from ingest.rules.programs import scripts
from ingest.rules.takeovers import accounts


def questions(case: Case) -> tuple[Question, ...]:
    """All of them, answered."""
    return (
        open_relay(case),
        broken_authenticator(case),
        accounts(case),
        scripts(case),
        forged_addresses(case),
        blocklisted(case),
    )


def suspicions(case: Case) -> Iterator[Suspicion]:
    """What may be the attack.

    Authenticators come before accounts: a broken one otherwise reads as hundreds of stolen passwords.
    """
    yield from broken_logins.suspicions(case)
    yield from open_relays.suspicions(case)
    yield from takeovers.suspicions(case)
    yield from programs.suspicions(case)
