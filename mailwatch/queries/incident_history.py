"""The history of an incident in words: who did what, when."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ingest.languages import language, later, say, say_of
from mailwatch.models import Incident, IncidentStep
from mailwatch.stored_words import word

_What = IncidentStep.What


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One step. ``by`` is "" where Mailwatch did it itself; ``names`` is log text that the sentence is about."""

    at: datetime
    by: str
    what: str
    sentence: str
    names: tuple[str, ...] = ()
    more: int = 0  # names that are not listed


def history(incident: Incident) -> list[Told]:
    """Everything, oldest first."""
    return [told(step) for step in incident.steps.select_related("by").order_by("pk")]


def told(step: IncidentStep) -> Told:
    details = step.details
    names = tuple(_title(one) for one in details.get("evidence", ()))
    return Told(
        at=step.at,
        by=step.by.get_username() if step.by else "",
        what=step.what,
        sentence=_SENTENCES[_What(step.what)](details),
        names=names,
        more=max(0, int(details.get("number", 0)) - len(names)),
    )


def _title(one: Mapping[str, Any]) -> str:
    """In the reader's language, where it was told in that."""
    said = one.get("told", {}).get(language())
    return str(said[0] if said else one["title"])


def _changed(sentence: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda details: say(
        sentence, before=word(details.get("before")) or "—", after=word(details.get("after")) or "—"
    )


def _said(sentence: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda details: say(sentence)


def _counted(one: str, many: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda details: say_of(int(details.get("number", 0)), one, many)


_SENTENCES: dict[_What, Callable[[Mapping[str, Any]], str]] = {
    _What.OPENED: _said(later("Opened")),
    _What.TITLE: lambda details: say(
        "Title changed from “{before}” to “{after}”",
        before=details.get("before", ""),
        after=details.get("after", ""),
    ),
    _What.STATUS: _changed(later("Status changed from {before} to {after}")),
    _What.SEVERITY: _changed(later("Severity changed from {before} to {after}")),
    _What.OWNER: _changed(later("Owner changed from {before} to {after}")),
    _What.ADDED: _counted(later("Evidence added"), later("{number} pieces of evidence added")),
    _What.REMOVED: _said(later("Evidence removed")),
    _What.PUT_BACK: _said(later("Evidence put back")),
    _What.ATTACHED: _counted(
        later("A new finding came by itself"), later("{number} new findings came by themselves")
    ),
    _What.REOPENED: lambda details: say(
        "Opened again: it was {before}, and something was found on a later time",
        before=word(details.get("before")),
    ),
    _What.NOTE: _said(later("Note written")),
    _What.NOTE_REMOVED: _said(later("Note removed")),
    _What.NOTE_PUT_BACK: _said(later("Note put back")),
    _What.REPORT: _said(later("Report edited")),
    _What.SHARED: _said(later("Report frozen into a link")),
    _What.WITHDRAWN: _said(later("Link withdrawn")),
}
