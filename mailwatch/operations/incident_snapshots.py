"""The report of an incident as one JSON document for a shared report; redacted as it is put together.

As in ``mailwatch.operations.snapshots``: everything is learned first, then shown, and what is hidden is nowhere in it.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import tzinfo

from ingest import languages
from ingest.languages import say
from ingest.rules.facts import SubjectKind
from mailwatch import markdown
from mailwatch.models import IncidentEvidence
from mailwatch.operations.snapshots import FORMAT, ROLES, Json, iso, line_json
from mailwatch.queries.incident_story import Section
from mailwatch.queries.incidents import Page
from mailwatch.redaction import Redactor, Role

EVIDENCE = 300  # pieces
LINES = 200  # of one piece
_Kind = IncidentEvidence.Kind
_STAMPED = re.compile(r"\s*(?:[>*-]\s+)?(?=\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d)")
_OF_PAGES = {"account": Role.ACCOUNT, "address": Role.ADDRESS}


def incident_snapshot(page: Page, sections: Sequence[Section], redactor: Redactor) -> Json:
    """The sections, the evidence that they rest on, and what the verdict was when."""
    _learn(page, redactor)
    evidence = [_evidence(row, redactor, page.zone) for row in page.evidence[:EVIDENCE]]
    redactor.learn_hidden(
        (bytes(raw) for row in page.evidence for raw in row.lines),
        (line["text"] for piece in evidence for line in piece["lines"]),
    )
    hosts = [redactor.log_host(log_host.name) for log_host in page.log_hosts]
    return {
        "format": FORMAT,
        "language": languages.language(),
        "kind": "incident",
        "log_host": ", ".join(hosts),
        "timezone": page.timezone,
        "status": page.incident.status,
        "severity": page.incident.severity,
        "opened_at": iso(page.incident.opened_at, page.zone),
        "settled_at": iso(page.incident.settled_at, page.zone),
        "sections": [_section(section, redactor) for section in sections],
        "verdicts": [
            {
                "at": iso(verdict.at, page.zone),
                "log_host": redactor.log_host(verdict.log_host.name),
                "relaying": verdict.relaying,
                "headline": redactor.text(verdict.said),
                "rules_version": verdict.rules_version,
            }
            for verdict in page.newest_verdicts
        ],
        "evidence": evidence,
        "hours": _hours(page),
        "total_evidence": page.total_evidence,
    }


def _hours(page: Page) -> list[Json]:
    """The course of the first numbers that have one."""
    courses = (row.details.get("hours") for row in page.evidence if row.kind == _Kind.NUMBERS)
    names = ("hour_at", "delivered", "deferred", "bounced")
    return [dict(zip(names, hour, strict=False)) for hour in next(filter(None, courses), ())]


def _learn(page: Page, redactor: Redactor) -> None:
    """Suspects first, so that accounts are called accounts; then log hosts, then everyone on the lines."""
    for row in page.evidence:
        if row.subject_kind and (role := ROLES.get(SubjectKind(row.subject_kind))):
            redactor.learn(row.subject, role)
        if of_page := row.details.get("subject"):
            kind, name = of_page
            if kind in _OF_PAGES:
                redactor.learn(name, _OF_PAGES[kind])
        for login in row.details.get("logins", ()):
            redactor.learn(login, Role.ACCOUNT)
    for log_host in page.log_hosts:
        redactor.learn_log_host(log_host.name)
    for row in page.evidence:
        for raw in row.lines:
            redactor.learn_line(bytes(raw))


def _section(section: Section, redactor: Redactor) -> Json:
    def through(text: str) -> str:
        return _shown(text, redactor, is_own=section.is_own or section.key == "done")

    return {
        "key": section.key,
        "title": section.title,
        "text": markdown.words(section.text, through),
        "html": str(markdown.html(section.text, through)),
    }


def _shown(text: str, redactor: Redactor, *, is_own: bool) -> str:
    """Text of people: lines of a log that were pasted into it are read as such."""
    shown: list[str] = []
    held: list[str] = []

    def let_go() -> None:
        if held:
            whole = "\n".join(held)
            shown.append(redactor.written(whole) if is_own else redactor.text(whole))
            held.clear()

    for line in text.split("\n"):
        stamp = _STAMPED.match(line)
        parts = redactor.line(line[stamp.end() :].encode()) if stamp else ()
        if stamp and len(parts) > 1:
            let_go()
            shown.append(stamp[0] + "".join(part.text for part in parts))
        else:
            held.append(line)
    let_go()
    return "\n".join(shown)


def learn_texts(texts: Iterable[str], redactor: Redactor) -> None:
    """Take note of whom pasted lines name, so that they are hidden elsewhere, too."""
    for text in texts:
        for line in text.splitlines():
            if stamp := _STAMPED.match(line):
                redactor.learn_line(line[stamp.end() :].encode())


def _evidence(row: IncidentEvidence, redactor: Redactor, zone: tzinfo) -> Json:
    lines = [bytes(raw) for raw in row.lines[:LINES]]
    return {
        "kind": row.kind,
        "log_host": redactor.log_host(row.log_host.name),
        "title": _title(row, redactor),
        "words": redactor.text(row.said),
        "rule": row.rule,
        "severity": row.severity,
        "subject_kind": row.subject_kind,
        "subject": _subject(row, redactor),
        "message_id": row.message_id,
        "first_at": iso(row.first_at, zone),
        "last_at": iso(row.last_at, zone),
        "counts": row.details.get("counts", {}),
        "where": redactor.text(str(row.details.get("where", ""))),
        "lines": [line_json(raw, redactor) for raw in lines],
        "total_lines": max(row.total_lines, len(row.lines)),
    }


def _title(row: IncidentEvidence, redactor: Redactor) -> str:
    """What somebody searched for stays inside; a name is shown as the level has it."""
    match row.kind:
        case _Kind.SEARCH:
            return say("Search")
        case _Kind.SUSPECT:
            return _subject(row, redactor)
        case _Kind.NUMBERS if row.details.get("subject"):
            page, name = row.details["subject"]
            if page == "account":
                return redactor.account(name)
            return redactor.address(name) if page == "address" else redactor.text(name)
        case _Kind.MESSAGE:
            return row.message_id
        case _:
            return redactor.text(row.named)


def _subject(row: IncidentEvidence, redactor: Redactor) -> str:
    """An IP address stays; whoever has a name gets another."""
    role = ROLES.get(SubjectKind(row.subject_kind)) if row.subject_kind else None
    return redactor.account(row.subject, role) if role else row.subject
