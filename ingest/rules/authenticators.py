"""Authenticators that do not do what they should: ids that are no accounts (A03)."""

from ingest.rules.definition import Evidence, Limits, Rule, Scope, Severity, Watch, Worth
from ingest.rules.facts import LogHostFacts, MessageFacts, SubjectKind
from ingest.rules.tallies import Tally, TallyWatch
from ingest.rules.words import be, count

# --- A03 ------------------------------------------------------------------------------------------


def _is_no_account(message: MessageFacts, host: LogHostFacts, limits: Limits) -> Evidence | None:
    account, authenticator = message.authenticated_id, message.authenticator
    if not account or authenticator is None or not host.is_unknown_account(account):
        return None
    text = f"Logged in through {authenticator} as {account}, which is none of the accounts that were given."
    return Evidence(Severity.CRITICAL, text, (authenticator,))


def _no_accounts(tally: Tally, host: LogHostFacts, limits: Limits) -> Evidence:
    return Evidence(
        Severity.CRITICAL,
        f"{count(tally.count, 'message')} {be(tally.count)} handed in under an id that is none of the accounts "
        f"that were given (through {tally.values.listing()}).",
    )


def _watch_no_account(host: LogHostFacts, limits: Limits) -> Watch:
    return TallyWatch(UNKNOWN_ID, _no_accounts, host, limits)


UNKNOWN_ID = Rule(
    code="A03",
    title="Logged in as somebody who does not exist",
    severity=Severity.CRITICAL,
    scope=Scope.MESSAGE,
    explanation=(
        "A login succeeded under a name that is no account. The password check accepts names that it cannot "
        "look up."
    ),
    guards=(
        "Judged only where the accounts of the host were given: without them a new mailbox looks the same.",
        "Case does not matter, nor the domain in front (DOMAIN\\user), nor the domain behind where the bare name "
        "is an account.",
        "An account that was made since the list was given is not in it: give the list again.",
    ),
    next_steps=(
        "Check that the name is no account, and no alias that may log in.",
        "Check the authenticator's server_condition on the configuration page.",
    ),
    message=_is_no_account,
    watch=_watch_no_account,
    kinds=(SubjectKind.AUTHENTICATED_ID, SubjectKind.SENDER_HOST_ADDRESS),
    worth_judging=frozenset({Worth.FOUND_ON_MESSAGE}),
)
