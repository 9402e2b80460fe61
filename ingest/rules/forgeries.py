"""The question "or is it not us?": does somebody only forge our addresses elsewhere, or bounce off this host?"""

from collections.abc import Iterator
from datetime import timedelta

from ingest.languages import say
from ingest.rules.answers import Answer, Case, Question, Untold
from ingest.rules.coverage import COVERAGE
from ingest.rules.facts import Coverage
from ingest.rules.reputation import BACKSCATTER, JOE_JOB

_HOUR = timedelta(hours=1)


def forged_addresses(case: Case) -> Question:
    """Does spam under our addresses come from other servers? "Yes" is good news: nothing has to be closed here."""
    answer, because, rules = _forged(case)
    return Question(
        name=say("Only our addresses forged"),
        answer=answer,
        because=because,
        rules=rules,
        against=tuple(_against(case, answer)),
        untold=tuple(_untold(case, answer)),
        is_good_news=True,
    )


def _forged(case: Case) -> tuple[Answer, str, tuple[str, ...]]:
    if joe_job := case.of_host(JOE_JOB.code):
        return Answer.YES, joe_job.evidence, (JOE_JOB.code,)
    if not case.coverage.has_arrivals:
        text = say("There are no arrival lines, so bounces cannot be seen.")
        return Answer.UNKNOWN, text, (COVERAGE.code,)
    if case.host_findings is None:
        text = say("That takes the hours of a whole log, not some lines of one: hand in the log.")
        return Answer.UNKNOWN, text, (JOE_JOB.code,)
    if _is_short(case.coverage):
        text = say("The lines span less than an hour, too little to tell by: hand in more of the log.")
        return Answer.UNKNOWN, text, (JOE_JOB.code,)
    text = say(
        "Fewer than {number} bounces an hour came back for any address that did not send through this host.",
        number=case.limits.bounces_received,
    )
    return Answer.NO, text, (JOE_JOB.code,)


def _is_short(coverage: Coverage) -> bool:
    first_at, last_at = coverage.first_at, coverage.last_at
    return first_at is None or last_at is None or last_at - first_at < _HOUR


def _against(case: Case, answer: Answer) -> Iterator[str]:
    if backscatter := case.of_host(BACKSCATTER.code):
        yield say(
            "This host itself sends bounces to people who sent nothing: {evidence}",
            evidence=backscatter.evidence,
        )
    if answer is Answer.YES:
        yield say(
            "That somebody forges addresses elsewhere does not prove that nobody sends here: see the other questions."
        )


def _untold(case: Case, answer: Answer) -> Iterator[Untold]:
    if answer is Answer.YES or case.coverage.first_at is None:
        return
    yield Untold(
        say(
            "Whether the spam that somebody complains of left this host: look for the recipient, or for the "
            "Message-ID of the complaint."
        ),
        "exigrep 'RECIPIENT@DOMAIN' mainlog",
    )
