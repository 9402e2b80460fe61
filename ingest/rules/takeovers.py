"""Whose password a stranger has, by all that was found on accounts.

One sign may have a lawful reason, so two are asked for, except where one is plain. Accounts that were only used from
addresses that log in as anybody are the authenticator's matter, not their owners'.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from ingest.languages import say, say_of
from ingest.rules.answers import Answer, Case, Pair, Question, Suspicion, Untold, Way, worst_suspicion
from ingest.rules.authenticators import UNKNOWN_ID, UNRECORDED_ID
from ingest.rules.bulk import UNKNOWN_RECIPIENTS
from ingest.rules.definition import Severity, SubjectFinding
from ingest.rules.facts import SubjectKind
from ingest.rules.guessed import GUESSED
from ingest.rules.logins import EMPTY_ID, GUESSING, MANY_IDS
from ingest.rules.places import DISTRIBUTED, NEW_PLACE, TRAVEL
from ingest.rules.volumes import FAN_OUT, UNUSUAL_VOLUME
from ingest.rules.words import arguments, count, listing, together

_SIGNS = frozenset(
    rule.code for rule in (DISTRIBUTED, TRAVEL, NEW_PLACE, UNUSUAL_VOLUME, FAN_OUT, UNKNOWN_RECIPIENTS)
)
_SIGNS_NEEDED = 2
_ADDRESS = SubjectKind.SENDER_HOST_ADDRESS
_ACCOUNT = SubjectKind.AUTHENTICATED_ID


def _is_high(finding: SubjectFinding) -> bool:
    return finding.severity.rank <= Severity.HIGH.rank


def guessed(case: Case) -> list[Pair]:
    """The addresses that guessed a password, surely or perhaps; not those with a changed password."""
    return [
        pair
        for pair in case.found(GUESSED.code, _ADDRESS)
        if pair[1].severity.rank <= Severity.MEDIUM.rank and not _is_anybody(case, pair[0].value)
    ]


def _is_anybody(case: Case, address: str) -> bool:
    """Whether an address gets in as anybody."""
    return address in _anybody(case)


def _anybody(case: Case) -> frozenset[str]:
    """The addresses that get in as anybody; not one that is as well an office."""
    return frozenset(
        report.value
        for code in (MANY_IDS.code, EMPTY_ID.code, UNKNOWN_ID.code)
        for report, finding in case.found(code, _ADDRESS)
        if _is_high(finding)
    )


def signs(case: Case) -> Mapping[str, tuple[Pair, ...]]:
    """What was found on each account that says that a stranger uses it, the worst first.

    High findings only; but some dead recipients beside another sign are a second one.
    """
    anybody = _anybody(case)
    found: dict[str, tuple[Pair, ...]] = {}
    for report in case.reports:
        if report.kind is not _ACCOUNT or (
            report.sender_host_addresses and set(report.sender_host_addresses) <= anybody
        ):
            continue
        pairs = tuple((report, finding) for finding in report.findings if _is_high(finding))
        told = [pair for pair in pairs if pair[1].rule in _SIGNS or pair[1].rule == GUESSED.code]
        dead = report.finding(UNKNOWN_RECIPIENTS.code)
        if told and dead is not None and dead.severity is Severity.MEDIUM:
            told.append((report, dead))
        if told:
            found[report.value] = tuple(told)
    return MappingProxyType(found)


def compromised(case: Case) -> tuple[str, ...]:
    """The accounts that a stranger uses."""
    guessed_names = [name for _, finding in guessed(case) if _is_high(finding) for name in finding.values]
    found = signs(case)
    names = sorted(
        (name for name, pairs in found.items() if _is_plain(case, pairs)),
        key=lambda name: (-found[name][0][1].count, name),
    )
    return tuple(dict.fromkeys((*guessed_names, *names)))


def _is_plain(case: Case, pairs: tuple[Pair, ...]) -> bool:
    codes = {finding.rule for _, finding in pairs}
    return (
        GUESSED.code in codes
        or len(codes & _SIGNS) >= _SIGNS_NEEDED
        or any(
            finding.rule == UNKNOWN_RECIPIENTS.code and finding.peak >= case.limits.unknown_recipients
            for _, finding in pairs
        )
    )


def doubtful(case: Case) -> tuple[str, ...]:
    """The accounts with one sign only, or whose password was perhaps guessed."""
    sure = set(compromised(case))
    names = [*signs(case), *(name for _, finding in guessed(case) for name in finding.values)]
    return tuple(name for name in dict.fromkeys(names) if name not in sure)


def used(case: Case) -> Iterator[Pair]:
    """The reports on the accounts that a stranger uses, or may use, each with its signs, the worst first."""
    sure, found = compromised(case), signs(case)
    for name in [name for name in sure if name in found] or list(found):
        yield from found[name]


# --- the question ---------------------------------------------------------------------------------


def accounts(case: Case) -> Question:
    """Does a stranger use somebody's password?"""
    worst = worst_suspicion(suspicions(case))
    answer, because, rules = (worst.answer, worst.because, worst.rules) if worst else _not_used(case)
    return Question(
        name=say("Compromised accounts"),
        answer=answer,
        because=because,
        rules=rules,
        against=tuple(_against(case, answer)),
        untold=tuple(_untold(case)),
    )


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Why an account may be in a stranger's hands; a guessed password explains more than what was done with it."""
    sure, perhaps = compromised(case), doubtful(case)
    if not (sure or perhaps):
        return
    answer = Answer.YES if sure else Answer.SUSPECTED
    because, rules = _told_of(case, sure or perhaps)
    if not sure:
        because = together((because, say("Ask whether it was meant.")))
    by_guessing = guessed(case)
    if sure:
        by_guessing = [pair for pair in by_guessing if _is_high(pair[1])]
    both = [(Way.GUESSED, tuple(by_guessing)), (Way.ACCOUNT, tuple(used(case)))]
    if not any(_is_high(finding) for _, finding in by_guessing):
        both.reverse()  # what was surely done with an account tells more than how it was perhaps come by
    for way, pairs in both:
        if pairs:
            yield Suspicion(answer=answer, because=because, rules=rules, way=way, pairs=pairs)


def _told_of(case: Case, names: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """What was found on some accounts, in the titles of the rules, and these rules."""
    found = signs(case)
    titles = {finding.rule: finding.title for name in names for _, finding in found.get(name, ())}
    if any(name in finding.values for name in names for _, finding in guessed(case)):
        titles = {GUESSED.code: say(GUESSED.title), **titles}
    told = say("; ").join(f"{title[0].lower()}{title[1:]} ({code})" for code, title in titles.items())
    return say("{names}: {told}.", names=listing(names), told=told), tuple(titles)


def _not_used(case: Case) -> tuple[Answer, str, tuple[str, ...]]:
    if not case.coverage.has_arrivals:
        text = say("There are no arrival lines, so no account can be judged.")
        return Answer.UNKNOWN, text, (UNKNOWN_RECIPIENTS.code,)
    text = say("No account sends to many addresses that do not exist, or from many places.")
    return (
        Answer.NO,
        together((_guessing_in_vain(case), text)),
        (GUESSING.code, GUESSED.code, UNKNOWN_RECIPIENTS.code),
    )


def _guessing_in_vain(case: Case) -> str:
    guessing = case.found(GUESSING.code, _ADDRESS)
    if not guessing:
        return ""
    number = sum(finding.count for _, finding in guessing)
    addresses = count(len(guessing), "address that guesses", "addresses that guess")
    if case.found(GUESSED.code, _ADDRESS):
        return say_of(
            number,
            "{number:,} failed login from {addresses} passwords, none followed by a stranger's login.",
            "{number:,} failed logins from {addresses} passwords, none followed by a stranger's login.",
            addresses=addresses,
        )
    return say_of(
        number,
        "{number:,} failed login from {addresses} passwords, none followed by a login.",
        "{number:,} failed logins from {addresses} passwords, none followed by a login.",
        addresses=addresses,
    )


def _against(case: Case, answer: Answer) -> Iterator[str]:
    if answer is Answer.NO:
        return
    got_in = {report.value for report, _ in guessed(case)}
    vain = [pair for pair in case.found(GUESSING.code, _ADDRESS) if pair[0].value not in got_in]
    number = sum(finding.count for _, finding in vain)
    if number:
        yield say_of(
            number,
            "{number:,} other failed login was not followed by a login.",
            "{number:,} other failed logins were not followed by a login.",
        )
    if any(report.finding(TRAVEL.code) or report.finding(DISTRIBUTED.code) for report in case.reports):
        yield say("Somebody who travels, or whose telephone changes networks, is seen in many places too.")


def _untold(case: Case) -> Iterator[Untold]:
    if case.of_host(UNRECORDED_ID.code):
        yield Untold(
            say("Logins without a recorded user name belong to no account that could be judged."),
            "exim -bP authenticators",
        )
    if case.coverage.has_history is False:
        yield Untold(
            say("What is usual for an account shows only in two weeks of log or more. Add the older logs."),
            "ls -l /var/log/exim4/ /var/log/exim/",
        )
    if case.coverage.has_countries is False:
        yield Untold(say("The countries of addresses are not known: there is no readable file of them."))
    for name in arguments(doubtful(case))[:1]:
        yield Untold(
            say("Whether {name} sent this on purpose. All of it:", name=name), f"exigrep -l {name} mainlog"
        )
