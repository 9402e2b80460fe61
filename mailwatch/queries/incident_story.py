"""The story of an incident, put together from its evidence, its verdicts and its history, as sections in Markdown.

What nobody has edited follows the evidence; what somebody has edited is theirs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingest.languages import language, later, say, say_of
from ingest.rules.words import exact, together
from mailwatch.markdown import written
from mailwatch.models import IncidentEvidence, IncidentStep, IncidentVerdict
from mailwatch.queries.incidents import Page
from mailwatch.reader import shown_zone

LISTED = 10  # findings, configuration findings, suspects in one list
_WHO, _HOW, _SINCE, _HOW_MUCH, _OVER, _REPAIRED = range(6)  # the facts of a verdict
_Kind = IncidentEvidence.Kind
_TOLD = (IncidentStep.What.STATUS, IncidentStep.What.REOPENED, IncidentStep.What.OPENED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of the report. ``draft`` is what it says by itself."""

    key: str
    title: str
    draft: str
    own: str | None = None  # as somebody has written it

    @property
    def text(self) -> str:
        return self.draft if self.own is None else self.own

    @property
    def is_own(self) -> bool:
        return self.own is not None


def sections(page: Page) -> list[Section]:
    """All of them, in order."""
    kept: Mapping[str, str] = page.incident.report
    return [
        Section(key=key, title=say(title), draft="\n\n".join(draft(page)), own=kept.get(key))
        for key, (title, draft) in SECTIONS.items()
    ]


def _facts(page: Page, number: int) -> Iterator[str]:
    """One fact of the newest verdict of each log host that tells of this incident."""
    for verdict in _of_this(page):
        facts = _said(verdict).get("facts", ())
        if len(facts) > number:
            question, answer, detail = facts[number]
            asked = question if number == _REPAIRED else ""
            yield _of_host(page, verdict, together(filter(None, (asked, _sentence(answer), detail))))


def _sentence(answer: str) -> str:
    return answer if answer.endswith((".", "。")) else say("{answer}.", answer=answer)


def _said(verdict: IncidentVerdict) -> dict[str, list[list[str]]]:
    said: dict[str, list[list[str]]] = verdict.told.get(language()) or verdict.told.get("en", {})
    return said


def _of_this(page: Page) -> list[IncidentVerdict]:
    """The newest verdicts, of those that tell of an attack in the evidence, or of no other than it might be."""
    ties = {tie for row in page.evidence for tie in row.ties}
    return [
        verdict
        for verdict in page.newest_verdicts
        if not ties or (verdict.attack and f"attack {verdict.attack}" in ties)
    ]


def _of_host(page: Page, verdict: IncidentVerdict, text: str) -> str:
    text = written(text)
    return f"**{written(verdict.log_host.name)}:** {text}" if len(page.log_hosts) > 1 else text


def _rows(page: Page, *kinds: str) -> list[IncidentEvidence]:
    return [row for row in page.evidence if row.kind in kinds]


def _list(items: Sequence[str]) -> Iterator[str]:
    """A list of the first, and how many more there are."""
    if items:
        more = len(items) - LISTED
        shown = [f"- {item}" for item in items[:LISTED]]
        if more > 0:
            shown.append(
                "- " + say_of(more, "and {number} more in the evidence", "and {number} more in the evidence")
            )
        yield "\n".join(shown)


# ---- the sections


def _happened(page: Page) -> Iterator[str]:
    for verdict in _of_this(page):
        said = _said(verdict)
        yield _of_host(page, verdict, together([str(said.get("headline", "")), str(said.get("lead", ""))]))
    yield from _facts(page, _WHO)
    found: dict[tuple[str, str], list[IncidentEvidence]] = {}
    for row in _rows(page, _Kind.FINDING):
        found.setdefault((row.rule, row.named), []).append(row)
    yield from _list([_finding(title, rows) for (_, title), rows in found.items()])
    if not found:
        yield from _list([written(row.said or row.named) for row in _rows(page, _Kind.MESSAGE, _Kind.LINE)])


def _finding(title: str, rows: Sequence[IncidentEvidence]) -> str:
    first = rows[0]
    who = f"`{first.subject.replace('`', '')}`" if first.subject.strip("` ") else ""
    text = f"**{written(title)}**"
    text = f"{who}, {text}" if who and len(rows) == 1 else text
    text += ": " + written(first.said) if first.said else ""
    if len(rows) > 1:
        text += " " + say_of(
            len(rows) - 1,
            "The same was found on {number} other suspect.",
            "The same was found on {number} other suspects.",
        )
    return text


def _since(page: Page) -> Iterator[str]:
    yield from _facts(page, _SINCE)
    times = [row.first_at for row in page.evidence if row.first_at]
    if times:
        at = exact(min(times), shown_zone(page.zone))
        yield say("The oldest evidence is of {at} ({zone}).", at=at, zone=str(shown_zone(page.zone)))


def _how(page: Page) -> Iterator[str]:
    yield from _facts(page, _HOW)
    yield from _list(
        [
            f"**{written(row.named)}** ({written(str(row.details.get('where', '')))}): {written(row.said)}"
            for row in _rows(page, _Kind.CONFIGURATION)
        ]
    )


def _sent(page: Page) -> Iterator[str]:
    yield from _facts(page, _HOW_MUCH)
    yield from _list([f"{written(row.named)}: {_numbers(row)}" for row in _rows(page, _Kind.NUMBERS)])


def _numbers(row: IncidentEvidence) -> str:
    counts = row.details.get("counts", {})
    names = ("messages", "recipients", "delivered", "deferred", "bounced", "rejections", "failed_logins")
    values = {name: f"{int(counts.get(name, 0)):,}" for name in names}
    return say(
        "{messages} messages to {recipients} recipients: {delivered} delivered, {deferred} deferred, {bounced}"
        " bounced; {rejections} rejections, {failed_logins} failed logins.",
        **values,
    )


def _over(page: Page) -> Iterator[str]:
    yield from _facts(page, _OVER)
    yield from _facts(page, _REPAIRED)
    times = [row.last_at for row in page.evidence if row.last_at]
    if times:
        at = exact(max(times), shown_zone(page.zone))
        yield say("The newest evidence is of {at} ({zone}).", at=at, zone=str(shown_zone(page.zone)))


def _done(page: Page) -> Iterator[str]:
    zone = shown_zone(page.zone)
    steps = [step for step in page.history if step.what in _TOLD]
    yield "\n".join(f"- {exact(step.at, zone)}: {written(step.sentence)}" for step in steps)
    for note in page.notes:
        yield say("Note of {at}:", at=exact(note.written_at, zone))
        yield note.text


SECTIONS: dict[str, tuple[str, Callable[[Page], Iterator[str]]]] = {
    "happened": (later("What happened"), _happened),
    "since": (later("Since when"), _since),
    "how": (later("How it got in"), _how),
    "sent": (later("How much went out"), _sent),
    "over": (later("Is it over"), _over),
    "done": (later("What was done"), _done),
}
