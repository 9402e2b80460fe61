"""The question about authenticators: does one let in strangers?

By the log alone a login without a user name is never more than suspected, as a wrong server_set_id writes the same.
"""

from collections.abc import Iterator

from ingest.languages import say, say_of
from ingest.rules.answers import Answer, Case, Question, Suspicion, Untold, Way, worst_suspicion
from ingest.rules.authenticators import NEVER_REFUSED, UNKNOWN_ID, UNRECORDED_ID
from ingest.rules.configuration import ALWAYS_TRUE, EMPTY_LOOKUP, FALLBACK, UNQUOTED_SQL, WRONG_ID
from ingest.rules.definition import Severity, State
from ingest.rules.facts import SubjectKind
from ingest.rules.logins import EMPTY_ID, GUESSING, MANY_IDS
from ingest.rules.words import duration, listing, together

_ADDRESS = SubjectKind.SENDER_HOST_ADDRESS

LETS_IN = (EMPTY_LOOKUP, ALWAYS_TRUE, FALLBACK)
"""The rules that say of an authenticator that anyone gets in."""

type _Told = tuple[Answer, str, tuple[str, ...]]


def broken_authenticator(case: Case) -> Question:
    """Does an authenticator let in strangers?"""
    worst = worst_suspicion(suspicions(case))
    answer, because, rules = (worst.answer, worst.because, worst.rules) if worst else _sound(case)
    return Question(
        name=say("Broken authenticator"),
        answer=answer,
        because=because,
        rules=rules,
        against=tuple(_against(case)),
        untold=tuple(_untold(case, answer)),
    )


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


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Why an authenticator may be broken, in the order in which the reasons explain an attack."""
    yield from _nameless(case)
    yield from _unused_hole(case)
    yield from _no_accounts(case)
    yield from _many_names(case)
    nobody = case.of_host(UNKNOWN_ID.code)
    if nobody and nobody.severity is Severity.HIGH:
        yield Suspicion(answer=Answer.SUSPECTED, because=nobody.evidence, rules=(UNKNOWN_ID.code,))
    if never_refused := case.of_host(NEVER_REFUSED.code):
        yield Suspicion(answer=Answer.SUSPECTED, because=never_refused.evidence, rules=(NEVER_REFUSED.code,))
    if unquoted := case.configured(UNQUOTED_SQL.code, State.BAD):
        text = say(
            "{names} puts what the client sends into SQL: whoever knows that can log in.",
            names=listing(unquoted),
        )
        yield Suspicion(answer=Answer.SUSPECTED, because=text, rules=(UNQUOTED_SQL.code,))


# --- logins without a user name -------------------------------------------------------------------


def _nameless(case: Case) -> Iterator[Suspicion]:
    pairs = tuple(case.found(EMPTY_ID.code, _ADDRESS))
    if not pairs:
        return
    names = tuple(sorted(nameless_authenticators(case)))
    answer, because, rules = _explained(case, sum(finding.count for _, finding in pairs))
    if answer is not Answer.NO:
        yield Suspicion(
            answer=answer,
            because=because,
            rules=rules,
            way=Way.NAMELESS,
            pairs=pairs,
            authenticators=names,
        )


def _explained(case: Case, number: int) -> _Told:
    """What the configuration makes of logins without a user name."""
    names = nameless_authenticators(case)
    told = listing(sorted(names))
    if broken := sorted(names & set(holes(case))):
        codes = tuple(rule.code for rule in LETS_IN if case.configured(rule.code, State.BAD, names))
        text = say_of(
            number,
            "{number:,} login through {names} without a user name; the configuration of {broken} explains it.",
            "{number:,} logins through {names} without a user name; the configuration of {broken} explains them.",
            names=told,
            broken=listing(broken),
        )
        return Answer.YES, text, (EMPTY_ID.code, *codes)
    logins = say_of(
        number,
        "{number:,} login through {names} without a user name",
        "{number:,} logins through {names} without a user name",
        names=told,
    )
    if unknown := [pair for pair in case.found(UNKNOWN_ID.code, _ADDRESS) if names & set(pair[1].values)]:
        more = say_of(
            sum(finding.count for _, finding in unknown),
            "{logins}, and {number:,} message was handed in through it under ids that are none of the accounts "
            "given.",
            "{logins}, and {number:,} messages were handed in through it under ids that are none of the accounts "
            "given.",
            logins=logins,
        )
        return Answer.YES, more, (EMPTY_ID.code, UNKNOWN_ID.code)
    return _explained_by_logging(case, say("{logins}.", logins=logins), names)


def _explained_by_logging(case: Case, text: str, names: frozenset[str]) -> _Told:
    told = listing(sorted(names))
    sound = set(case.configured(EMPTY_LOOKUP.code, State.OK, names))
    sound -= set(case.configured(EMPTY_LOOKUP.code, State.UNDECIDED, names))
    if names <= sound and names <= set(case.configured(WRONG_ID.code, State.BAD, names)):
        why = say("The configuration explains them: server_set_id is wrong, the password check is sound.")
        return Answer.NO, together((text, why)), (EMPTY_ID.code, WRONG_ID.code, EMPTY_LOOKUP.code)
    if names <= sound:
        why = say("The configuration that was given does not explain them. Was it mended since?")
        return Answer.SUSPECTED, together((text, why)), (EMPTY_ID.code, EMPTY_LOOKUP.code)
    if records_names(case):
        why = say(
            "Other logins through {names} carry a name, so a wrong log setting is unlikely. The configuration of "
            "{names} decides.",
            names=told,
        )
    else:
        why = say(
            "A broken password check does this, and so does a wrong server_set_id with a sound one. The configuration "
            "of {names} decides.",
            names=told,
        )
    return Answer.SUSPECTED, together((text, why)), (EMPTY_ID.code,)


def _unused_hole(case: Case) -> Iterator[Suspicion]:
    """A hole that the log does not show in use."""
    unused = [name for name in holes(case) if name not in nameless_authenticators(case)]
    if unused:
        codes = [rule.code for rule in LETS_IN if case.configured(rule.code, State.BAD, frozenset(unused))]
        text = say(
            "The configuration of {names} lets anyone in. No login without a user name through it "
            "stands in this log.",
            names=listing(unused),
        )
        yield Suspicion(answer=Answer.YES, because=text, rules=tuple(codes))


# --- logins as nobody, or as many -----------------------------------------------------------------


def _no_accounts(case: Case) -> Iterator[Suspicion]:
    pairs = tuple(case.found(UNKNOWN_ID.code, _ADDRESS))
    if not pairs:
        return
    number = sum(finding.count for _, finding in pairs)
    is_known = bool(case.host.known_accounts)
    text = say_of(
        number,
        "{number:,} message was handed in under ids that are none of the accounts given.",
        "{number:,} messages were handed in under ids that are none of the accounts given.",
    )
    yield Suspicion(
        answer=Answer.YES if is_known else Answer.SUSPECTED,
        because=text if is_known else pairs[0][1].evidence,
        rules=(UNKNOWN_ID.code,),
        way=Way.ANY_NAME,
        pairs=pairs,
        authenticators=tuple(dict.fromkeys(name for _, finding in pairs for name in finding.values)),
    )


def _many_names(case: Case) -> Iterator[Suspicion]:
    pairs = tuple(
        pair for pair in case.found(MANY_IDS.code, _ADDRESS) if pair[1].severity is Severity.CRITICAL
    )
    if not pairs:
        return
    report, finding = pairs[0]
    text = say_of(
        finding.peak,
        "{address} logged in as {number:,} different user within a day. Either any name is accepted, or the passwords "
        "are stolen; the configuration decides.",
        "{address} logged in as {number:,} different users within a day. Either any name is accepted, or the passwords "
        "are stolen; the configuration decides.",
        address=report.value,
    )
    yield Suspicion(
        answer=Answer.SUSPECTED,
        because=text,
        rules=(MANY_IDS.code,),
        way=Way.ANY_NAME,
        pairs=pairs,
        authenticators=tuple(dict.fromkeys(name for report, _ in pairs for name in report.authenticators)),
    )


# --- no -------------------------------------------------------------------------------------------


def _sound(case: Case) -> _Told:
    if not case.coverage.has_arrivals:
        text = say("There are no arrival lines, so no logins can be seen.")
        return Answer.UNKNOWN, text, (EMPTY_ID.code,)
    if pairs := case.found(EMPTY_ID.code, _ADDRESS):
        return _explained(case, sum(finding.count for _, finding in pairs))
    unnamed = [name for name, logins in case.host.logins.items() if logins.unrecorded and not logins.named]
    if unnamed:
        text = say(
            "Logins through {names} are logged without the user name: set server_set_id.",
            names=listing(sorted(unnamed)),
        )
        return Answer.UNKNOWN, text, (EMPTY_ID.code,)
    named = sum(logins.named for logins in case.host.logins.values())
    seen = say("No login without a user name")
    if named:
        seen = say("All {number:,} logins carry a user name", number=named)
    text = say("{seen}, and {more}", seen=seen, more=_no_made_up_names(case))
    if case.configured(EMPTY_LOOKUP.code, State.OK):
        text = together((text, say("The password check in the configuration is sound.")))
        return Answer.NO, text, (EMPTY_ID.code, MANY_IDS.code, EMPTY_LOOKUP.code)
    return Answer.NO, text, (EMPTY_ID.code, MANY_IDS.code)


def _no_made_up_names(case: Case) -> str:
    """What A04 looked for, with its thresholds; an office behind one address is named, and does not count."""
    limits = case.limits
    looked_for = say(
        "{number} or more within {span} that it did not come back to, "
        "with no failed login or a new name at nearly every login",
        number=limits.many_ids,
        span=duration(limits.many_ids_window),
    )
    if offices := [report.value for report, _ in case.found(MANY_IDS.code, _ADDRESS)]:
        return say(
            "where an address used many ({looked_for}), each user wrote as itself: {offices}.",
            looked_for=looked_for,
            offices=listing(offices),
        )
    return say(
        "no address went through user names as if any were accepted: {looked_for}.", looked_for=looked_for
    )


# --- beside the answer ----------------------------------------------------------------------------


def _against(case: Case) -> Iterator[str]:
    named = sum(logins.named for logins in case.host.logins.values())
    nameless = sum(logins.nameless for logins in case.host.logins.values())
    if named and nameless:
        yield say_of(
            named,
            "{number:,} login was logged with a user name.",
            "{number:,} logins were logged with a user name.",
        )
    failed = sum(finding.count for _, finding in case.found(GUESSING.code, _ADDRESS))
    if failed:
        yield say_of(
            failed,
            "{number:,} login with a wrong password was refused: passwords are checked.",
            "{number:,} logins with a wrong password were refused: passwords are checked.",
        )
    sound = [
        name
        for name in case.configured(EMPTY_LOOKUP.code, State.OK)
        if name not in case.configured(EMPTY_LOOKUP.code, State.BAD)
    ]
    if sound:
        yield say("The configuration of {names} refuses a login without a user name.", names=listing(sound))


def _untold(case: Case, answer: Answer) -> Iterator[Untold]:
    if not case.configuration:
        yield Untold(
            say(
                "The log does not show how passwords are checked. Paste what this prints into Configuration."
            ),
            "exim -bP authenticators",
        )
    if case.of_host(UNRECORDED_ID.code):
        yield Untold(say("Some logins are logged without the user name."), "exim -bP authenticators")
    if not case.host.known_accounts and answer is not Answer.YES:
        yield Untold(
            say("Which names are accounts is not known: give the list of accounts of this log host.")
        )
