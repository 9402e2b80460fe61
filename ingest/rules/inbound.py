"""What strangers try on us and are refused: guessed names (D01), false senders, lists, errors (D02 to D04)."""

from collections.abc import Sequence

from ingest.languages import say_of
from ingest.rules.definition import Evidence, Rule, Scope, Severity, SubjectFinding
from ingest.rules.signs import Sign, Signs, Told, summed, with_counts
from ingest.rules.words import listing


def _dictionary(signs: Signs) -> SubjectFinding | None:
    chosen = signs.of(Sign.UNKNOWN_RECIPIENTS, signs.limits.guessed_recipients)
    if not chosen:
        return None
    text = say_of(
        len(chosen),
        "{number:,} address tried {recipients} or more different recipients that do not exist within an hour, and was "
        "refused ({addresses}).",
        "{number:,} addresses tried {recipients} or more different recipients that do not exist within an hour, and "
        "were refused ({addresses}).",
        recipients=signs.limits.guessed_recipients,
        addresses=listing(with_counts(chosen)),
    )
    return summed(DICTIONARY, chosen, Evidence(Severity.LOW, text))


DICTIONARY = Rule(
    code="D01",
    title="Names are guessed",
    severity=Severity.LOW,
    scope=Scope.LOG_HOST,
    explanation=(
        "An address tries recipients until one exists. It wants to know whom it can send spam to. It is refused, "
        "so nobody got in."
    ),
    guards=(
        "Ten different names within an hour of the clock; the same name again does not count.",
        "A big provider reaches it when its customers have old address books: it is never more than low, and "
        "says nothing of mail going out.",
    ),
    next_steps=(
        "Slow it down: smtp_max_unknown_commands does not help here, a ratelimit on refused recipients does.",
    ),
    log_host=_dictionary,
)


def _senders(signs: Signs) -> SubjectFinding | None:
    chosen = signs.of(Sign.SENDERS_REFUSED, signs.limits.refusals)
    text = say_of(
        len(chosen),
        "{number:,} address was refused {times} times or more within an hour for their senders ({addresses}).",
        "{number:,} addresses were refused {times} times or more within an hour for their senders ({addresses}).",
        times=signs.limits.refusals,
        addresses=listing(with_counts(chosen)),
    )
    return _refused(SENDERS_REFUSED, chosen, text)


def _listed(signs: Signs) -> SubjectFinding | None:
    chosen = signs.of(Sign.LISTED, signs.limits.refusals)
    text = say_of(
        len(chosen),
        "{number:,} address was refused {times} times or more within an hour because of a blocklist ({addresses}).",
        "{number:,} addresses were refused {times} times or more within an hour because of a blocklist ({addresses}).",
        times=signs.limits.refusals,
        addresses=listing(with_counts(chosen)),
    )
    return _refused(LISTED_CLIENTS, chosen, text)


def _errors(signs: Signs) -> SubjectFinding | None:
    chosen = signs.of(Sign.PROTOCOL, signs.limits.refusals)
    text = say_of(
        len(chosen),
        "{number:,} address was refused {times} times or more within an hour for errors in the protocol ({addresses}).",
        "{number:,} addresses were refused {times} times or more within an hour for errors in the protocol "
        "({addresses}).",
        times=signs.limits.refusals,
        addresses=listing(with_counts(chosen)),
    )
    return _refused(PROTOCOL_ERRORS, chosen, text)


def _refused(rule: Rule, chosen: Sequence[Told], text: str) -> SubjectFinding | None:
    return summed(rule, chosen, Evidence(rule.severity, text)) if chosen else None


_HEALTHY = "Nothing has to be done; a firewall rule for the worst addresses saves lines in the log."

SENDERS_REFUSED = Rule(
    code="D02",
    title="Senders that cannot be verified",
    severity=Severity.INFO,
    scope=Scope.LOG_HOST,
    explanation="Strangers wrote under senders that do not exist or are not theirs, and were refused.",
    guards=("It is healthy: the check works. Ten within an hour of the clock from one address are told.",),
    next_steps=(_HEALTHY,),
    log_host=_senders,
)

LISTED_CLIENTS = Rule(
    code="D03",
    title="Clients on a blocklist refused",
    severity=Severity.INFO,
    scope=Scope.LOG_HOST,
    explanation="Strangers that stand on a list of spammers were refused because of it.",
    guards=(
        "It is healthy. It is about those who send to us; whether we are on a list is B01.",
        "Ten within an hour of the clock from one address are told.",
    ),
    next_steps=(_HEALTHY,),
    log_host=_listed,
)

PROTOCOL_ERRORS = Rule(
    code="D04",
    title="Errors in the protocol",
    severity=Severity.INFO,
    scope=Scope.LOG_HOST,
    explanation=(
        "Clients spoke before it was their turn, sent unknown commands or bad syntax: programs that are no mail "
        "servers."
    ),
    guards=(
        "Monitoring and scanners do it too.",
        "Only what was refused is counted: a connection that ended without a message is not.",
        "Ten within an hour of the clock from one address are told.",
    ),
    next_steps=(_HEALTHY,),
    log_host=_errors,
)
