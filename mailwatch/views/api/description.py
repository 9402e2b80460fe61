"""The description of the API (OpenAPI 3.1), made from what it answers and what it is asked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.http import HttpRequest, HttpResponse

from mailwatch.log_host_choice import LogHostField
from mailwatch.models import Scope
from mailwatch.plain_forms import PlainForm
from mailwatch.views.api import documents
from mailwatch.views.api.answers import PROBLEM, answer
from mailwatch.views.api.authentication import endpoint
from mailwatch.views.api.parameters import (
    LimitField,
    NoParameters,
    RelaysParameters,
    RunsParameters,
    SearchParameters,
    SenderParameters,
    TimelineParameters,
    read,
)
from mailwatch.views.api.schema import Schema, reference, schemas


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One address of the API."""

    path: str
    name: str  # of its URL
    scope: Scope
    words: str
    parameters: type[PlainForm]
    answers: tuple[type, ...]  # one of these


CALLS = (
    Call(
        path="/api/v1/search",
        name="api_search",
        scope=Scope.SEARCH,
        words="Messages and rejections; raw lines where no index answers. Everything, without q.",
        parameters=SearchParameters,
        answers=(documents.MessagesFound, documents.LinesFound),
    ),
    Call(
        path="/api/v1/messages/{log_host}/{message_id}",
        name="api_message",
        scope=Scope.TIMELINE,
        words="What happened to one message, line by line.",
        parameters=TimelineParameters,
        answers=(documents.Timeline,),
    ),
    Call(
        path="/api/v1/senders/{address}",
        name="api_sender",
        scope=Scope.SENDER,
        words="What one sender host, an IP address, did.",
        parameters=SenderParameters,
        answers=(documents.Sender,),
    ),
    Call(
        path="/api/v1/relays",
        name="api_relays",
        scope=Scope.RELAYS,
        words="The verdict on a range, and its suspects.",
        parameters=RelaysParameters,
        answers=(documents.Relays,),
    ),
    Call(
        path="/api/v1/runs",
        name="api_runs",
        scope=Scope.RUNS,
        words="Passes over log files, newest first.",
        parameters=RunsParameters,
        answers=(documents.Runs,),
    ),
    Call(
        path="/api/v1/runs/{run_id}",
        name="api_run",
        scope=Scope.RUNS,
        words="One of them.",
        parameters=NoParameters,
        answers=(documents.Run,),
    ),
)

# What the forms leave to the pages around them.
_WORDS = {
    "q": "what to look for, read as the search box reads it",
    "kind": "how to read q; else as it looks",
    "since": "ISO 8601; without an offset in the zone of the log",
    "until": "ISO 8601; without an offset in the zone of the log",
    "range": "back from the end of the log; else all of it, or since and until",
    "also": "a second thing that a message must meet: a network, an address or a domain",
    "after": "the next of the answer before",
    "limit": "rows of one answer",
    "count": "1: count what was found, however long that takes",
    "lines_after": "how many lines of the message to leave out",
    "recipients_after": "how many recipients to leave out",
    "log_host": "its name; else all that the token may read",
    "country": "two letters",
    "size_from": "bytes, or 20 KB, 10 MB",
    "size_to": "bytes, or 20 KB, 10 MB",
}
_PROBLEMS = {
    "400": "A parameter cannot be read; errors says which.",
    "401": "No token, or none that holds.",
    "403": "The token is not for this.",
    "404": "There is no such thing that the token may read.",
    "429": "Too many calls, or too many wrong tokens; Retry-After says for how many seconds to wait.",
}
_PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"parameter": {"type": "string"}, "detail": {"type": "string"}},
                "required": ["parameter", "detail"],
            },
        },
        "scope": {"type": "string", "description": "that the token lacks"},
        "also_on": {
            "type": "array",
            "items": {"type": "string"},
            "description": "log hosts that have a message of this id",
        },
    },
    "required": ["type", "title", "status", "detail"],
}


@endpoint(None)
def openapi(request: HttpRequest) -> HttpResponse:
    read(NoParameters, request)
    return answer(description())


def description() -> dict[str, Any]:
    """The whole of it."""
    kinds = [kind for call in CALLS for kind in call.answers]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Mailwatch",
            "version": "1",
            "description": "What Exim's logs say, as the pages show it. Read only.",
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": {call.path: {"get": _operation(call)} for call in CALLS},
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {**schemas(*kinds), "Problem": _PROBLEM},
        },
    }


def _operation(call: Call) -> dict[str, Any]:
    told = {
        number: {
            "description": words,
            "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for number, words in _PROBLEMS.items()
    }
    return {
        "operationId": call.name.removeprefix("api_"),
        "summary": call.words,
        "description": f"Scope: {call.scope}.",
        "parameters": [*_of_path(call.path), *map(_parameter, _fields(call.parameters))],
        "responses": {
            "200": {
                "description": "Answered.",
                "content": {"application/json": {"schema": _one_of(call.answers)}},
            },
            **told,
        },
    }


def _one_of(kinds: Sequence[type]) -> Schema:
    found = [reference(kind) for kind in kinds]
    return found[0] if len(found) == 1 else {"oneOf": found}


def _of_path(path: str) -> Iterator[dict[str, Any]]:
    for part in path.split("/"):
        if part.startswith("{"):
            kind = "integer" if part == "{run_id}" else "string"
            yield {"name": part[1:-1], "in": "path", "required": True, "schema": {"type": kind}}


def _fields(form: type[PlainForm]) -> list[tuple[str, forms.Field]]:
    return sorted(form.base_fields.items())


def _parameter(named: tuple[str, forms.Field]) -> dict[str, Any]:
    name, field = named
    told: dict[str, Any] = {"name": name, "in": "query", "schema": _schema(field)}
    words = _WORDS.get(name) or str(field.label or "")
    return {**told, "description": words} if words else told


def _schema(field: forms.Field) -> Schema:
    if isinstance(field, forms.ChoiceField) and not isinstance(field, LogHostField):
        return {
            "type": "string",
            "enum": [str(value) for value, _ in cast("Any", field.choices)],
        }
    if isinstance(field, forms.BooleanField):
        return {"type": "boolean"}
    if isinstance(field, forms.IntegerField):
        schema: Schema = {"type": "integer"}
        limits = {"minimum": field.min_value, "maximum": field.max_value}
        schema |= {key: value for key, value in limits.items() if value is not None}
        return {**schema, "default": field.clean(None)} if isinstance(field, LimitField) else schema
    return {"type": "string"}
