"""The annotated samples of ``tests/samples/rules``: one file for each rule, read, written out and judged.

A file is UTF-8 text. Its samples follow each other; each is a log host of its own and begins with one of:

    # hit: WHY                        the rule must find something
    # near miss: WHY                  it must not, or less; by one step of a threshold where it has one
    # guard: FIRST WORDS              the beginning of one text of the rule's ``guards``, at work
    # guard (words): FIRST WORDS      a guard that only says how to read a finding; lines may be left out

What else may stand in a sample, each on a line of its own:

    # because: WHY                    one sentence more; a guard (words) needs it
    # expect: SEVERITY on SUBJECT     exactly these findings of the rule; repeated for several. The subject is an
    # expect: SEVERITY on SUBJECT: X  address, an account, a local user, "log host", or a message id (messages are
                                      compared only where one is named). X stands in title or evidence.
                                      Of S01 the subject is the rule that a gap weakens, the severity info.
    # expect: nothing                 of this rule, neither on a subject nor on a message
    # beside: CODE SEVERITY on SUBJECT    another rule finds this in the same lines; on "configuration" what it says
                                      of the configuration
    # answer: QUESTION: ANSWER        what the verdict says: "Open relay: no"
    # says: WORDS                     somewhere in the verdict
    # host: KEY=A,B KEY=C             what somebody told about the log host: name, local_domains, trusted_networks,
                                      smarthosts, own_addresses, known_accounts; and instead of the files of
                                      countries and networks: countries=192.0.2.0/24:NL operators=192.0.2.0/24:64500
    # configuration:                  followed by lines "#     text": its configuration
    # lines as before                 the lines of the last sample that has some of its own ...
    # with: OLD => NEW                ... with each OLD (there must be one) replaced by NEW; repeated for several
    ## anything                       a remark

Host and configuration above the first sample hold for each sample that has none of its own; ``# host:`` with nothing
behind it takes it away, as does ``# configuration:`` without lines. Lines without a # are log lines as Exim writes
them. Volume is generated, by one line or by several:

    # repeat 100 every 60s: {time} {id} <= {a..z}@example.org H=(x) [192.0.2.{n+10}] P=esmtp S={n*3+900}
    # repeat 40 every 30s from 2026-03-09 08:00:00 {
    {time} {id} <= ...
    {time+2} {id} Completed
    # }

{n} counts from 0 and may be reckoned with from left to right: {n%5}, {n//5+1}; {time} moves on by the pause, {time+2}
is two seconds later; {id} is one message id for each repetition, {id2} another; {a..z} is a, b, ... z, aa, ab. Without
"from" it goes on one pause after the last stamp of the sample, or starts at 2026-03-09 06:00:00. Pauses end in s, m,
h or d.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ingest.exim.line import has_stamp
from ingest.exim.message_id import first_id, is_message_id
from ingest.explain import Explained, explain
from ingest.rules import RULES
from ingest.rules.definition import State
from tests.rules.sample_hosts import Host, host_told, told_instead_of_files

ROOT = Path(__file__).parents[1] / "samples" / "rules"
KINDS = ("hit", "near miss", "guard", "guard (words)")
LOG_HOST = "log host"
CONFIGURATION = "configuration"

_START = datetime(2026, 3, 9, 6, 0, tzinfo=UTC)
_SAID = re.compile(r"# (?P<key>[a-z ()]+?)(?::(?: (?P<text>.*))?)?$")
_REPEAT = re.compile(
    r"# repeat (?P<times>\d+) every (?P<pause>\d+)(?P<unit>[smhd])(?: from (?P<start>[-0-9]+ [0-9:]+))?"
    r"(?:: (?P<line>.+)| \{)$"
)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_PLACE = re.compile(r"\{(time|n|id\d*|a\.\.z)((?:(?://|[-+*%])\d+)*)\}")
_RECKONED = re.compile(r"(//|[-+*%])(\d+)")


class Expected(NamedTuple):
    """One finding that a sample asks for."""

    severity: str
    subject: str
    words: str = ""  # in title or evidence


class Found(NamedTuple):
    """One finding of any rule."""

    rule: str
    severity: str
    subject: str
    text: str  # title and evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One annotated sample."""

    rule: str
    number: int  # the line of the file on which it begins
    kind: str  # one of KINDS
    text: str  # why, or the first words of the guard
    because: str
    expected: frozenset[Expected] | None  # None: it does not say
    beside: frozenset[tuple[str, Expected]]
    answers: tuple[tuple[str, str], ...]
    says: tuple[str, ...]
    host: Host
    configuration: str
    lines: tuple[str, ...]

    @property
    def name(self) -> str:
        """As pytest names it."""
        return f"{self.rule}:{self.number} {self.kind}"

    @property
    def guard(self) -> str:
        """The guard's whole text. Raises ValueError if not exactly one begins so."""
        found = [guard for guard in RULES[self.rule].guards if guard.startswith(self.text)]
        if len(found) != 1:
            raise ValueError(f"{self.name}: {len(found)} guards of {self.rule} begin with {self.text!r}.")
        return found[0]

    def of_rule(self) -> frozenset[Found]:
        """What its rule finds; on messages too if it names one, or nothing at all."""
        found = [one for one in judged(self) if one.rule == self.rule]
        with_messages = not self.expected or any(is_message_id(one.subject) for one in self.expected)
        return frozenset(one for one in found if with_messages or not is_message_id(one.subject))

    def entries(self) -> list[str]:
        """Its log lines, each with the lines that belong to it."""
        entries: list[str] = []
        for line in self.lines:
            if has_stamp(line.encode()) or not entries:
                entries.append(line)
            else:
                entries[-1] += f"\n{line}"
        return entries


def samples() -> list[Sample]:
    """All of them. Raises ValueError, with file and line, for what it cannot read."""
    return [sample for path in sorted(ROOT.glob("*.log")) for sample in read(path)]


@cache
def judged(sample: Sample, order: tuple[int, ...] = ()) -> frozenset[Found]:
    """All that all rules find in a sample, its entries in another order if one is given."""
    return frozenset(_found(explained(sample, order)))


def explained(sample: Sample, order: tuple[int, ...] = ()) -> Explained:
    """A sample as the command ``explain`` judges it."""
    entries = sample.entries()
    text = "\n".join([entries[place] for place in order] if order else entries)
    host = sample.host
    with told_instead_of_files(host.origins):
        return explain(
            text.encode(), configuration=sample.configuration, log_host=host.name, known=host.known
        )


def findings_of(explained: Explained) -> Iterator[Found]:
    """What rules find on subjects, on the log host and on messages."""
    for report in explained.reports:
        for one in report.findings:
            yield Found(one.rule, one.severity, report.value, f"{one.title}: {one.evidence}")
    for one in explained.on_host:
        yield Found(one.rule, one.severity, LOG_HOST, f"{one.title}: {one.evidence}")
    for message in explained.messages:
        for on_message in message.findings:
            text = f"{on_message.title}: {on_message.evidence}"
            yield Found(on_message.rule, on_message.severity, message.message_id, text)


def _found(explained: Explained) -> Iterator[Found]:
    yield from findings_of(explained)
    for of_text in explained.configuration:
        if of_text.state is State.BAD:
            yield Found(of_text.rule, of_text.severity, CONFIGURATION, f"{of_text.title}: {of_text.evidence}")
    for gap in explained.verdict.coverage:
        yield Found("S01", "info", gap.rule, f"{gap.why} {gap.remedy}")


# ---- reading


@dataclass(slots=True)
class _Draft:
    """A sample, or the head of a file, while it is read."""

    rule: str
    number: int
    kind: str = ""
    text: str = ""
    because: str = ""
    expected: set[Expected] | None = None
    beside: set[tuple[str, Expected]] = field(default_factory=set)
    answers: list[tuple[str, str]] = field(default_factory=list)
    says: list[str] = field(default_factory=list)
    host: Host | None = None
    configuration: list[str] | None = None
    lines: list[str] = field(default_factory=list)
    replaced: list[tuple[str, str]] = field(default_factory=list)
    is_as_before: bool = False


def read(path: Path) -> list[Sample]:
    """The samples of one file. Raises ValueError, with file and line, for what it cannot read."""
    head, *drafts = _drafts(path)
    if head.lines:
        raise ValueError(f"{path.name}: there are lines above the first sample.")
    found: list[Sample] = []
    own: list[str] = []
    for draft in drafts:
        _check(draft)
        if draft.is_as_before:
            draft.lines = list(_replaced(own, draft))
        elif draft.lines:
            own = draft.lines
        found.append(_sample(draft, head))
    return found


def _check(draft: _Draft) -> None:
    if draft.lines if draft.is_as_before else draft.replaced:
        raise ValueError(f"{draft.rule}:{draft.number}: lines of its own, or those before: one of both.")
    if any(old == new for old, new in draft.replaced):
        raise ValueError(f"{draft.rule}:{draft.number}: nothing is replaced by itself.")


def _sample(draft: _Draft, head: _Draft) -> Sample:
    configuration = draft.configuration if draft.configuration is not None else head.configuration
    return Sample(
        rule=draft.rule,
        number=draft.number,
        kind=draft.kind,
        text=draft.text,
        because=draft.because,
        expected=None if draft.expected is None else frozenset(draft.expected),
        beside=frozenset(draft.beside),
        answers=tuple(draft.answers),
        says=tuple(draft.says),
        host=draft.host or head.host or Host(),
        configuration="\n".join(configuration or ()),
        lines=tuple(draft.lines),
    )


def _replaced(lines: Iterable[str], draft: _Draft) -> Iterator[str]:
    text = "\n".join(lines)
    for old, new in draft.replaced:
        if old not in text:
            raise ValueError(f"{draft.rule}:{draft.number}: the lines before do not have {old!r}.")
        text = text.replace(old, new)
    yield from text.split("\n")


def _drafts(path: Path) -> list[_Draft]:
    drafts = [_Draft(path.stem, 0)]
    lines = iter(enumerate(path.read_text(encoding="utf-8").splitlines(), 1))
    for number, line in lines:
        draft = drafts[-1]
        try:
            if repeat := _REPEAT.match(line):
                templates = [repeat["line"]] if repeat["line"] else list(_block(lines))
                draft.lines += _repeated(repeat, templates, draft.lines)
            elif line.startswith("#     ") and draft.configuration is not None:
                draft.configuration.append(line.removeprefix("#     "))
            elif line.startswith("# "):
                _say(drafts, number, line)
            elif line.strip() and not line.startswith("##"):
                draft.lines.append(line)
        except ValueError as error:
            raise ValueError(f"{path.name}:{number}: {error}") from error
    return drafts


def _block(lines: Iterator[tuple[int, str]]) -> Iterator[str]:
    for _, line in lines:
        if line == "# }":
            return
        yield line
    raise ValueError("This repetition has no end.")


def _say(drafts: list[_Draft], number: int, line: str) -> None:
    said = _SAID.match(line)
    if said is None:
        raise ValueError(f"{line!r} says nothing that is known here.")
    key, text = said["key"], said["text"] or ""
    if key in KINDS:
        drafts.append(_Draft(drafts[-1].rule, number, kind=key, text=text))
        return
    draft = drafts[-1]
    match key:
        case "because":
            draft.because = text
        case "expect":
            draft.expected = (draft.expected or set()) | _expected(text)
        case "beside":
            code, _, finding = text.partition(" ")
            draft.beside |= {(code, expected) for expected in _expected(finding)}
        case "answer":
            question, _, answer = text.rpartition(": ")
            draft.answers.append((question, answer))
        case "says":
            draft.says.append(text)
        case "host":
            draft.host = host_told(text)
        case "configuration":
            draft.configuration = []
        case "lines as before":
            draft.is_as_before = True
        case "with":
            old, _, new = text.partition(" => ")
            draft.replaced.append((old, new))
        case _:
            raise ValueError(f"{key!r} is not known here.")


def _expected(text: str) -> set[Expected]:
    if text == "nothing":
        return set()
    found = re.fullmatch(r"(critical|high|medium|low|info) on (.+?)(?:: (.+))?", text)
    if found is None:
        raise ValueError(f"{text!r} is neither nothing nor SEVERITY on SUBJECT.")
    return {Expected(found[1], found[2], found[3] or "")}


# ---- writing out


def _repeated(repeat: re.Match[str], templates: list[str], before: list[str]) -> Iterator[str]:
    pause = timedelta(**{_UNITS[repeat["unit"]]: int(repeat["pause"])})
    at = _first(repeat["start"], before, pause)
    for n in range(int(repeat["times"])):
        for template in templates:
            yield _written(template, n, at)
        at += pause


def _first(start: str | None, before: list[str], pause: timedelta) -> datetime:
    if start is not None:
        return datetime.fromisoformat(start).replace(tzinfo=UTC)
    stamps = [line[:19] for line in before if has_stamp(line.encode())]
    return datetime.fromisoformat(max(stamps)).replace(tzinfo=UTC) + pause if stamps else _START


def _written(template: str, n: int, at: datetime) -> str:
    def put(place: re.Match[str]) -> str:
        name, reckoned = place[1], place[2]
        if name == "time":
            return f"{at + timedelta(seconds=_reckon(0, reckoned)):%Y-%m-%d %H:%M:%S}"
        if name == "n":
            return str(_reckon(n, reckoned))
        if name == "a..z":
            return _letters(_reckon(n, reckoned))
        return _message_id(at, n, int(name.removeprefix("id") or 0))

    return _PLACE.sub(put, template)


def _reckon(value: int, text: str) -> int:
    for sign, number in _RECKONED.findall(text):
        value = {
            "+": value.__add__,
            "-": value.__sub__,
            "*": value.__mul__,
            "%": value.__mod__,
            "//": value.__floordiv__,
        }[sign](int(number))
    return value


def _letters(number: int) -> str:
    letters = ""
    number += 1
    while number:
        number, place = divmod(number - 1, 26)
        letters = chr(ord("a") + place) + letters
    return letters


def _message_id(at: datetime, n: int, which: int) -> str:
    """As Exim 4.97 makes it: the second, a process, a part of the second."""
    return f"{first_id(at)}-{n:011d}-{which:04d}"
