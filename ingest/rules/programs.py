"""The question about programs on the host itself: do they send spam?"""

from collections.abc import Iterator

from ingest.languages import later, say
from ingest.rules.answers import Answer, Case, Pair, Question, Suspicion, Untold, Way, worst_suspicion
from ingest.rules.bulk import UNKNOWN_RECIPIENTS
from ingest.rules.coverage import COVERAGE
from ingest.rules.definition import Severity, SubjectFinding
from ingest.rules.facts import SubjectKind
from ingest.rules.scripts import FORGED_SENDER, LOCAL_VOLUME, OWN_MAIL, SCRIPT
from ingest.rules.words import listing, together

_USER = SubjectKind.LOCAL_USER


def sending(case: Case) -> list[Pair]:
    """The local users whose programs send to dead addresses; without one, those who send much.

    A user that is no web server's sends much for good reasons: it counts if it writes under foreign senders too.
    """
    dead = [pair for pair in case.found(UNKNOWN_RECIPIENTS.code, _USER) if pair[1].severity is Severity.HIGH]
    if dead:
        return dead
    return [
        (report, finding)
        for report, finding in case.found(LOCAL_VOLUME.code, _USER)
        if finding.severity.rank <= Severity.HIGH.rank or _is_forging(report.finding(FORGED_SENDER.code))
    ]


def forging(case: Case) -> list[Pair]:
    """Other local users whose programs write to strangers under foreign senders.

    What stays in the house is a contact form's mail to its owner.
    """
    told = {report.value for report, _ in sending(case)}
    return [
        (report, finding)
        for report, finding in case.found(FORGED_SENDER.code, _USER)
        if _is_forging(finding) and report.value not in told and (report.outside or not report.recipients)
    ]


def _is_forging(forged: SubjectFinding | None) -> bool:
    return forged is not None and forged.severity.rank <= Severity.MEDIUM.rank


def sending_users(case: Case) -> tuple[str, ...]:
    """The names of all local users whose programs may send spam."""
    return tuple(report.value for report, _ in (*sending(case), *forging(case)))


def scripts(case: Case) -> Question:
    """Does a program on the host send spam?"""
    worst = worst_suspicion(suspicions(case))
    answer, text, rules = (worst.answer, worst.because, worst.rules) if worst else _not_sent(case)
    return Question(
        name=say("Local scripts"),
        answer=answer,
        because=text,
        rules=rules,
        against=tuple(_against(case)),
        untold=tuple(_untold(case)),
    )


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Why a program may send spam, in the order in which the reasons explain an attack."""
    if found := tuple(sending(case)):
        is_dead = found[0][1].rule == UNKNOWN_RECIPIENTS.code
        answer, text, rules = _of_dead(case, found) if is_dead else _of_volume(found)
        yield Suspicion(answer=answer, because=text, rules=rules, way=Way.SCRIPT, pairs=found)
    if forgers := tuple(forging(case)):
        yield Suspicion(
            answer=Answer.SUSPECTED,
            because=_of_forging(forgers),
            rules=(FORGED_SENDER.code,),
            way=Way.SCRIPT,
            pairs=forgers,
        )
    if script := case.of_host(SCRIPT.code):
        yield Suspicion(
            answer=Answer.SUSPECTED,
            because=together((script.evidence, say("Ask what it is for."))),
            rules=(SCRIPT.code,),
            way=Way.DIRECTORY,
            of_host=script,
        )
    own = case.of_host(OWN_MAIL.code)
    if own is not None and own.severity.rank <= Severity.HIGH.rank:
        yield Suspicion(
            answer=Answer.SUSPECTED,
            because=own.evidence,
            rules=(OWN_MAIL.code,),
            way=Way.OWN_MAIL,
            of_host=own,
        )


def _of_dead(case: Case, found: tuple[Pair, ...]) -> tuple[Answer, str, tuple[str, ...]]:
    is_much = any(finding.peak >= case.limits.unknown_recipients for _, finding in found)
    text = say("Much of what programs of {users} send goes to dead addresses.", users=_named(found))
    return Answer.YES if is_much else Answer.SUSPECTED, text, (UNKNOWN_RECIPIENTS.code,)


def _of_volume(found: tuple[Pair, ...]) -> tuple[Answer, str, tuple[str, ...]]:
    parts, rules = [found[0][1].evidence], [LOCAL_VOLUME.code]
    if any(report.finding(FORGED_SENDER.code) for report, _ in found):
        parts.append(say("It writes under senders that are not ours."))
        rules.append(FORGED_SENDER.code)
    return Answer.SUSPECTED, together((*parts, say("Ask whose program it is."))), tuple(rules)


def _of_forging(found: tuple[Pair, ...]) -> str:
    text = say(
        "Programs of {users} write to strangers under senders that are not ours: {evidence}",
        users=_named(found),
        evidence=found[0][1].evidence,
    )
    form = say("A contact form that sends copies to its visitors does that too.")
    return together((text, form, say("Ask whose program it is.")))


def _named(pairs: tuple[Pair, ...]) -> str:
    return listing([report.value for report, _ in pairs])


def _not_sent(case: Case) -> tuple[Answer, str, tuple[str, ...]]:
    if not case.coverage.has_arrivals:
        text = say("There are no arrival lines, so what programs of the host sent cannot be seen.")
        return Answer.UNKNOWN, text, (COVERAGE.code,)
    if case.coverage.has_local_arrivals is False:
        return Answer.NO, say("No message was handed in by a program on the host itself."), (COVERAGE.code,)
    if not case.coverage.has_arguments:
        text = say(
            "This log does not say which directory a program was run from. To be able to tell, set log_selector = "
            "+arguments. No local user sends to many dead addresses."
        )
        return Answer.UNKNOWN, text, (COVERAGE.code,)
    text = say("No local user sends to many dead addresses, and no directory ran a program that sent much.")
    return Answer.NO, text, (SCRIPT.code, UNKNOWN_RECIPIENTS.code)


def _against(case: Case) -> Iterator[str]:
    told = set(sending_users(case))
    much = later("{users} sends much ({rule}), as list software and contact forms do.")
    foreign = later("{users} writes under foreign senders ({rule}), as list software and contact forms do.")
    for rule, sentence in ((LOCAL_VOLUME, much), (FORGED_SENDER, foreign)):
        others = [report.value for report, _ in case.found(rule.code, _USER) if report.value not in told]
        if others:
            yield say(sentence, users=listing(others), rule=rule.code)
    own = case.of_host(OWN_MAIL.code)
    if own is not None and own.severity.rank > Severity.HIGH.rank:
        too = say("Webmail and newsletters do that too ({rule}).", rule=OWN_MAIL.code)
        yield together((own.evidence, too))


def _untold(case: Case) -> Iterator[Untold]:
    if not case.coverage.has_arguments and case.coverage.has_local_arrivals is not False:
        yield Untold(
            say(
                "Which directory a program ran in. Set log_selector = +arguments, reload Exim, and look again; what "
                "is set now shows"
            ),
            "exim -bP log_selector",
        )
    for report, finding in (*sending(case), *forging(case))[:1]:
        if finding.message_ids:
            yield Untold(
                say(
                    "Which file of {user} sends. Often the message's headers name it, while it waits.",
                    user=report.value,
                ),
                f"exim -Mvh {finding.message_ids[0]}",
            )
