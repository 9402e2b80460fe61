"""How the API answers: a document as JSON, or what is wrong (RFC 9457)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, tzinfo
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse

from mailwatch.views.api.documents import Time

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

ROOT = "/api/v1/"
JSON = "application/json"
PROBLEM = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Wrong:
    """A parameter that cannot be read."""

    parameter: str
    detail: str


class Problem(Exception):
    """Why a call is not answered."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        wrong: Sequence[Wrong] = (),
        headers: Mapping[str, str] | None = None,
        **more: object,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.wrong = status, detail, wrong
        self.headers, self.more = headers or {}, more

    @property
    def document(self) -> dict[str, object]:
        told: dict[str, object] = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": int(self.status),
            "detail": self.detail,
        }
        if self.wrong:
            told["errors"] = [asdict(one) for one in self.wrong]
        return told | self.more


def answer(document: "DataclassInstance | dict[str, Any]") -> HttpResponse:
    """All that is not ASCII, and every control character, is escaped: no terminal, log or browser acts on it."""
    plain = document if isinstance(document, dict) else asdict(document)
    return _sent(plain, JSON, HTTPStatus.OK)


def problem(found: Problem) -> HttpResponse:
    response = _sent(found.document, PROBLEM, found.status)
    for name, value in found.headers.items():
        response.headers[name] = value
    return response


def _sent(document: Mapping[str, object], content_type: str, status: HTTPStatus) -> HttpResponse:
    response = HttpResponse(f"{json.dumps(document, indent=1)}\n", content_type=content_type, status=status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Language"] = "en"
    return response


def is_call(request: HttpRequest) -> bool:
    """Whether a request is for the API: its errors are told as it tells them."""
    return request.path.startswith(ROOT)


def time(at: datetime, zone: tzinfo) -> Time:
    """A time, and the offset of the log's zone then."""
    offset = at.astimezone(zone).isoformat()[-6:]
    return Time(utc=at.astimezone(UTC).isoformat().replace("+00:00", "Z"), offset=offset)


def maybe(at: datetime | None, zone: tzinfo) -> Time | None:
    return None if at is None else time(at, zone)
