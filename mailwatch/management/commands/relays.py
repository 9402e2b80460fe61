"""The report on suspicious relays, on a terminal or as JSON."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser

from ingest.models import LogHost
from ingest.rules.verdict import Verdict
from ingest.rules.words import exact
from mailwatch.management.options import ReadingCommand
from mailwatch.printable import plain, plain_lines
from mailwatch.queries.answers import HostAnswer, answers
from mailwatch.queries.ranges import Preset, Range, read_time
from mailwatch.queries.suspects import Chosen, Suspect, all_suspects, as_json
from mailwatch.templatetags.findings import answer_word, kind_word

_MOST_NAMES = 5


class Command(ReadingCommand):
    help = "Say who sends through a log host and should not, and what the log cannot tell."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--log-host", metavar="NAME", help="one log host; without it all of them")
        parser.add_argument(
            "--since", metavar="T", help="from this time on; in the log host's zone, unless T names one"
        )
        parser.add_argument("--until", metavar="T", help="before this time")
        parser.add_argument("--json", action="store_true", help="one JSON document on stdout")

    def handle(self, **options: Any) -> None:
        asked = _range(options["since"], options["until"])
        found = answers(log_host=_log_host(options["log_host"]), asked=asked)
        suspects = all_suspects(found, Chosen())
        if options["json"]:
            self.stdout.write(json.dumps(as_json(found, suspects), indent=2))
            return
        for line in _report(found, suspects):
            self.stdout.write(line)


def _log_host(name: str | None) -> LogHost | None:
    if name is None:
        return None
    try:
        return LogHost.objects.get(name=name)
    except LogHost.DoesNotExist:
        known = ", ".join(LogHost.objects.values_list("name", flat=True)) or "none yet"
        raise CommandError(f"There is no log host named {plain(name)}. Known: {known}.") from None


def _range(since: str | None, until: str | None) -> Range:
    if since is None and until is None:
        return Range()
    return Range(preset=Preset.EXACT, since=_time("--since", since), until=_time("--until", until))


def _time(option: str, text: str | None) -> datetime | None:
    at = read_time(text) if text else None
    if text and at is None:
        raise CommandError(f"{option}: {plain(text)} is no time. Write it as 2016-03-09T07:53.")
    return at


def _report(found: Sequence[HostAnswer], suspects: Sequence[Suspect]) -> Iterator[str]:
    """Lines for people: each log host's verdict, its suspects, its gaps."""
    if not found:
        yield "No logs yet."
    for answer in found:
        if answer.is_empty:
            yield f"{answer.log_host.name}: no log yet."
            continue
        yield f"{answer.log_host.name}: relaying spam? {answer_word(answer.verdict.relaying)}."
        yield from _verdict(answer.verdict)
        for finding in answer.host_findings:
            allowed = f" Allowed: {plain(finding.allowed_by.reason)}" if finding.allowed_by else ""
            yield f"  {finding.severity:8} {finding.title} ({finding.rule}): {plain(finding.evidence)}{allowed}"
        yield from _suspects([suspect for suspect in suspects if suspect.log_host == answer.log_host])
        yield from (f"  Cannot tell ({gap.rule}): {gap.why} {gap.remedy}" for gap in answer.verdict.coverage)
        yield ""


def _verdict(verdict: Verdict) -> Iterator[str]:
    yield f"  {plain(verdict.headline)}"
    for question in verdict.questions:
        yield f"  {question.name}: {answer_word(question.answer)}. {plain(question.because)}"
    yield from _allowed(verdict)
    for number, step in enumerate(verdict.next_steps, start=1):
        yield f"  {number}. {plain(step.text)}"
        for text in filter(None, (step.fix, step.command and f"$ {step.command}")):
            yield from (f"     {line}" for line in plain_lines(text).split("\n"))
        yield from (f"     {url}" for url in step.urls)


def _allowed(verdict: Verdict) -> Iterator[str]:
    if not verdict.allowed:
        return
    subjects = dict.fromkeys(plain(item.value) or "the log host as a whole" for item in verdict.allowed)
    names = ", ".join(list(subjects)[:_MOST_NAMES])
    more = f" and {len(subjects) - _MOST_NAMES:,} more" if len(subjects) > _MOST_NAMES else ""
    without = verdict.without_allowed
    otherwise = f"{answer_word(without.relaying)}. {without.headline}" if without else "the same."
    yield f"  Allowed: {names}{more}. Without this: {plain(otherwise)}"


def _suspects(suspects: Sequence[Suspect]) -> Iterator[str]:
    for suspect in suspects:
        report, zone = suspect.report, suspect.log_host.zone
        yield (
            f"  {report.severity:8} {plain(report.value) or '(empty)'} ({kind_word(report.kind).lower()}): "
            f"{' '.join(report.rules)}, {report.messages:,} messages, {report.recipients:,} recipients, "
            f"{exact(report.first_at, zone)} to {exact(report.last_at, zone)}"
        )
        yield f"           {plain(report.findings[0].evidence)}"
