"""A search as a file: all that it finds, as CSV or JSON, read while it is sent."""

from collections.abc import Iterable, Sequence

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase

from ingest.exim.line import readable
from mailwatch import tables
from mailwatch.queries import free_text
from mailwatch.queries import search as queries
from mailwatch.queries.rows import Row
from mailwatch.tables import Cell

FORMATS = ("csv", "json")
_LINE_COLUMNS = ("log_host", "logged_at", "kind", "message_id", "line")
_COLUMNS = (
    "log_host", "at", "message_id", "outcome", "envelope_sender", "recipient", "more_recipients",
    "sender_host_address", "authenticated_id", "local_user", "what_happened", "rules",
)  # fmt: skip


def lines(wanted: free_text.Asked, kind: str) -> HttpResponseBase:
    """Every line, read while it is sent."""
    return _sent("lines", _LINE_COLUMNS, (_line_row(hit) for hit in free_text.every_hit(wanted)), kind)


def messages(asked: queries.Search, kind: str) -> HttpResponseBase:
    """Every message and rejection."""
    return _sent("messages", _COLUMNS, (_row(row) for row in queries.every_row(asked)), kind)


def _sent(name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]], kind: str) -> HttpResponseBase:
    is_csv = kind == "csv"
    text = tables.csv_rows(columns, rows) if is_csv else tables.json_rows(name, columns, rows)
    content_type = "text/csv; charset=utf-8" if is_csv else "application/json"
    response = StreamingHttpResponse(text, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response


def _line_row(hit: free_text.Hit) -> list[Cell]:
    at = hit.logged_at.astimezone(hit.log_host.zone) if hit.logged_at else None
    return [hit.log_host.name, at, str(hit.kind), hit.message_id, readable(hit.raw)]


def _row(row: Row) -> list[Cell]:
    return [
        row.log_host.name, row.at.astimezone(row.log_host.zone), row.message_id, row.status, row.envelope_sender,
        row.recipient, row.more_recipients, row.sender_host_address, row.authenticated_id, row.local_user,
        row.happened, " ".join(row.rules),
    ]  # fmt: skip
