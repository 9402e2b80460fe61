"""The questions that a verdict answers, one function each.

Authenticators come before accounts: a broken authenticator otherwise reads as hundreds of stolen passwords.
"""

from ingest.rules import takeovers
from ingest.rules.answers import Answer, Case, Question
from ingest.rules.authenticators import NEVER_REFUSED, UNKNOWN_ID
from ingest.rules.bulk import BLOCKLISTED, UNKNOWN_RECIPIENTS
from ingest.rules.configuration import ALWAYS_TRUE, EMPTY_LOOKUP, FALLBACK, UNQUOTED_SQL, WRONG_ID
from ingest.rules.coverage import COVERAGE
from ingest.rules.definition import Severity, State
from ingest.rules.facts import SubjectKind
from ingest.rules.gateways import GATEWAY
from ingest.rules.guessed import GUESSED
from ingest.rules.logins import EMPTY_ID, GUESSING, MANY_IDS
from ingest.rules.relaying import LOCAL_SENDER, OPEN_RELAY, RELAY_REFUSED, ROUTED_RECIPIENT
from ingest.rules.relays import SubjectReport
from ingest.rules.words import be, count, listing

_ADDRESS = SubjectKind.SENDER_HOST_ADDRESS
_USER = SubjectKind.LOCAL_USER

LETS_IN = (EMPTY_LOOKUP, ALWAYS_TRUE, FALLBACK)
"""The rules that say of an authenticator that anyone gets in."""

# --- broken authenticator -------------------------------------------------------------------------


def broken_authenticator(case: Case) -> Question:
    """Does an authenticator let in strangers?"""
    answer, because, rules = _broken(case)
    return Question(name="Broken authenticator", answer=answer, because=because, rules=rules)


def holes(case: Case) -> list[str]:
    """The authenticators whose configuration lets anyone in."""
    return list(dict.fromkeys(name for rule in LETS_IN for name in case.configured(rule.code, State.BAD)))


def nameless_authenticators(case: Case) -> frozenset[str]:
    """The authenticators through which somebody logged in without a user name."""
    return frozenset(name for _, finding in case.found(EMPTY_ID.code, _ADDRESS) for name in finding.values)


def records_names(case: Case) -> bool:
    """Whether each of these authenticators also logs names, so that an empty one is no matter of logging."""
    return all(
        name in case.host.logins and case.host.logins[name].named for name in nameless_authenticators(case)
    )


def _broken(case: Case) -> tuple[Answer, str, tuple[str, ...]]:
    nameless = case.found(EMPTY_ID.code, _ADDRESS)
    open_to_all = holes(case)
    if open_to_all:
        return _broken_by_configuration(case, open_to_all)
    if nameless:
        return _broken_by_log(case, sum(finding.count for _, finding in nameless))
    if unknown := case.found(UNKNOWN_ID.code, _ADDRESS):
        number = sum(finding.count for _, finding in unknown)
        text = f"{count(number, 'message')} {be(number)} handed in under ids that are none of the accounts given."
        return Answer.YES, text, (UNKNOWN_ID.code,)
    many = [pair for pair in case.found(MANY_IDS.code, _ADDRESS) if pair[1].severity is Severity.CRITICAL]
    if many:
        report, finding = many[0]
        text = (
            f"{report.value} logged in as {count(finding.peak, 'different user', 'different users')} within "
            "a day. Either any name is accepted, or the passwords are stolen; the configuration decides."
        )
        return Answer.SUSPECTED, text, (MANY_IDS.code,)
    if never_refused := case.of_host(NEVER_REFUSED.code):
        return Answer.SUSPECTED, never_refused.evidence, (NEVER_REFUSED.code,)
    if unquoted := case.configured(UNQUOTED_SQL.code, State.BAD):
        text = f"{listing(unquoted)} puts what the client sends into SQL: whoever knows that can log in."
        return Answer.SUSPECTED, text, (UNQUOTED_SQL.code,)
    return _sound(case)


def _broken_by_configuration(case: Case, open_to_all: list[str]) -> tuple[Answer, str, tuple[str, ...]]:
    used = [
        finding
        for _, finding in case.found(EMPTY_ID.code, _ADDRESS)
        if not set(finding.values).isdisjoint(open_to_all)
    ]
    codes = tuple(rule.code for rule in LETS_IN if case.configured(rule.code, State.BAD))
    names = listing(open_to_all)
    if not used:
        text = (
            f"The configuration of {names} lets anyone in. No login without a user name stands in this log."
        )
        return Answer.YES, text, codes
    number = sum(finding.count for finding in used)
    verb = "explains it" if number == 1 else "explains them"
    text = (
        f"{count(number, 'login')} through {names} without a user name; the configuration of {names} {verb}."
    )
    return Answer.YES, text, (EMPTY_ID.code, *codes)


def _broken_by_log(case: Case, number: int) -> tuple[Answer, str, tuple[str, ...]]:
    names = nameless_authenticators(case)
    told = listing(sorted(names))
    text = f"{count(number, 'login')} through {told} without a user name."
    sound = set(case.configured(EMPTY_LOOKUP.code, State.OK, names))
    sound -= set(case.configured(EMPTY_LOOKUP.code, State.UNDECIDED, names))
    misnamed = set(case.configured(WRONG_ID.code, State.BAD, names))
    if names <= sound and names <= misnamed:
        text += " The configuration explains them: server_set_id is wrong, the password check is sound."
        return Answer.NO, text, (EMPTY_ID.code, WRONG_ID.code, EMPTY_LOOKUP.code)
    if names <= sound:
        text += " The configuration that was given does not explain them. Was it mended since?"
        return Answer.SUSPECTED, text, (EMPTY_ID.code, EMPTY_LOOKUP.code)
    if records_names(case):
        text += f" Other logins through {told} carry a name, so a wrong log setting is unlikely."
    else:
        text += " A broken password check does this, and so does a wrong server_set_id with a sound one."
    return Answer.SUSPECTED, f"{text} The configuration of {told} decides.", (EMPTY_ID.code,)


def _sound(case: Case) -> tuple[Answer, str, tuple[str, ...]]:
    if not case.coverage.has_arrivals:
        return Answer.UNKNOWN, "There are no arrival lines, so no logins can be seen.", (EMPTY_ID.code,)
    unnamed = [name for name, logins in case.host.logins.items() if logins.unrecorded and not logins.named]
    if unnamed:
        text = (
            f"Logins through {listing(sorted(unnamed))} are logged without the user name: set server_set_id."
        )
        return Answer.UNKNOWN, text, (EMPTY_ID.code,)
    named = sum(logins.named for logins in case.host.logins.values())
    seen = f"All {named:,} logins carry a user name" if named else "No login without a user name"
    text = f"{seen}, and no address logged in as many different users."
    if case.configured(EMPTY_LOOKUP.code, State.OK):
        text += " The password check in the configuration is sound."
        return Answer.NO, text, (EMPTY_ID.code, MANY_IDS.code, EMPTY_LOOKUP.code)
    return Answer.NO, text, (EMPTY_ID.code, MANY_IDS.code)


# --- open relay -----------------------------------------------------------------------------------


def open_relay(case: Case) -> Question:
    """Does it send for strangers who do not log in?"""
    answer, because, rules = _relaying(case)
    return Question(name="Open relay", answer=answer, because=because, rules=rules)


def _relaying(case: Case) -> tuple[Answer, str, tuple[str, ...]]:
    relayed = case.found(OPEN_RELAY.code, _ADDRESS)
    if relayed:
        return _relayed(case, [report for report, _ in relayed])
    if (gateway := case.of_host(GATEWAY.code)) is not None:
        answer = Answer.YES if gateway.severity is Severity.CRITICAL else Answer.SUSPECTED
        return answer, gateway.evidence, (GATEWAY.code,)
    routed = [
        item for _, item in case.found(ROUTED_RECIPIENT.code, _ADDRESS) if item.severity is Severity.HIGH
    ]
    if routed:
        return Answer.YES, routed[0].evidence, (ROUTED_RECIPIENT.code,)
    local = case.found(LOCAL_SENDER.code, _ADDRESS)
    if local:
        number = sum(finding.count for _, finding in local)
        text = (
            f"{count(number, 'message')} with a local sender left for foreign domains from "
            f"{count(len(local), 'address', 'addresses')} that did not log in. Whether these are your own "
            "machines, the trusted networks tell: exim -bP +relay_from_hosts."
        )
        is_known = bool(case.host.trusted_networks)
        return Answer.SUSPECTED if is_known else Answer.UNKNOWN, text, (LOCAL_SENDER.code,)
    return _not_relayed(case)


def _relayed(case: Case, reports: list[SubjectReport]) -> tuple[Answer, str, tuple[str, ...]]:
    findings = [finding for report in reports if (finding := report.finding(OPEN_RELAY.code))]
    domains = {domain for finding in findings for domain in finding.values}
    is_sure = len(domains) >= case.limits.relayed_domains and any(
        finding.severity.rank <= Severity.HIGH.rank for finding in findings
    )
    number = sum(finding.count for finding in findings)
    text = (
        f"{count(number, 'message')} of foreign senders from {count(len(reports), 'address', 'addresses')} "
        f"that did not log in {be(number)} accepted for {count(len(domains), 'foreign domain')}."
    )
    if holes := case.relay_holes():
        text += f" The configuration explains it: {holes[0].title} ({holes[0].where})."
        return Answer.YES, text, (OPEN_RELAY.code, *dict.fromkeys(item.rule for item in holes))
    if is_sure and case.host.local_domains:
        return Answer.YES, text, (OPEN_RELAY.code,)
    if not case.host.local_domains:
        text += " Which domains are local is not known: give them to be sure."
    else:
        text += (
            " It may be a domain that this host is a gateway for, or an own machine: give both to be sure."
        )
    return Answer.SUSPECTED, text, (OPEN_RELAY.code,)


def _not_relayed(case: Case) -> tuple[Answer, str, tuple[str, ...]]:
    refused = case.found(RELAY_REFUSED.code, _ADDRESS)
    attempts = sum(finding.count for _, finding in refused)
    if holes := case.relay_holes():
        text = (
            f"The configuration lets strangers relay: {holes[0].title} ({holes[0].where}). In this log no message of a "
            "stranger left for a foreign domain."
        )
        return Answer.SUSPECTED, text, tuple(dict.fromkeys(item.rule for item in holes))
    if not case.coverage.has_arrivals or not case.coverage.has_deliveries:
        missing = "deliveries" if case.coverage.has_arrivals else "arrivals"
        return Answer.UNKNOWN, f"There are no {missing} in this log.", (OPEN_RELAY.code, COVERAGE.code)
    kept = f"No message left {case.name} for a foreign domain without a login."
    if not attempts:
        text = (
            f"{kept} But nobody tried, so whether a stranger is refused is not proven: exim -bh 203.0.113.1."
        )
        return Answer.UNKNOWN, text, (OPEN_RELAY.code, RELAY_REFUSED.code)
    text = (
        f"{count(attempts, 'relay attempt')} from {count(len(refused), 'address', 'addresses')}, all "
        f"refused. {kept}"
    )
    return Answer.NO, text, (RELAY_REFUSED.code, OPEN_RELAY.code)


# --- accounts, scripts, blocklists ----------------------------------------------------------------


def accounts(case: Case) -> Question:
    """Does a stranger use somebody's password?"""
    answer, because, rules = _accounts(case)
    return Question(name="Compromised accounts", answer=answer, because=because, rules=rules)


def _accounts(case: Case) -> tuple[Answer, str, tuple[str, ...]]:
    if stolen := takeovers.compromised(case):
        return Answer.YES, *_told_of(case, stolen)
    if doubtful := takeovers.doubtful(case):
        text, rules = _told_of(case, doubtful)
        return Answer.SUSPECTED, f"{text} Ask whether it was meant.", rules
    if not case.coverage.has_arrivals:
        text = "There are no arrival lines, so no account can be judged."
        return Answer.UNKNOWN, text, (UNKNOWN_RECIPIENTS.code,)
    text = "No account sends to many addresses that do not exist, or from many places."
    guessing = case.found(GUESSING.code, _ADDRESS)
    if guessing:
        number = sum(finding.count for _, finding in guessing)
        whose = "a stranger's login" if case.found(GUESSED.code, _ADDRESS) else "a login"
        text = (
            f"{count(number, 'failed login')} from "
            f"{count(len(guessing), 'address that guesses', 'addresses that guess')} passwords, none "
            f"followed by {whose}. {text}"
        )
    return Answer.NO, text, (GUESSING.code, GUESSED.code, UNKNOWN_RECIPIENTS.code)


def _told_of(case: Case, names: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """What was found on some accounts, in the titles of the rules, and these rules."""
    found = takeovers.signs(case)
    titles = {finding.rule: finding.title for name in names for _, finding in found.get(name, ())}
    if any(name in finding.values for name in names for _, finding in takeovers.guessed(case)):
        titles = {GUESSED.code: GUESSED.title, **titles}
    told = "; ".join(f"{title[0].lower()}{title[1:]} ({code})" for code, title in titles.items())
    return f"{listing(names)}: {told}.", tuple(titles)


def blocklisted(case: Case) -> Question:
    """Do others refuse our mail?"""
    found = [
        finding
        for kind in (_ADDRESS, _USER)  # an account's messages are among those of an address
        for _, finding in case.found(BLOCKLISTED.code, kind)
    ]
    answer = Answer.NO if case.coverage.has_deliveries else Answer.UNKNOWN
    text = "No server said that it refuses mail because of a blocklist."
    if found:
        providers = sorted({name for finding in found for name in finding.values})
        verb = "refuses" if len(providers) == 1 else "refuse"
        answer = Answer.YES
        text = (
            f"{listing(providers)} {verb} mail because {case.name} is on a blocklist "
            f"({count(sum(finding.count for finding in found), 'message')})."
        )
    elif answer is Answer.UNKNOWN:
        text = "There are no deliveries in this log, so what others answered is not known."
    return Question(name="On a blocklist", answer=answer, because=text, rules=(BLOCKLISTED.code,))
