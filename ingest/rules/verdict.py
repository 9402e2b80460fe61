"""The answer for a log host: is it relaying spam, who got in, how, since when, and is it over."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ingest.languages import say
from ingest.rules import broken_logins, programs, takeovers
from ingest.rules import questions as ask
from ingest.rules.aftermath import Aftermath, aftermath
from ingest.rules.allowed import Allowance, AllowedKind
from ingest.rules.answers import Answer, Case, Fact, NextStep, Question, Way, worst_answer
from ingest.rules.attacks import Attack, attacks
from ingest.rules.configuration import ConfigurationFinding
from ingest.rules.coverage import gaps, log_selector
from ingest.rules.definition import CoverageGap, Limits, SubjectFinding
from ingest.rules.facts import Coverage, LogHostFacts, SubjectKind
from ingest.rules.panels import Panel
from ingest.rules.peace import told_peace
from ingest.rules.relays import SubjectReport, allowed_as_json
from ingest.rules.steps import next_steps
from ingest.rules.story import facts, headline, lead
from ingest.rules.telling import Told
from ingest.rules.traces import FactTraces, Traces
from ingest.rules.words import listing, together

__all__ = [
    "Aftermath",
    "Allowed",
    "Answer",
    "Fact",
    "NextStep",
    "Question",
    "Verdict",
    "Without",
    "combine",
    "verdict",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """A finding that somebody has allowed, and of whom."""

    kind: SubjectKind | AllowedKind
    value: str  # "" of the log host as a whole
    finding: SubjectFinding | ConfigurationFinding

    @property
    def is_of_log_host(self) -> bool:
        """Whether it is on the log host as a whole or of its configuration."""
        return self.kind is AllowedKind.LOG_HOST

    @property
    def subject(self) -> tuple[str, str]:
        """Of whom, as pages group it: an account "" is not the log host as a whole."""
        return str(self.kind), self.value

    def as_json(self) -> dict[str, Any]:
        """One entry of ``allowed`` in ``relays --json``."""
        return {"kind": str(self.kind), "value": self.value, **allowed_as_json(self.finding)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Without:
    """What the answer would be if nothing were allowed."""

    relaying: Answer
    headline: str
    compromised_accounts: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """``without_allowed`` in ``relays --json``."""
        return {
            "relaying": str(self.relaying),
            "headline": self.headline,
            "compromised_accounts": list(self.compromised_accounts),
        }


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
    facts: tuple[Fact, ...]  # who, how, since when, how much, is it over; none where nobody got in
    questions: tuple[Question, ...]
    next_steps: tuple[NextStep, ...]
    coverage: tuple[CoverageGap, ...]
    attack: str | None = None  # of the suspects that the headline is about
    rule: str | None = None  # that the headline rests on
    log_selector: str | None = None  # one setting that closes what a setting can close
    after: Aftermath | None = None  # of the attack: how much went out, what waits, is it over, is it mended
    allowed: tuple[Allowed, ...] = ()  # findings that do not count, since somebody has allowed them
    without_allowed: Without | None = None  # None: nothing is allowed, or the answer is the same
    accepted: Allowance | None = None  # the entry by which ``coverage`` is known and accepted

    @property
    def summary(self) -> str:
        """Headline and lead."""
        return together((self.headline, self.lead))

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
                "next_steps": [_step(step) for step in self.next_steps],
                "forged_addresses": next(
                    (str(item.answer) for item in self.questions if item.is_good_news), str(Answer.UNKNOWN)
                ),
                **_after(self.after),
                "without_allowed": self.without_allowed.as_json() if self.without_allowed else None,
            },
            "allowed": [item.as_json() for item in self.allowed],
            "coverage": [{"rule": gap.rule, "why": gap.why, "remedy": gap.remedy} for gap in self.coverage],
            "coverage_allowed": self.accepted.as_json() if self.accepted else None,
        }


def _fact(fact: Fact) -> dict[str, str]:
    return {"question": fact.question, "answer": fact.answer, "detail": fact.detail}


def _question(question: Question) -> dict[str, Any]:
    return {
        "name": question.name,
        "answer": str(question.answer),
        "because": question.because,
        "rules": list(question.rules),
        "against": list(question.against),
        "untold": [{"why": why, "command": command or None} for why, command in question.untold],
    }


def _step(step: NextStep) -> dict[str, Any]:
    return {"text": step.text, "command": step.command, "fix": step.fix, "urls": list(step.urls)}


def _after(after: Aftermath | None) -> dict[str, Any]:
    """How much went out, what waits, is it over, has the repair worked; null where nobody got in."""
    if after is None:
        return dict.fromkeys(("first_at", "last_at", "sent", "waiting", "is_over", "repaired"))
    sent, waiting, repair = after.sent, after.waiting, after.repair
    names = ("messages", "recipients", "strangers", "delivered", "deferred", "bounced", "waiting")
    return {
        "first_at": after.first_at.isoformat(),
        "last_at": after.last_at.isoformat(),
        "sent": {name: getattr(sent, name) for name in names},
        "waiting": {"total": waiting.total, "message_ids": list(waiting.message_ids)},
        "is_over": str(after.is_over),
        "repaired": {
            "answer": str(repair.answer),
            "because": repair.because,
            "refused": repair.refused,
            "refused_at": repair.refused_at.isoformat() if repair.refused_at else None,
        },
    }


def verdict(
    reports: Sequence[SubjectReport],
    host: LogHostFacts,
    coverage: Coverage,
    configuration: Sequence[ConfigurationFinding] = (),
    limits: Limits | None = None,
    host_findings: Sequence[SubjectFinding] | None = None,
    traces: Traces | None = None,
    panel: Panel | None = None,
    accepted: Allowance | None = None,
) -> Verdict:
    """The verdict on one log host, from all its reports and what its configuration and its hours show.

    What is allowed does not count in it; it tells what it would be otherwise. ``accepted``: the entry by which
    nobody needs to be told again what the log cannot tell.
    """
    case = Case(
        reports=[report for report in reports if report.findings],
        host=host,
        coverage=coverage,
        configuration=[item for item in configuration if item.allowed_by is None],
        limits=limits or host.limits,
        host_findings=_counted(host_findings),
        traces=traces or FactTraces(),
        panel=panel,
    )
    told = replace(_verdict(case), accepted=accepted)
    allowed = (*_allowed_of_host(host_findings or (), configuration), *_allowed_of_subjects(reports))
    if not allowed:
        return told
    everything = replace(
        case,
        reports=[report.allowing(()) for report in reports],
        host_findings=host_findings,
        configuration=configuration,
    )
    otherwise = _verdict(everything)
    return replace(
        told,
        allowed=allowed,
        without_allowed=_without(told, otherwise),
        questions=tuple(map(_with_what_is_allowed, told.questions, otherwise.questions)),
    )


def _with_what_is_allowed(told: Question, otherwise: Question) -> Question:
    """A question whose answer speaks of less than the log holds says so, before the answer and beside it."""
    if told.because == otherwise.because:
        return told
    because = say("Apart from what is allowed here: {because}", because=told.because)
    against = say("With what is allowed here: {because}", because=otherwise.because)
    return replace(told, because=because, against=(*told.against, against))


def _counted(findings: Sequence[SubjectFinding] | None) -> Sequence[SubjectFinding] | None:
    return None if findings is None else [finding for finding in findings if finding.allowed_by is None]


def _allowed_of_host(
    findings: Iterable[SubjectFinding], configuration: Iterable[ConfigurationFinding]
) -> Iterator[Allowed]:
    every: list[SubjectFinding | ConfigurationFinding] = [*findings, *configuration]
    for finding in every:
        if finding.allowed_by is not None:
            yield Allowed(kind=AllowedKind.LOG_HOST, value="", finding=finding)


def _allowed_of_subjects(reports: Iterable[SubjectReport]) -> Iterator[Allowed]:
    for report in reports:
        for finding in report.allowed:
            yield Allowed(kind=report.kind, value=report.value, finding=finding)


def _without(told: Verdict, otherwise: Verdict) -> Without | None:
    without = Without(
        relaying=otherwise.relaying,
        headline=otherwise.headline,
        compromised_accounts=otherwise.compromised_accounts,
    )
    answer = (told.relaying, told.headline, told.compromised_accounts)
    is_same = answer == (without.relaying, without.headline, without.compromised_accounts)
    return None if is_same else without


def _verdict(case: Case) -> Verdict:
    host, coverage = case.host, case.coverage
    questions = ask.questions(case)
    found = attacks(ask.suspicions(case))
    after = aftermath(found[0], case) if found else None
    told = _told_attack(found, after, case) if after else told_peace(case, questions)
    relay, broken, accounts, scripts = (question.answer for question in questions[:4])
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
        attack=found[0].key if found else None,
        rule=found[0].rule if found else told.rule,
        log_selector=log_selector(open_questions),
        after=after,
    )


def _told_attack(found: Sequence[Attack], after: Aftermath, case: Case) -> Told:
    attack, others = found[0], found[1:]
    basis = say("The log alone cannot settle it.")
    if attack.answer is Answer.YES:
        holes = set(broken_logins.holes(case))
        agrees = case.relay_holes() if attack.way is Way.RELAY else holes & set(attack.authenticators)
        basis = say("Certain: log and configuration agree.") if agrees else say("The log shows it.")
    return Told(
        relaying=attack.answer,
        headline=headline(attack, after, case),
        lead=together((lead(attack, after, case), _besides(attack, others))),
        basis=basis,
        facts=facts(attack, after, case),
        next_steps=next_steps(attack, _of_other_kinds(attack, others), after, case),
    )


def _of_other_kinds(attack: Attack, others: Sequence[Attack]) -> list[Attack]:
    """Certain attacks by another way, one of each."""
    found: dict[Way, Attack] = {}
    for other in others:
        if other.answer is Answer.YES and other.way is not attack.way:
            found.setdefault(other.way, other)
    return [other for other in found.values() if set(other.names) != set(attack.names)]


def _besides(attack: Attack, others: Sequence[Attack]) -> str:
    ways = [other.rule for other in _of_other_kinds(attack, others)]
    if not ways:
        return ""
    return say("It is not the only way in: see what was checked ({rules}).", rules=listing(ways))


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
    told = first.headline
    if len(affected) > 1 and relaying in {Answer.YES, Answer.SUSPECTED}:
        told = say(
            "{number} of {total} log hosts: {names}. {headline}",
            number=len(affected),
            total=len(verdicts),
            names=listing([item.log_host for item in affected]),
            headline=first.headline,
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
        after=first.after,
        allowed=tuple(item for each in verdicts for item in each.allowed),
        without_allowed=first.without_allowed,
    )


def _combined_questions(verdicts: Sequence[Verdict]) -> tuple[Question, ...]:
    return tuple(
        Question(
            name=same[0].name,
            answer=worst_answer(question.answer for question in same),
            because=together(
                f"{item.log_host}: {question.because}" for item, question in zip(verdicts, same, strict=True)
            ),
            rules=tuple(dict.fromkeys(code for question in same for code in question.rules)),
            against=tuple(
                f"{item.log_host}: {text}"
                for item, question in zip(verdicts, same, strict=True)
                for text in question.against
            ),
            untold=tuple(dict.fromkeys(gap for question in same for gap in question.untold)),
            is_good_news=same[0].is_good_news,
        )
        for same in zip(*(item.questions for item in verdicts), strict=True)
    )
