"""The search on the command line."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.web.conftest import Ingested
from tests.web.logs import BOUNCE, DAY, SCRIPT, SENT


def run(*terms: str, **options: object) -> str:
    out = StringIO()
    call_command("search", *terms, stdout=out, **options)
    return out.getvalue()


def test_the_command_prints_whole_messages(ingested: Ingested) -> None:
    ingested(DAY)
    text = run("CAROL@remote")
    assert text.split("\n\n")[0].splitlines() == list(DAY[:5])


@pytest.mark.parametrize("wrong", [{"log_host": "nobody"}, {"since": "soon"}])
def test_a_refused_question_prints_no_half_document(db: None, wrong: dict[str, str]) -> None:
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("search", "a", json=True, stdout=out, **wrong)
    assert out.getvalue() == ""


def test_the_command_prints_lines_without_a_message(ingested: Ingested) -> None:
    ingested(DAY)
    assert run("relay not permitted").strip() == DAY[11]


@pytest.mark.parametrize(
    ("terms", "options", "messages"),
    [
        (("carol@remote", "nobody@remote"), {}, {SENT, SCRIPT}),
        (("nobody@remote",), {"related": True}, {SCRIPT, BOUNCE}),
        ((r"U=www-\w+",), {"regex": True}, {SCRIPT}),
        ((r"U=www-\w+",), {}, set()),
        (("R=dnslookup",), {"invert": True}, {BOUNCE}),
        (("R=dnslookup",), {"status": "bounced"}, {SCRIPT}),
        (("example.org",), {"since": "2026-03-02T10:00:01"}, {BOUNCE}),
        (("example.org",), {"until": "2026-03-02T09:10:00"}, {SENT}),
        (("example.org",), {"log_host": "srv1"}, {SENT, SCRIPT, BOUNCE}),
    ],
)
def test_the_command_narrows(
    ingested: Ingested, terms: tuple[str, ...], options: dict[str, object], messages: set[str]
) -> None:
    ingested(DAY)
    found = json.loads(run(*terms, json=True, **options))["found"]
    assert {one["message_id"] for one in found if one["message_id"]} == messages


@pytest.mark.parametrize("options", [{"regex": True}, {"log_host": "nope"}, {"since": "soon"}])
def test_the_command_refuses_in_one_line(ingested: Ingested, options: dict[str, object]) -> None:
    ingested(DAY)
    with pytest.raises(CommandError) as refused:
        run("(", **options)
    assert "\n" not in str(refused.value)
