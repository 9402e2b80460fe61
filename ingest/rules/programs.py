"""The question about programs on the host itself: do they send spam?"""

from ingest.rules.answers import Answer, Case, Question
from ingest.rules.bulk import UNKNOWN_RECIPIENTS
from ingest.rules.coverage import COVERAGE
from ingest.rules.definition import Severity, SubjectFinding
from ingest.rules.facts import SubjectKind
from ingest.rules.relays import SubjectReport
from ingest.rules.scripts import FORGED_SENDER, LOCAL_VOLUME, OWN_MAIL, SCRIPT
from ingest.rules.words import listing

_USER = SubjectKind.LOCAL_USER


def sending(case: Case) -> list[tuple[SubjectReport, SubjectFinding]]:
    """The local users whose programs send to dead addresses; without one, web servers' users who send much."""
    for rule in (UNKNOWN_RECIPIENTS.code, LOCAL_VOLUME.code):
        found = [pair for pair in case.found(rule, _USER) if pair[1].severity is Severity.HIGH]
        if found:
            return found
    return []


def sending_users(case: Case) -> tuple[str, ...]:
    """Their names."""
    return tuple(report.value for report, _ in sending(case))


def scripts(case: Case) -> Question:
    """Does a program on the host send spam?"""
    answer, text, rules = _sent(case) or _not_sent(case)
    return Question(name="Local scripts", answer=answer, because=text, rules=rules)


def _sent(case: Case) -> tuple[Answer, str, tuple[str, ...]] | None:
    found = sending(case)
    if found and found[0][1].rule == UNKNOWN_RECIPIENTS.code:
        is_much = any(finding.peak >= case.limits.unknown_recipients for _, finding in found)
        text = f"Much of what programs of {listing(sending_users(case))} send goes to dead addresses."
        return Answer.YES if is_much else Answer.SUSPECTED, text, (UNKNOWN_RECIPIENTS.code,)
    if found:
        text, rules = found[0][1].evidence, [LOCAL_VOLUME.code]
        if any(report.finding(FORGED_SENDER.code) for report, _ in found):
            text += " It writes under senders that are not ours."
            rules.append(FORGED_SENDER.code)
        return Answer.SUSPECTED, f"{text} Ask whose program it is.", tuple(rules)
    if script := case.of_host(SCRIPT.code):
        return Answer.SUSPECTED, f"{script.evidence} Ask what it is for.", (SCRIPT.code,)
    own = case.of_host(OWN_MAIL.code)
    if own is not None and own.severity is Severity.HIGH:
        return Answer.SUSPECTED, own.evidence, (OWN_MAIL.code,)
    return None


def _not_sent(case: Case) -> tuple[Answer, str, tuple[str, ...]]:
    if not case.coverage.has_arrivals:
        text = "There are no arrival lines, so what programs of the host sent cannot be seen."
        return Answer.UNKNOWN, text, (COVERAGE.code,)
    if case.coverage.has_local_arrivals is False:
        return Answer.NO, "No message was handed in by a program on the host itself.", (COVERAGE.code,)
    if not case.coverage.has_arguments:
        text = (
            "This log does not say which directory a program was run from. To be able to tell, set "
            "log_selector = +arguments. No local user sends to many dead addresses."
        )
        return Answer.UNKNOWN, text, (COVERAGE.code,)
    text = "No local user sends to many dead addresses, and no directory ran a program that sent much."
    return Answer.NO, text, (SCRIPT.code, UNKNOWN_RECIPIENTS.code)
