"""The report of an incident: put together, edited by hand, frozen and redacted."""

import json
import re
from html import unescape

import pytest
from django.test import Client

from ingest.models import LogHost
from mailwatch.models import Incident, Role
from mailwatch.redaction import Level
from tests.web import leaks
from tests.web.conftest import Ingested, somebody
from tests.web.leaks import Words
from tests.web.links import Link, reveal, share
from tests.web.test_incidents import ATTACKER, MESSAGE, attack_of, opened, text_of
from tests.web.test_redaction_leaks import attack, everything

pytestmark = pytest.mark.django_db
LEVELS = pytest.mark.parametrize("level", [*Level])
SECTIONS = ("happened", "since", "how", "sent", "over", "done")


def fields(page: str) -> dict[str, str]:
    """What the form of a page would send."""
    form = page.partition('id="edit"')[2]
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    texts = re.findall(r'<textarea name="(\w+)"[^>]*>\n(.*?)</textarea>', form, re.DOTALL)
    return {name: unescape(text) for name, text in (*hidden, *texts)}


def freeze(desk: Client, incident: Incident, **terms: object) -> Link:
    return share(desk, kind="incident", incident=incident.pk, **terms)


def test_it_tells_the_story_by_itself(desk: Client, seed: LogHost) -> None:
    incident = opened(desk, attack_of())
    desk.post(f"/incidents/{incident.pk}/notes/", {"text": "The **condition** was mended"})
    desk.post(f"/incidents/{incident.pk}/change/", {"status": "contained"})
    page = text_of(desk, f"/incidents/{incident.pk}/report/")
    for title in (
        "What happened",
        "Since when",
        "How it got in",
        "How much went out",
        "Is it over",
        "What was done",
    ):
        assert title in page
    assert incident.verdicts.all()[0].headline[:40] in page
    assert "The <strong>condition</strong> was mended" in page
    assert "Status changed from open to contained" in page
    assert "The evidence does not say." not in page


def test_what_is_kept_unchanged_goes_on_following_the_evidence(desk: Client, seed: LogHost) -> None:
    incident = opened(desk, attack_of())
    path = f"/incidents/{incident.pk}/report/"
    sent = fields(text_of(desk, path))
    desk.post(f"/incidents/{incident.pk}/notes/", {"text": "Written meanwhile"})
    assert desk.post(path, {**sent, "over": "It is *over*."}).status_code == 302
    incident.refresh_from_db()
    assert incident.report == {"over": "It is *over*."}
    page = text_of(desk, path)
    assert "It is <em>over</em>." in page
    assert "Written meanwhile" in page
    assert desk.post(path, {**fields(page), "over": ""}).status_code == 302
    incident.refresh_from_db()
    assert incident.report == {}


def test_nothing_is_lost_where_two_edit_at_once(desk: Client, seed: LogHost) -> None:
    incident = opened(desk, attack_of())
    path = f"/incidents/{incident.pk}/report/"
    sent = fields(text_of(desk, path))
    desk.post(path, {**sent, "how": "By one"})
    answer = desk.post(path, {**sent, "how": "By the other"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "<p>By one</p>" in page
    assert "By the other</textarea>" in page
    incident.refresh_from_db()
    assert incident.report == {"how": "By one"}
    desk.post(path, fields(page))
    incident.refresh_from_db()
    assert incident.report == {"how": "By the other"}


def test_it_is_frozen_opened_by_a_stranger_and_listed(desk: Client, seed: LogHost) -> None:
    incident = opened(desk, attack_of(), title="Spam of March")
    assert f"/share/?incident={incident.pk}" in text_of(desk, f"/incidents/{incident.pk}/report/")
    assert f"The report of incident {incident.pk} as it stands" in text_of(
        desk, f"/share/?incident={incident.pk}"
    )
    link = freeze(desk, incident)
    text = reveal(link.path).content.decode()
    assert "Spam of March" in text
    assert ATTACKER in text
    assert "What was done" in text
    page = text_of(desk, f"/incidents/{incident.pk}/")
    assert f"/shares/{link.report.pk}/" in page
    assert "opened 1 time" in page
    desk.post(f"/shares/{link.report.pk}/revoke/")
    assert list(incident.steps.values_list("what", flat=True))[-2:] == ["shared", "withdrawn"]


def test_its_files_hold_the_evidence(desk: Client, seed: LogHost) -> None:
    incident = opened(desk, MESSAGE)
    link = freeze(desk, incident, redaction="full")
    path = f"/shares/{link.report.pk}/copy/"
    document = json.loads(text_of(desk, f"{path}?format=json"))
    assert [section["key"] for section in document["sections"]] == list(SECTIONS)
    assert document["evidence"][0]["message_id"] == MESSAGE["message_id"]
    rows = text_of(desk, f"{path}?format=csv").splitlines()
    assert len(rows) == 5
    assert "<style>" in text_of(desk, f"{path}?format=html")


def test_whoever_sees_not_all_its_log_hosts_can_share_nothing_of_it(
    desk: Client, ingested: Ingested, seed: LogHost
) -> None:
    other = ingested(["2026-03-02 09:00:00 nothing"], "srv2").log_host
    incident = opened(desk, MESSAGE)
    otto = Client()
    otto.force_login(somebody("otto", Role.HELPDESK, other))
    assert otto.post("/share/", {"kind": "incident", "incident": incident.pk}).status_code == 404
    assert desk.post("/share/", {"kind": "incident"}).status_code == 400


@LEVELS
def test_a_report_tells_nothing_that_its_level_hides(desk: Client, ingested: Ingested, level: Level) -> None:
    """In evidence, title, notes and text of people, in each file and in the row."""
    words = Words()
    run = ingested([*attack(words), *leaks.of_a_message(words)], "xnamenlos")
    words.secrets |= dict.fromkeys(("xnamenlos", "webshop", "tried9"), "by the attack")
    hidden = words.hidden_at(level)
    incident = opened(desk, {"what": "attack", "key": "xnamenlos/sender_host_address/203.0.113.66"})
    pasted = "    " + "\n    ".join(line.split("\n")[0] for line in leaks.of_a_message(words))
    for kept in (
        {"what": "message", "log_host": "xnamenlos", "message_id": leaks.ID},
        {"what": "search", "query": "kind=text&q=sendmail"},
        *(
            {"what": "subject", "page": "account", "name": name}
            for name in incident.evidence.filter(subject_kind="authenticated_id").values_list(
                "subject", flat=True
            )
        ),
    ):
        desk.post("/incidents/add/", {**kept, "incident": str(incident.pk)})
    rows = incident.evidence.all()
    lines = b"\n".join(bytes(line) for row in rows for line in row.lines).decode().casefold()
    known = [word for word in hidden if re.search(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", lines)]
    assert len(known) > 30
    by_hand = "\n\n".join(
        f"It says {word} and **{word[:3]}**{word[3:]}, <{word}>, `{word}`." for word in known
    )
    title = f"Case of {' '.join(known)}"[:200].rpartition(" ")[0]
    desk.post(f"/incidents/{incident.pk}/change/", {"title": title})
    desk.post(f"/incidents/{incident.pk}/notes/", {"text": by_hand[:19000]})
    path = f"/incidents/{incident.pk}/report/"
    assert desk.post(path, {**fields(text_of(desk, path)), "over": pasted}).status_code == 302
    link = freeze(desk, incident, redaction=str(level))
    kinds = {row["kind"] for row in link.snapshot["evidence"]}
    assert {"numbers", "suspect", "finding", "message"} <= kinds
    text = everything(link)
    assert text.leaks(hidden) == []
    assert "203.0.113.66" in text.exact
    assert run.log_host.name == "xnamenlos"
