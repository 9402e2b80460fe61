"""What the JSON API answers, on the logs that the pages are tested with."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from jsonschema import Draft202012Validator

from ingest.models import LogHost
from mailwatch.views.api.description import CALLS, description
from tests.web.api import Program, checked, token_of
from tests.web.conftest import SEED, Ingested
from tests.web.logs import BOUNCE, DAY, SENT, many

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(reader: User) -> Program:
    return Program(token_of(reader)[1])


def test_a_search_finds_what_the_page_finds(program: Program, ingested: Ingested) -> None:
    ingested(DAY, "srv1", "Europe/Madrid")
    found = program.read("/api/v1/search?q=alice@example.org", "MessagesFound")
    assert found["read_as"] == {"kind": "address", "value": "alice@example.org"}
    assert found["totals"]["messages"] == {"number": 1, "is_more": False}
    (row,) = found["rows"]
    assert row["message_id"] == SENT and row["subject"] == "Minutes of Monday" and row["size"] == 4512
    assert row["at"] == {"utc": "2026-03-02T08:00:00Z", "offset": "+01:00"}
    assert found["next"] is None


QUERIES = (
    "", "status=rejected", "status=bounced", "direction=out", "account=alice", "size_from=4k", "reason=login+refused",
    "since=2026-03-02T10:30", "log_host=srv1&range=hour", "q=remote.example&role=recipient", "transport=remote_smtp",
    "remote_host=203.0.113.7", "q=alice@example.org&also=@remote.example",
)  # fmt: skip


def test_every_filter_finds_what_the_export_of_the_page_finds(
    program: Program, ingested: Ingested, desk: Client
) -> None:
    ingested(DAY)
    numbers = []
    for query in QUERIES:
        found = program.read(f"/api/v1/search?{query}", "MessagesFound")
        rows = [(row["message_id"], row["envelope_sender"], row["happened"]) for row in found["rows"]]
        exported = json.loads(b"".join(desk.get(f"/search/?{query}&format=json")))["messages"]
        assert rows == [
            (row["message_id"], row["envelope_sender"], row["what_happened"]) for row in exported
        ], query
        numbers.append(len(rows))
    assert numbers[0] == 5 and 0 < min(numbers) < 3, numbers


def test_a_list_comes_in_pages_that_miss_nothing_and_repeat_nothing(
    program: Program, ingested: Ingested
) -> None:
    ingested(many(23))
    seen: list[str] = []
    after = ""
    while True:
        found = program.read(f"/api/v1/search?limit=10&after={after}", "MessagesFound")
        seen += [row["message_id"] for row in found["rows"]]
        assert found["totals"]["messages"]["number"] == 23
        if found["next"] is None:
            break
        after = found["next"]
    assert len(seen) == len(set(seen)) == 23


def test_words_are_read_in_the_lines_a_page_at_a_time(program: Program, ingested: Ingested) -> None:
    ingested(many(30))
    seen: list[str] = []
    after = ""
    for _ in range(20):
        found = program.read(f"/api/v1/search?q=250 ok&kind=text&limit=7&after={after}", "LinesFound")
        seen += [row["line"] for row in found["rows"]]
        if found["next"] is None:
            break
        after = found["next"]
    assert len(seen) == len(set(seen)) == 30
    assert found["lines_read"] == found["lines_to_read"] == 90


def test_a_pattern_that_is_none_is_told(program: Program, ingested: Ingested) -> None:
    ingested(DAY)
    response = program.ask("/api/v1/search?kind=pattern&q=(")
    assert response.status_code == 400
    (error,) = checked(response.text, "Problem")["errors"]
    assert error["parameter"] == "q" and error["detail"]


def test_a_timeline_tells_the_message_line_by_line(program: Program, ingested: Ingested) -> None:
    ingested(DAY, "srv1")
    told = program.read(f"/api/v1/messages/srv1/{SENT}", "Timeline")
    assert [line["number"] for line in told["lines"]] == [1, 2, 3, 4, 5]
    assert told["lines"][0]["line"] == DAY[0]
    assert {one["recipient"]: one["attempts"] for one in told["recipients"]} == {
        "bob@remote.example": 1, "carol@remote.example": 2,
    }  # fmt: skip
    part = program.read(f"/api/v1/messages/srv1/{SENT}?limit=2&lines_after=2&recipients_after=1", "Timeline")
    assert [line["number"] for line in part["lines"]] == [3, 4] and part["lines_next"] == 4
    assert len(part["recipients"]) == 1 and part["recipients_next"] is None


def test_a_message_id_on_several_log_hosts(program: Program, ingested: Ingested) -> None:
    ingested(DAY, "one")
    ingested(DAY, "two")
    assert program.read(f"/api/v1/messages/one/{SENT}", "Timeline")["also_on"] == ["two"]
    response = program.ask(f"/api/v1/messages/three/{SENT}")
    assert response.status_code == 404
    assert checked(response.text, "Problem")["also_on"] == ["one", "two"]


def test_a_sender_host(program: Program, ingested: Ingested) -> None:
    ingested(DAY, "srv1", "Europe/Madrid")
    told = program.read("/api/v1/senders/198.51.100.7", "Sender")
    assert (told["messages"], told["delivered"]) == (1, 2)
    assert told["helo_names"]["values"] == [{"value": "helo.example.net", "count": 1}]
    assert told["latest"][0]["message_id"] == SENT
    assert program.read("/api/v1/senders/2001:db8::1", "Sender")["messages"] == 0
    response = program.ask("/api/v1/senders/nobody")
    assert response.status_code == 400


def test_the_verdict_and_its_suspects(program: Program, ingested: Ingested) -> None:
    ingested(SEED, "srv1", "Europe/Madrid")
    told = program.read("/api/v1/relays", "Relays")
    assert told["verdict"]["broken_authenticator"] in ("yes", "suspected")
    assert "129.137.152.170" in {one["value"] for one in told["suspects"]}
    first = program.read("/api/v1/relays?limit=1&severity=info", "Relays")
    rest, seen = first, [first["suspects"][0]]
    while rest["next"]:
        rest = program.read(f"/api/v1/relays?limit=1&severity=info&after={rest['next']}", "Relays")
        seen += rest["suspects"]
    assert len(seen) == first["suspects_total"]
    assert len({(one["kind"], one["value"]) for one in seen}) == len(seen)


def test_without_a_log_host_everything_is_empty(program: Program, db: None) -> None:
    assert program.read("/api/v1/relays", "Relays")["suspects"] == []
    assert program.read("/api/v1/search", "MessagesFound")["rows"] == []
    assert program.read("/api/v1/search?q=x y&kind=text", "LinesFound")["rows"] == []
    assert program.read("/api/v1/senders/192.0.2.1", "Sender")["messages"] == 0
    assert program.read("/api/v1/runs", "Runs") == {"runs": [], "next": None}


def test_runs(program: Program, ingested: Ingested) -> None:
    for number in range(3):
        ingested(many(number + 1), f"srv{number}")
    told = program.read("/api/v1/runs?limit=2", "Runs")
    assert [one["log_host"] for one in told["runs"]] == ["srv2", "srv1"]
    rest = program.read(f"/api/v1/runs?limit=2&after={told['next']}", "Runs")
    assert [one["log_host"] for one in rest["runs"]] == ["srv0"] and rest["next"] is None
    run = program.read(f"/api/v1/runs/{told['runs'][0]['id']}", "Run")
    assert run == told["runs"][0]
    assert (run["state"], run["lines"], run["messages"]) == ("finished", 9, 3)
    assert program.ask("/api/v1/runs/999999").status_code == 404


HOSTILE = (
    b"2026-03-02 09:00:00 1vwz8C-00000000001-0001 <= a\xff\x1b[31m@x.example H=h [198.51.100.7] P=esmtp S=1"
)


def test_bytes_that_are_no_text_and_control_characters_come_through(
    program: Program, ingested: Ingested
) -> None:
    stored = "a\\xff\x1b[31m@x.example"
    ingested([HOSTILE.decode("utf-8", "surrogateescape").replace("\udcff", "\\xff")])
    response = program.ask("/api/v1/search")
    assert "\x1b" not in response.text and response.text.isascii() and "\\u001b[31m" in response.text
    (row,) = checked(response.text, "MessagesFound")["rows"]
    assert row["envelope_sender"] == stored
    again = program.read(f"/api/v1/search?kind=address&q={quote(stored)}", "MessagesFound")
    assert [one["envelope_sender"] for one in again["rows"]] == [stored]


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/api/v1/search?qq=1", "qq"),
        ("/api/v1/search?q=a&q=b", "q"),
        ("/api/v1/search?limit=0", "limit"),
        ("/api/v1/search?limit=201", "limit"),
        ("/api/v1/search?limit=x", "limit"),
        ("/api/v1/search?since=yesterday-ish", "since"),
        ("/api/v1/search?log_host=nowhere", "log_host"),
        ("/api/v1/search?after=bm9uc2Vuc2U", "after"),
        ("/api/v1/search?q=%00", "q"),
        ("/api/v1/search?kind=text&q=x&after=WzEsMl0", "after"),
        ("/api/v1/relays?after=x", "after"),
        ("/api/v1/relays?compared=on", "compared"),
        ("/api/v1/runs?after=x", "after"),
        ("/api/v1/senders/198.51.100.0%2F24", "address"),
        ("/api/v1/openapi.json?x=1", "x"),
        ("/api/v1/search?size_from=9k&size_to=1k", "size_to"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_name(
    program: Program, ingested: Ingested, path: str, parameter: str
) -> None:
    ingested(DAY)
    response = program.ask(path)
    assert response.status_code in (400, 404), response.text
    assert response["Content-Type"] == "application/problem+json"
    told = checked(response.text, "Problem")
    if "%2F" not in path:
        assert parameter in {one["parameter"] for one in told["errors"]}


def test_an_address_that_is_none_is_told_as_json(program: Program, db: None) -> None:
    for path in ("/api/v1/", "/api/v1/nothing", "/api/v1/search/", "/api/v1/messages/a/b/c"):
        response = program.ask(path)
        assert response.status_code == 404 and response["Content-Type"] == "application/problem+json", path
        checked(response.text, "Problem")


def test_the_description_is_whole_and_names_every_call(program: Program, db: None) -> None:
    told = program.ask("/api/v1/openapi.json").json()
    assert told == json.loads(json.dumps(description()))
    assert told["openapi"].startswith("3.1.")
    assert list(told["paths"]) == [call.path for call in CALLS]
    for schema in told["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for path, item in told["paths"].items():
        named = {one["name"] for one in item["get"]["parameters"] if one["in"] == "path"}
        assert all(f"{{{name}}}" in path for name in named)
        for one in item["get"]["parameters"]:
            Draft202012Validator.check_schema(one["schema"])
    references = set(_references(told))
    assert references <= {f"#/components/schemas/{name}" for name in told["components"]["schemas"]}


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        found = [part["$ref"]] if "$ref" in part else []
        return found + [one for value in part.values() for one in _references(value)]
    return [one for value in part for one in _references(value)] if isinstance(part, list) else []


PATHS = (
    "/api/v1/search?limit=200", "/api/v1/search?q=@many.example&limit=200", "/api/v1/senders/198.51.100.20",
    "/api/v1/search?q=250 ok&kind=text&limit=200", "/api/v1/relays?severity=info&limit=200",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_two_rows_take_as_many_queries_as_two_hundred(
    program: Program, ingested: Ingested, path: str
) -> None:
    ingested(many(2))
    few = _queries(program, path)
    ingested(many(200))
    assert len(_queries(program, path)) == len(few)


def test_two_runs_take_as_many_queries_as_thirty(program: Program, ingested: Ingested) -> None:
    for number in range(2):
        ingested(many(number + 1))
    few = _queries(program, "/api/v1/runs?limit=200")
    for number in range(10):
        ingested(many(number + 5))
    assert len(_queries(program, "/api/v1/runs?limit=200")) == len(few)


def _queries(program: Program, path: str) -> list[str]:
    program.ask(path)
    with CaptureQueriesContext(connection) as taken:
        assert program.ask(path).status_code == 200
    return [query["sql"] for query in taken.captured_queries]


def test_a_bounce_is_told_in_english_whatever_the_program_asks_for(
    program: Program, ingested: Ingested
) -> None:
    ingested(DAY)
    asked = [
        program.ask(f"/api/v1/messages/srv1/{BOUNCE}", **{"Accept-Language": code}) for code in ("en", "ja")
    ]
    assert asked[0].text == asked[1].text
    assert {one["Content-Language"] for one in asked} == {"en"}
    assert LogHost.objects.count() == 1


DOCUMENT = (Path(__file__).parents[2] / "docs" / "api.md").read_text()


@pytest.mark.django_db(transaction=True)
def test_the_session_of_the_document_is_what_curl_gets(
    reader: User, ingested: Ingested, live_server: Any, tmp_path: Path
) -> None:
    ingested(DAY, "srv1", "Europe/Madrid")
    _, script, _ = re.split(r"```sh\n|```\n", DOCUMENT, maxsplit=2)
    shown = re.search(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    calls = [line for line in script.splitlines() if line.startswith("curl")]
    before = script[: script.index("curl")]
    environment = os.environ | {"TOKEN": token_of(reader)[1], "MAILWATCH": live_server.url, "no_proxy": "*"}
    answers = []
    for call in calls:
        done = subprocess.run(
            ["sh", "-euc", before + call], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60,
            check=True,
        )  # fmt: skip
        answers.append(done.stdout)
    assert shown is not None and answers[0] == shown[1]
    for text, name in zip(answers[1:-1], ("Timeline", "Sender", "Relays", "Runs"), strict=True):
        checked(text, name)
    assert json.loads(answers[-1]) == json.loads(json.dumps(description()))


def test_the_document_names_every_call_and_the_settings(program: Program) -> None:
    for call in CALLS:
        assert f"| `{call.path}` | {call.scope} |" in DOCUMENT
    assert program.ask("/api/v1/openapi.json").status_code == 200
