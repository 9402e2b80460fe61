"""Authenticators that do not do what they should: no ids (A02), ids of nobody (A03), everybody let in (A05)."""

import re

from ingest.languages import say, say_of
from ingest.rules.definition import (
    Evidence,
    Limits,
    Rule,
    Scope,
    Severity,
    SubjectFinding,
    Watch,
    Worth,
)
from ingest.rules.facts import LogHostFacts, MessageFacts, SubjectKind
from ingest.rules.new_ids import nobodies
from ingest.rules.signs import Sign, Signs, Told, summed, with_counts
from ingest.rules.tallies import Tally, TallyWatch
from ingest.rules.words import duration, listing

# --- A02 ------------------------------------------------------------------------------------------


def _unrecorded(signs: Signs) -> SubjectFinding | None:
    chosen = signs.of(Sign.UNRECORDED)
    if not chosen:
        return None
    number = sum(told.count for told in chosen)
    text = say_of(
        number,
        "{number:,} login through {names} was logged without a user name: if one of these accounts is used by a "
        "stranger, nobody can say which.",
        "{number:,} logins through {names} were logged without a user name: if one of these accounts is used by a "
        "stranger, nobody can say which.",
        names=listing(tuple(told.value for told in chosen)),
    )
    return summed(UNRECORDED_ID, chosen, Evidence(Severity.MEDIUM, text))


UNRECORDED_ID = Rule(
    code="A02",
    title="Logins are logged without the user name",
    severity=Severity.MEDIUM,
    scope=Scope.LOG_HOST,
    explanation=(
        "The authenticator does not set server_set_id, so the log shows A=name and no user. All rules about accounts "
        "are blind for these logins."
    ),
    guards=(
        "It is no hole by itself.",
        "Clients that show a certificate may have no name to log; server_set_id can take it from the certificate.",
    ),
    next_steps=("Set server_set_id in that authenticator: $auth2 for PLAIN, $auth1 for LOGIN.",),
    log_host=_unrecorded,
)

# --- A03 ------------------------------------------------------------------------------------------


def _is_no_account(message: MessageFacts, host: LogHostFacts, limits: Limits) -> Evidence | None:
    account, authenticator = message.authenticated_id, message.authenticator
    if not account or authenticator is None or not host.is_unknown_account(account):
        return None
    text = say(
        "Logged in through {authenticator} as {account}, which is none of the accounts that were given.",
        authenticator=authenticator,
        account=account,
    )
    return Evidence(Severity.CRITICAL, text, (authenticator,))


def _no_accounts(tally: Tally, host: LogHostFacts, limits: Limits) -> Evidence:
    text = say_of(
        tally.count,
        "{number:,} message was handed in under an id that is none of the accounts that were given (through {names}).",
        "{number:,} messages were handed in under an id that is none of the accounts that were given (through "
        "{names}).",
        names=tally.values.listing(),
    )
    return Evidence(Severity.CRITICAL, text)


def _new_ids(signs: Signs) -> SubjectFinding | None:
    found = nobodies(signs)
    return summed(UNKNOWN_ID, *found) if found else None


def _watch_no_account(host: LogHostFacts, limits: Limits) -> Watch:
    return TallyWatch(UNKNOWN_ID, _no_accounts, host, limits)


UNKNOWN_ID = Rule(
    code="A03",
    title="Logged in as somebody who does not exist",
    severity=Severity.CRITICAL,
    scope=Scope.MESSAGE,
    explanation=(
        "A login succeeded under a name that is no account. The password check accepts names that it cannot "
        "look up. Where nobody gave the accounts, a name counts that was not seen for long and fits to no domain."
    ),
    guards=(
        "Certain only where the accounts of the host were given. Without them it is a suspicion, asked for the end "
        "of a log of more than two weeks: a new mailbox of a local domain, of one that somebody used before, or "
        "with the name of somebody else in front of the @ does not count.",
        "A name without an @ counts only where nearly all others, and enough of them, have one. Where the local "
        "domains are only inferred, a new domain is a step milder, and changes no answer.",
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
    log_host=_new_ids,
    kinds=(SubjectKind.AUTHENTICATED_ID, SubjectKind.SENDER_HOST_ADDRESS),
    worth_judging=frozenset({Worth.FOUND_ON_MESSAGE}),
)

# --- A05 ------------------------------------------------------------------------------------------


def _never_refused(signs: Signs) -> SubjectFinding | None:
    limits = signs.limits
    refused = {told.value for told in signs.of(Sign.FAILED_LOGINS)}
    chosen = [
        told for told in signs.of(Sign.LOGINS) if told.value not in refused and _is_exposed(told, signs)
    ]
    if not chosen or not signs.coverage.has_rejections:
        return None
    text = say(
        "{names} refused no login in at least {span}, and {addresses} or more foreign addresses logged in. Every "
        "server on the Internet sees wrong passwords.",
        names=listing(with_counts(chosen)),
        span=duration(limits.never_refused_span),
        addresses=limits.never_refused_addresses,
    )
    return summed(NEVER_REFUSED, chosen, Evidence(Severity.HIGH, text))


def _is_exposed(told: Told, signs: Signs) -> bool:
    foreign = sum(not signs.host.is_trusted(address) for address in told.seen)
    is_long = told.last_at - told.first_at >= signs.limits.never_refused_span
    return is_long and foreign >= signs.limits.never_refused_addresses


NEVER_REFUSED = Rule(
    code="A05",
    title="An authenticator that never refuses",
    severity=Severity.HIGH,
    scope=Scope.LOG_HOST,
    explanation=(
        "Many addresses logged in, and in days not one login failed. People mistype and robots guess, so an "
        "authenticator that is asked from outside refuses somebody every day, unless it lets everybody in."
    ),
    guards=(
        "It is a suspicion: a server that only its own people reach sees few errors.",
        "At least twenty foreign addresses over a week; private and trusted addresses do not count.",
        "Where the log has no refusals at all, failed logins may stand in another file: then nothing is said.",
    ),
    next_steps=(
        "Try a wrong password: swaks --auth PLAIN --auth-user nobody --auth-password wrong must end in 535.",
    ),
    log_host=_never_refused,
)

# --- A06 ------------------------------------------------------------------------------------------


_PROVES_A_SECRET = re.compile(
    r"(?<![a-z])(?:cram|scram|digest|gssapi|krb5?|kerberos|ntlm|spa|external)(?![a-z])", re.IGNORECASE
)
"""In the name of an authenticator: it shows that the client knows a secret, and the secret is not sent."""


def _cleartext(signs: Signs) -> SubjectFinding | None:
    chosen = [
        told
        for told in signs.of(Sign.CLEARTEXT)
        if not _PROVES_A_SECRET.search(told.value)
        and not all(signs.host.is_trusted(address) for address in told.seen)
    ]
    if not chosen:
        return None
    number = sum(told.count for told in chosen)
    text = say_of(
        number,
        "{number:,} login through {names} came over a connection without TLS (P=esmtpa).",
        "{number:,} logins through {names} came over a connection without TLS (P=esmtpa).",
        names=listing(tuple(told.value for told in chosen)),
    )
    return summed(CLEARTEXT, chosen, Evidence(Severity.LOW, text))


CLEARTEXT = Rule(
    code="A06",
    title="Passwords sent without encryption",
    severity=Severity.LOW,
    scope=Scope.LOG_HOST,
    explanation="Clients logged in over connections without TLS: whoever listens on the way has the password.",
    guards=(
        "Private and trusted addresses do not count: a VPN or the own house.",
        "Authenticators that are named after CRAM-MD5, SCRAM, NTLM and the like do not count: they do not send the "
        "password itself.",
    ),
    next_steps=("Offer logins over TLS only: server_advertise_condition = ${if def:tls_in_cipher}.",),
    log_host=_cleartext,
)

# --- A07 ------------------------------------------------------------------------------------------


def _not_advertised(signs: Signs) -> SubjectFinding | None:
    chosen = signs.of(Sign.NOT_ADVERTISED)
    if not chosen:
        return None
    number = sum(told.count for told in chosen)
    addresses = sorted({address for told in chosen for address in told.seen})
    text = say_of(
        number,
        "{number:,} login was tried where none was offered, and refused ({addresses}).",
        "{number:,} logins were tried where none was offered, and refused ({addresses}).",
        addresses=listing(addresses),
    )
    return summed(NOT_ADVERTISED, chosen, Evidence(Severity.INFO, text))


NOT_ADVERTISED = Rule(
    code="A07",
    title="Logins where none are offered",
    severity=Severity.INFO,
    scope=Scope.LOG_HOST,
    explanation="Robots try to log in on ports where the server does not offer it, and are refused. It is healthy.",
    guards=("A mail program set to port 25 or without TLS does it too.",),
    next_steps=("Nothing has to be done.",),
    log_host=_not_advertised,
)

# --- A08 ------------------------------------------------------------------------------------------


def _passwords(signs: Signs) -> SubjectFinding | None:
    limits = signs.limits
    logins = {told.value: told.count for told in signs.of(Sign.LOGINS)}
    chosen = [
        told
        for told in signs.of(Sign.ODD_IDS)
        if len(told.seen) >= limits.odd_ids and told.count >= limits.odd_ids_share * logins.get(told.value, 0)
    ]
    if not chosen:
        return None
    text = say_of(
        max(len(told.seen) for told in chosen),
        "{number:,} different id that {names} logged look like passwords, not like names.",
        "{number:,} different ids that {names} logged look like passwords, not like names.",
        names=listing(tuple(told.value for told in chosen)),
    )
    return summed(PASSWORDS_LOGGED, chosen, Evidence(Severity.HIGH, text))


PASSWORDS_LOGGED = Rule(
    code="A08",
    title="The log shows passwords",
    severity=Severity.HIGH,
    scope=Scope.LOG_HOST,
    explanation=(
        "Where the user name belongs, an authenticator logs what looks like a password: server_set_id names the wrong "
        "variable ($auth2 for LOGIN). Everybody who reads the log can log in."
    ),
    guards=(
        "At least five different ones, and half of all logins of that authenticator.",
        "Ids with an @, ids equal to the sender's name, and DOMAIN\\user do not count; neither do plain words.",
        "User names that are made up of mixed letters and digits look the same: compare with your accounts.",
    ),
    next_steps=(
        "Set server_set_id = $auth1 for LOGIN, $auth2 for PLAIN (X07 on the configuration page).",
        "Then change these passwords, and delete or rewrite the logs.",
    ),
    log_host=_passwords,
)
