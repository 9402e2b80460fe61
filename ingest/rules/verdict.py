"""The answer for a log host: is it relaying spam, who got in, how, since when, and is it over."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ingest.rules import programs, takeovers
from ingest.rules import questions as ask
from ingest.rules.answers import Answer, Case, Fact, NextStep, Question, worst_answer
from ingest.rules.attacks import Attack, Way, attack_of
from ingest.rules.configuration import ConfigurationFinding
from ingest.rules.coverage import gaps, log_selector
from ingest.rules.definition import CoverageGap, Limits, SubjectFinding
from ingest.rules.facts import Coverage, LogHostFacts, SubjectKind
from ingest.rules.relaying import RELAY_REFUSED
from ingest.rules.relays import SubjectReport
from ingest.rules.story import close_hole, facts, headline, lead, next_steps
from ingest.rules.words import count, day_and_minute, listing

__all__ = ["Answer", "Fact", "NextStep", "Question", "Verdict", "combine", "verdict"]

_DEFAULTS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is to be said first, with its reasons."""

    log_host: str
    relaying: Answer  # the one question: relaying spam?
    open_relay: Answer
    broken_authenticator: Answer
    accounts_answer: Answer
    compromised_accounts: tuple[str, ...]
    local_scripts_answer: Answer
    local_scripts: tuple[str, ...]  # local users
    headline: str  # one sentence, no Exim vocabulary
    lead: str
    basis: str  # how certain, and of what span
    facts: tuple[Fact, ...]  # who, how, since when, is it over; none where nobody got in
    questions: tuple[Question, ...]
    next_steps: tuple[NextStep, ...]
    coverage: tuple[CoverageGap, ...]
    attack: str | None = None  # of the suspects that the headline is about
    rule: str | None = None  # that the headline rests on
    log_selector: str | None = None  # one setting that closes what a setting can close

    @property
    def summary(self) -> str:
        """Headline and lead."""
        return f"{self.headline} {self.lead}".strip()

    def as_json(self) -> dict[str, Any]:
        """``{"verdict": {...}, "coverage": [...]}`` as in ``relays --json``."""
        return {
            "verdict": {
                "relaying": str(self.relaying),
                "open_relay": str(self.open_relay),
                "broken_authenticator": str(self.broken_authenticator),
                "compromised_accounts": list(self.compromised_accounts),
                "accounts_answer": str(self.accounts_answer),
                "local_scripts": list(self.local_scripts),
                "local_scripts_answer": str(self.local_scripts_answer),
                "headline": self.headline,
                "summary": self.summary,
                "basis": self.basis,
                "facts": [_fact(fact) for fact in self.facts],
                "questions": [_question(question) for question in self.questions],
                "next_steps": [
                    {"text": step.text, "command": step.command, "fix": step.fix} for step in self.next_steps
                ],
            },
            "coverage": [{"rule": gap.rule, "why": gap.why, "remedy": gap.remedy} for gap in self.coverage],
        }


def _fact(fact: Fact) -> dict[str, str]:
    return {"question": fact.question, "answer": fact.answer, "detail": fact.detail}


def _question(question: Question) -> dict[str, Any]:
    return {
        "name": question.name,
        "answer": str(question.answer),
        "because": question.because,
        "rules": list(question.rules),
    }


def verdict(
    reports: Sequence[SubjectReport],
    host: LogHostFacts,
    coverage: Coverage,
    configuration: Sequence[ConfigurationFinding] = (),
    limits: Limits = _DEFAULTS,
    host_findings: Sequence[SubjectFinding] = (),
) -> Verdict:
    """The verdict on one log host, from all its reports and what its configuration and its hours show."""
    case = Case(
        reports=reports,
        host=host,
        coverage=coverage,
        configuration=configuration,
        limits=limits,
        host_findings=host_findings,
    )
    questions = (
        ask.broken_authenticator(case),
        ask.open_relay(case),
        ask.accounts(case),
        programs.scripts(case),
        ask.blocklisted(case),
    )
    attack = attack_of(case, questions)
    told = _told_attack(attack, case) if attack else _told_peace(case, questions)
    broken, relay, accounts, scripts = (question.answer for question in questions[:4])
    open_questions = gaps(coverage, host)
    return Verdict(
        log_host=host.name,
        relaying=told.relaying,
        open_relay=relay,
        broken_authenticator=broken,
        accounts_answer=accounts,
        compromised_accounts=takeovers.compromised(case),
        local_scripts_answer=scripts,
        local_scripts=programs.sending_users(case),
        headline=told.headline,
        lead=told.lead,
        basis=told.basis,
        facts=told.facts,
        questions=questions,
        next_steps=told.next_steps,
        coverage=open_questions,
        attack=attack.reports[0].attack if attack else None,
        rule=attack.rule if attack else None,
        log_selector=log_selector(open_questions),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    relaying: Answer
    headline: str
    lead: str
    basis: str
    facts: tuple[Fact, ...] = ()
    next_steps: tuple[NextStep, ...] = ()


def _told_attack(attack: Attack, case: Case) -> _Told:
    basis = "The log alone cannot settle it."
    if attack.answer is Answer.YES:
        agrees = case.relay_holes() if attack.way is Way.RELAY else attack.authenticators and ask.holes(case)
        basis = "Certain: log and configuration agree." if agrees else "The log shows it."
    return _Told(
        relaying=attack.answer,
        headline=headline(attack, case),
        lead=lead(attack, case),
        basis=basis,
        facts=facts(attack, case),
        next_steps=next_steps(attack, case),
    )


def _told_peace(case: Case, questions: Sequence[Question]) -> _Told:
    """Nobody got in, or it cannot be told."""
    broken, relay, accounts = (question.answer for question in questions[:3])
    if holes := ask.holes(case):
        return _told_hole(case, holes)
    if relay_holes := case.relay_holes():
        return _told_relay_hole(case, relay_holes[0])
    if case.is_empty:
        return _Told(
            relaying=Answer.UNKNOWN,
            headline=f"There are no log lines of {case.name} yet, so nothing can be said.",
            lead="Add its mainlog.",
            basis="",
        )
    if (broken, relay, accounts) == (Answer.NO, Answer.NO, Answer.NO):
        return _told_no(case, questions)
    return _told_open_question(case, questions)


def _told_hole(case: Case, holes: list[str]) -> _Told:
    seen = "There are no log lines to tell" if case.is_empty else "The log does not show"
    return _Told(
        relaying=Answer.UNKNOWN,
        headline=f"Anyone can log in to {case.name} without a password.",
        lead=f"The authenticator {listing(holes)} lets in anyone. {seen} whether somebody used it.",
        basis="The configuration shows it.",
        next_steps=(
            NextStep(
                text=f"Repair {listing(holes)} on {case.name}, then reload Exim.",
                command="systemctl reload exim4",
                fix=next((fix for rule in ask.LETS_IN if (fix := case.fix(rule.code))), None),
            ),
        ),
    )


def _told_relay_hole(case: Case, hole: ConfigurationFinding) -> _Told:
    seen = "There are no log lines to tell" if case.is_empty else "The log does not show"
    return _Told(
        relaying=Answer.UNKNOWN,
        headline=f"Anyone may send through {case.name} without a login.",
        lead=f"{hole.title} ({hole.where}). {seen} whether somebody did.",
        basis="The configuration shows it.",
        next_steps=close_hole(hole, case),
    )


def _told_no(case: Case, questions: Sequence[Question]) -> _Told:
    attempts = sum(finding.count for finding in _refused(case))
    return _Told(
        relaying=Answer.NO,
        headline=f"No. {count(attempts, 'relay attempt')}, all refused; no stranger got in.",
        lead=f"Every message that left {case.name} for a foreign domain came from somebody who had logged "
        "in, or from your own networks.",
        basis=_span(case),
    )


def _refused(case: Case) -> list[SubjectFinding]:
    return [finding for _, finding in case.found(RELAY_REFUSED.code, SubjectKind.SENDER_HOST_ADDRESS)]


def _span(case: Case) -> str:
    first_at, last_at = case.coverage.first_at, case.coverage.last_at
    if first_at is None or last_at is None:
        return ""
    zone = case.host.zone
    return f"Proof complete for {day_and_minute(first_at, zone)} to {day_and_minute(last_at, zone)}."


def _told_open_question(case: Case, questions: Sequence[Question]) -> _Told:
    """Nothing bad was seen, but a proof is missing: the first question without one says which."""
    doubtful = [question for question in questions[:3] if question.answer is not Answer.NO]
    answer = worst_answer(question.answer for question in doubtful)
    first = next(question for question in doubtful if question.answer is answer)
    steps: tuple[NextStep, ...] = ()
    if first.name == questions[1].name and case.coverage.has_arrivals and case.coverage.has_deliveries:
        steps = (
            NextStep(
                text="Try as a stranger: MAIL FROM and RCPT TO with foreign addresses must end in “relay not "
                "permitted”.",
                command="exim -bh 203.0.113.1",
            ),
        )
    return _Told(
        relaying=Answer.UNKNOWN,
        headline=f"Nothing in this log shows a stranger sending through {case.name}, but a proof is missing.",
        lead=f"{first.name}: {first.because}",
        basis="",
        next_steps=steps,
    )


# --- several log hosts ----------------------------------------------------------------------------


def combine(verdicts: Sequence[Verdict]) -> Verdict:
    """One verdict over several log hosts: the worst answers, in the words of the worst."""
    if not verdicts:
        return verdict((), LogHostFacts(name=""), Coverage())
    if len(verdicts) == 1:
        return verdicts[0]
    relaying = worst_answer(item.relaying for item in verdicts)
    affected = [item for item in verdicts if item.relaying is relaying]
    first = affected[0]
    names = listing([item.log_host for item in affected])
    is_plural = len(affected) > 1 and relaying in {Answer.YES, Answer.SUSPECTED}
    told = (
        f"{len(affected)} of {len(verdicts)} log hosts: {names}. {first.headline}"
        if is_plural
        else first.headline
    )
    return Verdict(
        log_host="",
        relaying=relaying,
        open_relay=worst_answer(item.open_relay for item in verdicts),
        broken_authenticator=worst_answer(item.broken_authenticator for item in verdicts),
        accounts_answer=worst_answer(item.accounts_answer for item in verdicts),
        compromised_accounts=tuple(
            dict.fromkeys(name for item in verdicts for name in item.compromised_accounts)
        ),
        local_scripts_answer=worst_answer(item.local_scripts_answer for item in verdicts),
        local_scripts=tuple(dict.fromkeys(name for item in verdicts for name in item.local_scripts)),
        headline=told,
        lead=first.lead,
        basis=first.basis,
        facts=first.facts,
        questions=_combined_questions(verdicts),
        next_steps=tuple(step for item in affected for step in item.next_steps),
        coverage=tuple(dict.fromkeys(gap for item in verdicts for gap in item.coverage)),
        attack=first.attack,
        rule=first.rule,
        log_selector=first.log_selector,
    )


def _combined_questions(verdicts: Sequence[Verdict]) -> tuple[Question, ...]:
    return tuple(
        Question(
            name=same[0].name,
            answer=worst_answer(question.answer for question in same),
            because=" ".join(
                f"{item.log_host}: {question.because}" for item, question in zip(verdicts, same, strict=True)
            ),
            rules=tuple(dict.fromkeys(code for question in same for code in question.rules)),
        )
        for same in zip(*(item.questions for item in verdicts), strict=True)
    )
