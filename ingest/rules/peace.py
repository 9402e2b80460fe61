"""The verdict where nobody was seen to get in: no with its proof, or what is missing for one."""

from collections.abc import Sequence

from ingest.rules import blocklists
from ingest.rules.answers import Answer, Case, NextStep, Question, worst_answer
from ingest.rules.broken_logins import LETS_IN, holes
from ingest.rules.configuration import ConfigurationFinding
from ingest.rules.definition import Severity
from ingest.rules.open_relays import refused, try_as_stranger
from ingest.rules.reputation import BACKSCATTER, JOE_JOB
from ingest.rules.steps import prove_hole_closed, removal_steps, repair_hole
from ingest.rules.telling import Told
from ingest.rules.words import count, day_and_minute, listing

_NEEDED = 3  # the first questions: relay, authenticator, accounts


def told_peace(case: Case, questions: Sequence[Question]) -> Told:
    """Nobody got in, or it cannot be told."""
    if open_to_all := holes(case):
        return _told_hole(case, open_to_all)
    if relay_holes := case.relay_holes():
        return _told_relay_hole(case, relay_holes[0])
    if case.is_empty:
        return Told(
            relaying=Answer.UNKNOWN,
            headline=f"There are no log lines of {case.name} yet, so nothing can be said.",
            lead="Add its mainlog.",
            basis="",
        )
    if all(question.answer is Answer.NO for question in questions[:_NEEDED]):
        return _told_no(case)
    return _told_open_question(case, questions)


def _told_hole(case: Case, names: list[str]) -> Told:
    seen = "There are no log lines to tell" if case.is_empty else "The log does not show"
    return Told(
        relaying=Answer.UNKNOWN,
        headline=f"Anyone can log in to {case.name} without a password.",
        lead=f"The authenticator {listing(names)} lets in anyone. {seen} whether somebody used it.",
        basis="The configuration shows it.",
        next_steps=(
            NextStep(
                text=f"Repair {listing(names)} on {case.name}, then reload Exim.",
                command="systemctl reload exim4",
                fix=next((fix for rule in LETS_IN if (fix := case.fix(rule.code))), None),
            ),
        ),
    )


def _told_relay_hole(case: Case, hole: ConfigurationFinding) -> Told:
    seen = "There are no log lines to tell" if case.is_empty else "The log does not show"
    return Told(
        relaying=Answer.UNKNOWN,
        headline=f"Anyone may send through {case.name} without a login.",
        lead=f"{hole.title} ({hole.where}). {seen} whether somebody did.",
        basis="The configuration shows it.",
        next_steps=(repair_hole(hole, case), prove_hole_closed(hole)),
    )


def _told_no(case: Case) -> Told:
    attempts = sum(finding.count for _, finding in refused(case))
    return Told(
        relaying=Answer.NO,
        headline=f"No. {count(attempts, 'relay attempt')}, all refused; no stranger got in.",
        lead=" ".join((
            f"Every message that left {case.name} for a foreign domain came from somebody who had logged "
            "in, or from your own networks.",
            *_beside(case),
        )),
        basis=_span(case),
        next_steps=tuple(_steps_beside(case)),
    )  # fmt: skip


def _beside(case: Case) -> list[str]:
    """What explains complaints though nobody got in."""
    told = []
    if case.of_host(JOE_JOB.code):
        told.append(
            "Somebody uses your addresses as the sender of his spam on other servers; that mail did not come from here."
        )
    if case.of_host(BACKSCATTER.code):
        told.append("But it answers spam with bounces, which reach people who sent nothing.")
    if blocklists.listed(case) and blocklists.severity(case) is Severity.HIGH:
        told.append("Others refuse its mail all the same, because it is on a blocklist.")
    return told


def _steps_beside(case: Case) -> list[NextStep]:
    steps = []
    if case.of_host(JOE_JOB.code):
        steps.append(NextStep(text=JOE_JOB.next_steps[0]))
    if case.of_host(BACKSCATTER.code):
        steps += [NextStep(text=text) for text in BACKSCATTER.next_steps]
    return [*steps, *removal_steps(case)]


def _span(case: Case) -> str:
    first_at, last_at = case.coverage.first_at, case.coverage.last_at
    if first_at is None or last_at is None:
        return ""
    zone = case.host.zone
    return f"Proof complete for {day_and_minute(first_at, zone)} to {day_and_minute(last_at, zone)}."


def _told_open_question(case: Case, questions: Sequence[Question]) -> Told:
    """Nothing bad was seen, but a proof is missing: the first question without one says which."""
    doubtful = [question for question in questions[:_NEEDED] if question.answer is not Answer.NO]
    answer = worst_answer(question.answer for question in doubtful)
    first = next(question for question in doubtful if question.answer is answer)
    steps: tuple[NextStep, ...] = ()
    if first.name == questions[0].name and case.coverage.has_arrivals and case.coverage.has_deliveries:
        steps = (
            NextStep(
                text="Try as a stranger: RCPT TO with a foreign address must end in “relay not permitted” (550). "
                "Nothing is sent by this.",
                command=try_as_stranger(),
            ),
        )
    return Told(
        relaying=Answer.UNKNOWN,
        headline=f"Nothing in this log shows a stranger sending through {case.name}, but a proof is missing.",
        lead=" ".join((f"{first.name}: {first.because}", *_beside(case))),
        basis="",
        next_steps=(*steps, *_steps_beside(case)),
    )
