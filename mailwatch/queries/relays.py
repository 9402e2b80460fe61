"""The report on suspicious relays: who sends through a log host and should not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from ingest.models import LogHost
from ingest.rules.definition import Severity
from mailwatch.queries.answers import Evidence, HostAnswer, answers
from mailwatch.queries.attacks import Attack, attacks, harm
from mailwatch.queries.before import Change, Compared, Comparison, before, compare
from mailwatch.queries.kept import Kept
from mailwatch.queries.kept_answers import Key, Question
from mailwatch.queries.opened import Detail, Opened, host_details, opened
from mailwatch.queries.ranges import Bounds, Preset, Range, spans
from mailwatch.queries.stored_state import State
from mailwatch.queries.suspects import Chosen, Judged, Suspect, judged, suspects_of

SHOWN = 100  # attacks on one page
_KEPT = 60_000  # suspects, in ranges of log hosts
_A_LIST = 20  # weighs as much as so many suspects
_HOSTS_KEPT = 400  # ranges of log hosts
OPENED_AHEAD = 3  # attacks of a range that are read before somebody asks
OPEN_AT_ONCE = (
    2000  # messages and attempts of an attack; of more, the browser asks for the opened row by itself
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What was found on a log host as a whole."""

    log_host: LogHost
    details: Sequence[Detail]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One attack of the report; ``opened`` is None while it is closed."""

    attack: Attack
    compared: Compared | None = None  # with the period before, where that was asked for
    opened: Opened | None = None
    opens_itself: bool = False  # once the page is there
    bounds: Bounds  # the range on its log host


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    answers: Sequence[HostAnswer]  # the one that needs somebody to act first
    evidence: Evidence | None  # of the first
    hosts: Sequence[Host]  # those that something was found on
    rows: Sequence[Row]  # the most harmful first, SHOWN at most
    before: int  # how many of the chosen ones come before those shown
    chosen: int
    total: int
    rules: Sequence[str]  # codes that some suspect has, for the filter
    countries: Sequence[str]  # likewise
    after: str  # key of the last attack shown, where more follow; else ""
    comparison: Comparison | None = None
    has_before: bool = False  # there is a period before the range to compare with

    @property
    def suspects(self) -> Sequence[Suspect]:
        """Everybody who takes part in the attacks shown."""
        return [member for row in self.rows for member in row.attack.members]

    @property
    def first(self) -> HostAnswer:
        return self.answers[0]

    @property
    def is_empty(self) -> bool:
        return all(answer.is_empty for answer in self.answers)

    @property
    def last(self) -> int:
        """The number of the last attack shown, among the chosen."""
        return self.before + len(self.rows)

    @property
    def has_gaps(self) -> bool:
        return any(answer.verdict.coverage for answer in self.answers if not answer.is_empty)

    @property
    def changes(self) -> Sequence[tuple[Change, int]]:
        """How many attacks are new, more, less, as before."""
        return tuple(self.comparison.numbers.items()) if self.comparison else ()


def relays(
    *,
    log_host: LogHost | None,
    asked: Range,
    chosen: Chosen,
    opened_key: str | None = None,
    after: str = "",
    is_compared: bool = False,
) -> Report:
    """The report on one log host or on all. ``opened_key`` is a suspect's key; None: the first attack, if serious."""
    question = Question(log_host, asked)
    found = question.answers()
    listed = _listed(question, found, chosen.severity == Severity.INFO)
    wanted = _chosen(listed.attacks, chosen)
    start = _place_behind(wanted, after)
    shown = wanted[start : start + SHOWN]
    comparison = _comparison(found, wanted, chosen) if is_compared else None
    opens = _to_open(shown, opened_key)
    return Report(
        answers=found,
        evidence=found[0].evidence if found else None,
        hosts=_hosts(question, found),
        rows=[
            _row(
                attack,
                found,
                comparison,
                is_open=attack.key == opens,
                may_wait=opened_key is None,
            )
            for attack in shown
        ],
        before=start,
        chosen=len(wanted),
        total=sum(attack.worst.report.is_suspect for attack in listed.attacks),
        rules=listed.rules,
        countries=listed.countries,
        after=shown[-1].key if start + SHOWN < len(wanted) else "",
        comparison=comparison,
        has_before=any(before(answer.bounds, answer.span) for answer in found),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """All attacks that may be shown, with what they can be narrowed to."""

    attacks: Sequence[Attack]
    rules: Sequence[str]
    countries: Sequence[str]


def _weight(listed: _Listed) -> int:
    return _A_LIST + sum(len(attack.members) for attack in listed.attacks)


_kept: Kept[tuple[Key, bool], State, _Listed] = Kept(_KEPT, weigh=_weight)
_kept_hosts: Kept[Key, State, Host] = Kept(_HOSTS_KEPT)


def _listed(question: Question, found: Sequence[HostAnswer], with_refused: bool) -> _Listed:
    """Of all log hosts. No attack is on two of them."""
    each = []
    for answer in found:
        key, state = question.of(answer.log_host)
        each.append(_kept.get((key, with_refused), state, partial(_listed_on, answer, with_refused)))
    return _Listed(
        attacks=each[0].attacks
        if len(each) == 1
        else sorted((one for of in each for one in of.attacks), key=harm),
        rules=sorted({code for of in each for code in of.rules}),
        countries=sorted({country for of in each for country in of.countries}),
    )


def _listed_on(answer: HostAnswer, with_refused: bool) -> _Listed:
    """Of one; kept as long as the answer is: to put three thousand suspects together takes 50 ms."""
    everybody = [suspect for suspect in suspects_of([answer]) if _is_listed(suspect, with_refused)]
    return _Listed(
        attacks=attacks(everybody, [answer]),
        rules=sorted({code for suspect in everybody for code in suspect.report.rules}),
        countries=sorted({country for suspect in everybody for country in suspect.countries}),
    )


def one_row(
    *, asked: Range, chosen: Chosen, key: str, is_open: bool, is_compared: bool = False
) -> Row | None:
    """The attack that the suspect of that key takes part in, as its row of the report; None: there is none."""
    log_host = LogHost.objects.filter(name=key.partition("/")[0]).first()
    if log_host is None:
        return None
    span = spans([log_host])[log_host.pk]
    found = [judged(log_host, span, asked.bounds(log_host, span))]
    suspects = [
        suspect for suspect in suspects_of(found) if _is_listed(suspect, chosen.severity == Severity.INFO)
    ]
    attack = next((attack for attack in attacks(suspects, found) if attack.has(key)), None)
    if attack is None:
        return None
    comparison = _comparison(found, [attack], chosen) if is_compared else None
    return _row(attack, found, comparison, is_open=is_open)


def read_ahead(log_host: LogHost, bounds: Bounds) -> None:
    """Read what the report of a range shows first and opens first, so that it is kept when somebody asks."""
    (answer,) = answers(log_host=log_host, asked=_exactly(bounds))
    suspects = [suspect for suspect in suspects_of([answer]) if suspect.report.is_suspect]
    for attack in attacks(suspects, [answer])[:OPENED_AHEAD]:
        if attack.severity.rank <= Severity.HIGH.rank:
            opened(attack, answer)


def _exactly(bounds: Bounds) -> Range:
    if not bounds.is_set:
        return Range()
    return Range(preset=Preset.EXACT, since=bounds.since, until=bounds.until)


def _is_listed(suspect: Suspect, with_refused: bool) -> bool:
    """Whether it may be shown at all: the other filters choose among attacks, and do not take them apart."""
    return suspect.report.is_suspect or with_refused


def _chosen(every: Sequence[Attack], chosen: Chosen) -> list[Attack]:
    """The attacks with a member that is chosen."""
    return [attack for attack in every if any(member in chosen for member in attack.members)]


def _to_open(shown: Sequence[Attack], key: str | None) -> str:
    """The key of the attack to open, "" for none."""
    if key is None:
        return shown[0].key if shown and shown[0].severity.rank <= Severity.HIGH.rank else ""
    return next((attack.key for attack in shown if attack.has(key)), "")


def _row(
    attack: Attack,
    found: Sequence[HostAnswer | Judged],
    comparison: Comparison | None,
    *,
    is_open: bool,
    may_wait: bool = False,
) -> Row:
    judged = next(answer for answer in found if answer.log_host.pk == attack.log_host.pk)
    waits = is_open and may_wait and attack.counts.messages + attack.counts.attempts > OPEN_AT_ONCE
    return Row(
        attack=attack,
        compared=comparison.by_attack.get(attack.key) if comparison else None,
        opened=opened(attack, judged) if is_open and not waits else None,
        opens_itself=waits,
        bounds=judged.bounds,
    )


def _comparison(
    found: Sequence[HostAnswer | Judged], now: Sequence[Attack], chosen: Chosen
) -> Comparison | None:
    """Some attacks against the period before; None where no log host has one."""
    earlier = [
        judged(answer.log_host, answer.span, period)
        for answer in found
        if (period := before(answer.bounds, answer.span))
    ]
    if not earlier:
        return None
    suspects = [
        suspect for suspect in suspects_of(earlier) if _is_listed(suspect, chosen.severity == Severity.INFO)
    ]
    # what goes on now is no question to a period that has ended
    return compare(now, _chosen(attacks(suspects, earlier), replace(chosen, going_on=False)))


def _hosts(question: Question, found: Sequence[HostAnswer]) -> list[Host]:
    return [
        _kept_hosts.get(*question.of(answer.log_host), partial(_host, answer))
        for answer in found
        if answer.host_findings
    ]


def _host(answer: HostAnswer) -> Host:
    return Host(log_host=answer.log_host, details=host_details(answer.log_host, answer.host_findings))


def _place_behind(every: Sequence[Attack], key: str) -> int:
    """Where the page begins that follows the attack of that key; 0 without one."""
    keys = [attack.key for attack in every]
    return keys.index(key) + 1 if key in keys else 0
