"""Everything stored of a log host, with page pointers replaced by the text they point at.

A line that mainlog and rejectlog both have may be pointed at in either: what counts is the line itself, and for
headers the entry that has them.
"""

from collections.abc import Iterable
from typing import Any

from ingest import pages
from ingest.models import (
    Delivery,
    Finding,
    HourCount,
    HourlyVolume,
    HourSign,
    LocalDomain,
    LogHost,
    LoginCount,
    Message,
    MessageFinding,
    Rejection,
    ScriptRuns,
    Suspect,
)

_SUSPECT = [
    field.name
    for field in Suspect._meta.get_fields()
    if field.concrete and field.name not in ("id", "log_host")
]


def content(log_host: LogHost) -> dict[str, Any]:
    """Table by table, in an order that does not depend on how the lines came."""
    host = log_host.pk
    return {
        "lines": sorted(entry.text for page in pages.scan(host) for _, entry in page.entries()),
        "messages": sorted(
            (_message(row, host) for row in _rows(Message, host)), key=lambda row: row["message_id"]
        ),
        "deliveries": _placed(Delivery, host),
        "rejections": _placed(Rejection, host),
        "message findings": _sorted(
            MessageFinding.objects.filter(log_host_id=host).values_list("message_id", "rule", "severity")
        ),
        "suspects": _sorted(Suspect.objects.filter(log_host=host).values_list(*_SUSPECT)),
        "findings": _sorted(
            map(_finding, Finding.objects.filter(suspect__log_host=host).select_related("suspect"))
        ),
        "hours": _sorted(
            HourlyVolume.objects.filter(log_host=host).values_list(
                "hour", "lines", "messages", "delivered", "deferred", "bounced", "rejected", "failed_logins"
            )
        ),
        "signs of hours": _sorted(
            HourSign.objects.filter(log_host=host).values_list(
                "hour", "sign", "value", "count", "total", "seen", "first_at", "last_at", "message_id"
            )
        ),
        "script runs": _sorted(
            ScriptRuns.objects.filter(log_host=host).values_list("hour", "directory", "runs")
        ),
        "counts of hours": _sorted(
            HourCount.objects.filter(log_host=host).values_list("kind", "hour", "value", "number")
        ),
        "local domains": _sorted(
            LocalDomain.objects.filter(log_host=host).values_list("domain", "deliveries")
        ),
        "logins": _sorted(
            LoginCount.objects.filter(log_host=host).values_list(
                "authenticator", "named", "nameless", "unrecorded"
            )
        ),
    }


def _rows(model: Any, host: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = list(model.objects.filter(log_host_id=host).values())
    for row in rows:
        del row["log_host_id"]
    return rows


def _message(row: dict[str, Any], host: int) -> dict[str, Any]:
    return row | {"line_refs": sorted(pages.read_entries(host, row["line_refs"]))}


def _placed(model: Any, host: int) -> list[tuple[Any, ...]]:
    rows = _rows(model, host)
    for row, line in zip(rows, _lines(host, [row["line_ref"] for row in rows]), strict=True):
        row["line_ref"] = line
    with_headers = [row for row in rows if row.get("headers_ref") is not None]
    entries = pages.read_entries(host, [row["headers_ref"] for row in with_headers])
    for row, entry in zip(with_headers, entries, strict=True):
        row["headers_ref"] = entry
    return _sorted(tuple(row[name] for name in sorted(row)) for row in rows)


def _lines(host: int, line_refs: list[int]) -> list[bytes]:
    """The stamped lines behind pointers."""
    return [entry.partition(b"\n")[0] for entry in pages.read_entries(host, line_refs)]


def _finding(row: Finding) -> tuple[Any, ...]:
    suspect = row.suspect
    texts = sorted(_lines(suspect.log_host_id, row.line_refs))
    columns = (
        row.rule,
        row.severity,
        row.title,
        row.evidence,
        row.count,
        row.first_at,
        row.last_at,
        row.peak,
    )
    return (suspect.kind, suspect.value, *columns, sorted(row.message_ids), sorted(row.values), texts)


def _sorted(rows: Iterable[Any]) -> list[Any]:
    return sorted(rows, key=repr)
