"""The verdict where nobody was seen to get in: no with its proof, or what is missing for one."""

from collections.abc import Sequence

from ingest.languages import say, say_of
from ingest.rules import blocklists
from ingest.rules.answers import Answer, Case, NextStep, Question, worst_answer
from ingest.rules.broken_logins import LETS_IN, holes
from ingest.rules.configuration import ConfigurationFinding
from ingest.rules.definition import Severity
from ingest.rules.open_relays import refused, try_as_stranger
from ingest.rules.reputation import BACKSCATTER, JOE_JOB
from ingest.rules.steps import prove_hole_closed, removal_steps, repair_hole
from ingest.rules.telling import Told
from ingest.rules.words import day_and_minute, listing, together

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
            headline=say("There are no log lines of {host} yet, so nothing can be said.", host=case.name),
            lead=say("Add its mainlog."),
            basis="",
        )
    if all(question.answer is Answer.NO for question in questions[:_NEEDED]):
        return _told_no(case)
    return _told_open_question(case, questions)


def _told_hole(case: Case, names: list[str]) -> Told:
    seen = say("The log does not show whether somebody used it.")
    if case.is_empty:
        seen = say("There are no log lines to tell whether somebody used it.")
    lets_in = say("The authenticator {names} lets in anyone.", names=listing(names))
    return Told(
        relaying=Answer.UNKNOWN,
        headline=say("Anyone can log in to {host} without a password.", host=case.name),
        lead=together((lets_in, seen)),
        basis=say("The configuration shows it."),
        next_steps=(
            NextStep(
                text=say("Repair {names} on {host}, then reload Exim.", names=listing(names), host=case.name),
                command="systemctl reload exim4",
                fix=next((fix for rule in LETS_IN if (fix := case.fix(rule.code))), None),
            ),
        ),
    )


def _told_relay_hole(case: Case, hole: ConfigurationFinding) -> Told:
    seen = say("The log does not show whether somebody did.")
    if case.is_empty:
        seen = say("There are no log lines to tell whether somebody did.")
    found = say("{title} ({where}).", title=hole.title, where=hole.where)
    return Told(
        relaying=Answer.UNKNOWN,
        headline=say("Anyone may send through {host} without a login.", host=case.name),
        lead=together((found, seen)),
        basis=say("The configuration shows it."),
        next_steps=(repair_hole(hole, case), prove_hole_closed(hole)),
    )


def _told_no(case: Case) -> Told:
    attempts = sum(finding.count for _, finding in refused(case))
    ours = say(
        "Every message that left {host} for a foreign domain came from somebody who had logged in, or from your own "
        "networks.",
        host=case.name,
    )
    return Told(
        relaying=Answer.NO,
        headline=say_of(
            attempts,
            "No. {number:,} relay attempt, all refused; no stranger got in.",
            "No. {number:,} relay attempts, all refused; no stranger got in.",
        ),
        lead=together((ours, *_beside(case))),
        basis=_span(case),
        next_steps=tuple(_steps_beside(case)),
    )


def _beside(case: Case) -> list[str]:
    """What explains complaints though nobody got in."""
    told = []
    if case.of_host(JOE_JOB.code):
        told.append(
            say(
                "Somebody uses your addresses as the sender of his spam on other servers; that mail did not come from "
                "here."
            )
        )
    if case.of_host(BACKSCATTER.code):
        told.append(say("But it answers spam with bounces, which reach people who sent nothing."))
    if blocklists.listed(case) and blocklists.severity(case) is Severity.HIGH:
        told.append(say("Others refuse its mail all the same, because it is on a blocklist."))
    return told


def _steps_beside(case: Case) -> list[NextStep]:
    steps = []
    if case.of_host(JOE_JOB.code):
        steps.append(NextStep(text=say(JOE_JOB.next_steps[0])))
    if case.of_host(BACKSCATTER.code):
        steps += [NextStep(text=say(text)) for text in BACKSCATTER.next_steps]
    return [*steps, *removal_steps(case)]


def _span(case: Case) -> str:
    first_at, last_at = case.coverage.first_at, case.coverage.last_at
    if first_at is None or last_at is None:
        return ""
    zone = case.host.zone
    return say(
        "Proof complete for {first} to {last}.",
        first=day_and_minute(first_at, zone),
        last=day_and_minute(last_at, zone),
    )


def _told_open_question(case: Case, questions: Sequence[Question]) -> Told:
    """Nothing bad was seen, but a proof is missing: the first question without one says which."""
    doubtful = [question for question in questions[:_NEEDED] if question.answer is not Answer.NO]
    answer = worst_answer(question.answer for question in doubtful)
    first = next(question for question in doubtful if question.answer is answer)
    steps: tuple[NextStep, ...] = ()
    if first.name == questions[0].name and case.coverage.has_arrivals and case.coverage.has_deliveries:
        steps = (
            NextStep(
                text=say(
                    "Try as a stranger: RCPT TO with a foreign address must end in “relay not permitted” (550). "
                    "Nothing is sent by this."
                ),
                command=try_as_stranger(),
            ),
        )
    return Told(
        relaying=Answer.UNKNOWN,
        headline=say(
            "Nothing in this log shows a stranger sending through {host}, but a proof is missing.",
            host=case.name,
        ),
        lead=together((f"{first.name}: {first.because}", *_beside(case))),
        basis="",
        next_steps=(*steps, *_steps_beside(case)),
    )
