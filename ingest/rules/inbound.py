"""What strangers try on us and are refused: guessed names (D01), false senders, lists, errors (D02 to D04)."""

from ingest.rules.definition import Evidence, Rule, Scope, Severity, SubjectFinding
from ingest.rules.signs import Sign, Signs, summed, with_counts
from ingest.rules.words import count, listing


def _dictionary(signs: Signs) -> SubjectFinding | None:
    chosen = signs.of(Sign.UNKNOWN_RECIPIENTS, signs.limits.guessed_recipients)
    if not chosen:
        return None
    addresses = count(len(chosen), "address", "addresses")
    text = (
        f"{addresses} tried {signs.limits.guessed_recipients} or more different recipients that do not exist "
        f"within an hour, and {'was' if len(chosen) == 1 else 'were'} refused ({listing(with_counts(chosen))})."
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


def _refused(signs: Signs, rule: Rule, sign: Sign, what: str) -> SubjectFinding | None:
    chosen = signs.of(sign, signs.limits.refusals)
    if not chosen:
        return None
    addresses = count(len(chosen), "address", "addresses")
    text = (
        f"{addresses} {'was' if len(chosen) == 1 else 'were'} refused {signs.limits.refusals} times or more within an "
        f"hour {what} ({listing(with_counts(chosen))})."
    )
    return summed(rule, chosen, Evidence(rule.severity, text))


def _senders(signs: Signs) -> SubjectFinding | None:
    return _refused(signs, SENDERS_REFUSED, Sign.SENDERS_REFUSED, "for their senders")


def _listed(signs: Signs) -> SubjectFinding | None:
    return _refused(signs, LISTED_CLIENTS, Sign.LISTED, "because of a blocklist")


def _errors(signs: Signs) -> SubjectFinding | None:
    return _refused(signs, PROTOCOL_ERRORS, Sign.PROTOCOL, "for errors in the protocol")


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
