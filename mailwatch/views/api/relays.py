"""The verdict and the suspects of a range."""

from collections.abc import Sequence
from typing import Any, cast

from django.http import HttpRequest, HttpResponse

from ingest.rules import verdict as verdicts
from mailwatch.models import Scope
from mailwatch.queries import keyset, suspects
from mailwatch.queries.answers import HostAnswer
from mailwatch.queries.kept_answers import Question as Asked
from mailwatch.views.api.answers import Wrong, answer, time
from mailwatch.views.api.authentication import endpoint
from mailwatch.views.api.documents import Finding, NextStep, Question, Relays, Suspect, Verdict
from mailwatch.views.api.parameters import RelaysParameters, read, refused

_SHAPES = ((int, str),)  # how many came before, and the key of the last of them


@endpoint(Scope.RELAYS)
def relays(request: HttpRequest) -> HttpResponse:
    form = read(RelaysParameters, request)
    found = Asked(form.cleaned_data["log_host"], form.chosen_range).answers()
    every = suspects.all_suspects(found, form.chosen)
    begin = _place(every, form.cleaned_data["after"])
    end = begin + form.cleaned_data["limit"]
    shown = every[begin:end]
    return answer(
        Relays(
            verdict=_verdict(verdicts.combine([one.verdict for one in found])) if found else None,
            log_host_findings=tuple(finding for one in found for finding in _findings(one)),
            suspects=tuple(_suspect(one) for one in shown),
            suspects_total=len(every),
            next=keyset.encode((end, shown[-1].key)) if end < len(every) else None,
        )
    )


def _place(every: Sequence[suspects.Suspect], cursor: str) -> int:
    """Behind the last one told, wherever new findings have put it; where it is gone, as many on as were told."""
    if not cursor:
        return 0
    keys = keyset.decode(cursor, shapes=_SHAPES)
    if keys is None or keys[0] is None:
        raise refused(Wrong("after", "This is no cursor of this report."))
    number, key = cast("tuple[int, str]", keys[0])
    return next((place + 1 for place, one in enumerate(every) if one.key == key), max(0, number))


def _verdict(found: verdicts.Verdict) -> Verdict:
    return Verdict(
        relaying=str(found.relaying),
        open_relay=str(found.open_relay),
        broken_authenticator=str(found.broken_authenticator),
        accounts=str(found.accounts_answer),
        compromised_accounts=tuple(found.compromised_accounts),
        local_scripts=str(found.local_scripts_answer),
        local_users=tuple(found.local_scripts),
        headline=found.headline,
        summary=found.summary,
        basis=found.basis,
        questions=tuple(
            Question(name=one.name, answer=str(one.answer), because=one.because, rules=tuple(one.rules))
            for one in found.questions
        ),
        next_steps=tuple(
            NextStep(text=one.text, command=one.command, fix=one.fix) for one in found.next_steps
        ),
        coverage=tuple(gap.rule for gap in found.coverage),
    )


def _findings(found: HostAnswer) -> list[Finding]:
    zone = found.log_host.zone
    return [
        Finding(
            log_host=found.log_host.name,
            rule=one.rule,
            severity=str(one.severity),
            title=one.title,
            evidence=one.evidence,
            count=one.count,
            first_at=time(one.first_at, zone),
            last_at=time(one.last_at, zone),
            is_allowed=one.allowed_by is not None,
        )
        for one in found.host_findings
    ]


def _suspect(found: suspects.Suspect) -> Suspect:
    report, zone = found.report, found.log_host.zone
    counts: dict[str, Any] = {name: getattr(report, name) for name in suspects.COUNTS}
    return Suspect(
        log_host=found.log_host.name,
        kind=cast("Any", str(report.kind)),
        value=report.value,
        severity=str(report.severity),
        rules=tuple(report.rules),
        attack=report.attack,
        first_at=time(report.first_at, zone),
        last_at=time(report.last_at, zone),
        goes_on=found.goes_on,
        message_ids=tuple(report.message_ids),
        **counts,
    )
