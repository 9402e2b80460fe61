"""Incidents: opened from what pages show, with evidence that stays, notes, a history, and who may see them."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.http import QueryDict
from django.test import Client
from django.utils.timezone import now

from ingest.models import LogHost, Message, StoredConfiguration
from mailwatch.models import Incident, IncidentEvidence, IncidentStep, Role
from mailwatch.operations import incidents as operations
from mailwatch.operations.incident_evidence import of_message
from tests.web.conftest import Ingested, somebody
from tests.web.links import share

pytestmark = pytest.mark.django_db

ATTACKER = "129.137.152.170"
MESSAGE_ID = "1adXzZ-0007sb-Pz"
MESSAGE = {"what": "message", "log_host": "srv1", "message_id": MESSAGE_ID}


def attack_of(log_host: str = "srv1") -> dict[str, str]:
    return {"what": "attack", "key": f"{log_host}/sender_host_address/{ATTACKER}"}


def opened(desk: Client, what: dict[str, str], **more: str) -> Incident:
    """Open one from a page, as its form does."""
    answer = desk.post("/incidents/add/", {"title": "A case", "severity": "high", **what, **more})
    assert answer.status_code == 302, answer.content.decode()
    return Incident.objects.latest("pk")


def text_of(desk: Client, path: str) -> str:
    answer = desk.get(path)
    assert answer.status_code == 200, answer.content.decode()
    return str(answer.content.decode())


# ---- from a page


@pytest.mark.parametrize(
    "page",
    [
        "/relays/",
        f"/senders/{ATTACKER}/",
        f"/messages/srv1/{MESSAGE_ID}/",
        f"/search/?q={ATTACKER}",
        "/search/?q=esmtpa&kind=text",
    ],
)
def test_each_page_leads_to_an_incident_with_what_it_shows(desk: Client, seed: LogHost, page: str) -> None:
    found = re.search(r'href="(/incidents/add/\?[^"]+)"', text_of(desk, page))
    assert found, page
    form = text_of(desk, found[1].replace("&amp;", "&"))
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    hidden = {name: value.replace("&amp;", "&") for name, value in hidden.items()}
    incident = opened(desk, hidden)
    assert incident.log_host_ids == [seed.pk]
    assert incident.evidence.exists()
    assert any(bytes(line) for row in incident.evidence.all() for line in row.lines)


def test_a_refusal_is_kept_with_its_line(desk: Client, ingested: Ingested) -> None:
    refused = (
        "2026-03-02 11:00:00 H=(probe) [203.0.113.9] F=<a@b.example> rejected RCPT <c@d.example>: "
        "relay not permitted"
    )
    ingested([refused], "srv1", "UTC")
    page = text_of(desk, "/search/?status=rejected")
    path = re.search(r'href="(/rejections/[^"]+)"', page)
    assert path
    found = re.search(r'href="/incidents/add/\?([^"]+)"', text_of(desk, path[1]))
    assert found
    incident = opened(desk, QueryDict(found[1].replace("&amp;", "&")).dict())
    row = incident.evidence.get()
    assert row.kind == "line"
    assert [bytes(line).decode() for line in row.lines] == [refused]


def test_what_is_wrong_with_a_configuration_is_evidence_whose_text_stays_inside(
    desk: Client, seed: LogHost
) -> None:
    text = "begin authenticators\nplain:\n  driver = plaintext\n  server_condition = true\n  public_name = PLAIN\n"
    StoredConfiguration.objects.create(log_host=seed, name="exim.conf", text=text)
    page = text_of(desk, "/configuration/?log_host=srv1")
    assert "/incidents/add/?what=configuration" in page
    incident = opened(desk, {"what": "configuration", "log_host": "srv1"})
    rows = incident.evidence.filter(kind="configuration")
    assert rows.exists()
    assert "server_condition = true" in text_of(desk, f"/incidents/{incident.pk}/")
    link = share(desk, kind="incident", incident=incident.pk)
    assert rows[0].title in str(link.snapshot)
    assert "server_condition = true" not in str(link.snapshot)


def test_a_title_that_is_hostile_does_nothing(desk: Client, seed: LogHost) -> None:
    title = "<b>x</b>\u202e{{ 7*7 }} '\"><script>alert(1)</script>"
    incident = opened(desk, MESSAGE, title=title)
    link = share(desk, kind="incident", incident=incident.pk)
    pages = ["/incidents/", f"/incidents/{incident.pk}/", f"/incidents/{incident.pk}/report/", "/shares/"]
    pages += [f"/shares/{link.report.pk}/", f"/shares/{link.report.pk}/copy/"]
    for page in pages:
        text = text_of(desk, page)
        assert "<script>alert" not in text, page
        assert "<b>x</b>" not in text, page
        if page != f"/incidents/{incident.pk}/":  # there it stands in the field to change it
            assert "\u202e" not in text, page


def test_a_reader_is_offered_nothing_and_sees_nothing(
    client_of: Any, reader: User, desk: Client, seed: LogHost
) -> None:
    incident = opened(desk, MESSAGE)
    client = client_of(reader)
    for page in ("/relays/", f"/senders/{ATTACKER}/", f"/messages/srv1/{MESSAGE_ID}/"):
        assert "/incidents/" not in text_of(client, page)
    for path in ("/incidents/", f"/incidents/{incident.pk}/", f"/incidents/{incident.pk}/report/"):
        assert client.get(path).status_code == 403


def test_an_attack_comes_with_all_who_take_part_their_findings_lines_and_numbers(
    desk: Client, seed: LogHost
) -> None:
    incident = opened(desk, attack_of())
    kinds = set(incident.evidence.values_list("kind", flat=True))
    assert kinds == {"numbers", "suspect", "finding"}
    finding = incident.evidence.filter(kind="finding").first()
    assert finding is not None
    assert ATTACKER.encode() in b"".join(map(bytes, finding.lines))
    assert incident.evidence.get(kind="numbers").details["counts"]["messages"] == 1
    page = text_of(desk, f"/incidents/{incident.pk}/")
    assert "helen" in page
    assert ATTACKER in page


def test_an_attack_that_is_opened_in_japanese_is_read_in_either_language(desk: Client, seed: LogHost) -> None:
    desk.post("/preferences/", {"language": "ja", "timezone": ""})
    incident = opened(desk, attack_of())
    finding = incident.evidence.filter(kind="finding").first()
    assert finding is not None
    assert finding.title.isascii()
    assert finding.told["ja"][0] in text_of(desk, f"/incidents/{incident.pk}/")


def test_the_same_again_adds_nothing_and_something_else_is_added(desk: Client, seed: LogHost) -> None:
    incident = opened(desk, MESSAGE)
    for what, number in ((MESSAGE, 1), (attack_of(), 5)):
        desk.post("/incidents/add/", {**what, "incident": str(incident.pk)})
        assert incident.evidence.count() >= number
    assert incident.evidence.filter(kind="message").count() == 1
    assert Incident.objects.count() == 1


def test_nothing_is_added_of_what_is_not_there(desk: Client, seed: LogHost) -> None:
    for what in (
        {"what": "message", "log_host": "srv1", "message_id": "1aaaaa-000000-00"},
        {"what": "attack", "key": "srv1/sender_host_address/198.51.100.1"},
        {"what": "attack", "key": "nowhere"},
        {"what": "rejection", "log_host": "srv1", "key": "x"},
        {"what": "subject", "page": "sender", "name": "198.51.100.1"},
        {"what": "subject", "page": "sender", "name": "nobody"},
        {"what": "subject", "page": "nothing", "name": "x"},
        {"what": "configuration", "log_host": "srv1"},
    ):
        assert desk.get("/incidents/add/", what).status_code == 404, what
    for bad in ({}, {"what": "x"}, {"what": "message"}, {"what": "message", "log_host": "nowhere"}):
        assert desk.get("/incidents/add/", bad).status_code == 400, bad
    assert desk.post("/incidents/add/", {**MESSAGE, "incident": "99"}).status_code == 404
    without_title = desk.post("/incidents/add/", {**MESSAGE, "title": "", "severity": "high"})
    assert without_title.status_code == 400
    assert not Incident.objects.exists()


def test_lines_stay_when_the_log_is_deleted(desk: Client, seed: LogHost) -> None:
    incident = opened(desk, MESSAGE)
    lines = [bytes(line) for line in incident.evidence.get().lines]
    assert len(lines) == 4
    Message.objects.all().delete()
    page = text_of(desk, f"/incidents/{incident.pk}/")
    assert ATTACKER in page
    assert "4 lines kept" in page


# ---- what is done with it


def test_each_change_is_a_step_of_the_history_that_nobody_can_change(
    desk: Client, helpdesk: User, seed: LogHost
) -> None:
    incident = opened(desk, MESSAGE)
    desk.post(
        f"/incidents/{incident.pk}/change/", {"title": "Another name", "status": "contained", "owner": ""}
    )
    desk.post(f"/incidents/{incident.pk}/notes/", {"text": "Password changed"})
    whats = list(incident.steps.values_list("what", flat=True))
    assert whats == ["opened", "added", "title", "status", "owner", "note"]
    incident.refresh_from_db()
    assert incident.is_settled
    assert incident.settled_at
    assert set(incident.steps.values_list("by", flat=True)) == {helpdesk.pk}
    page = text_of(desk, f"/incidents/{incident.pk}/")
    assert "Status changed from open to contained" in page
    step = IncidentStep.objects.first()
    for change in (lambda: IncidentStep.objects.update(what="note"), lambda: step and step.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_a_user_who_is_deleted_leaves_the_history(desk: Client, helpdesk: User, seed: LogHost) -> None:
    incident = opened(desk, MESSAGE)
    helpdesk.delete()
    assert incident.steps.count() == 2


def test_the_verdict_is_kept_as_it_was(desk: Client, seed: LogHost) -> None:
    incident = opened(desk, attack_of())
    desk.post(f"/incidents/{incident.pk}/change/", {"status": "closed"})
    verdicts = list(incident.verdicts.all())
    assert [verdict.why for verdict in verdicts] == ["opened", "status"]
    assert verdicts[0].relaying in ("yes", "suspected")
    assert verdicts[0].rules_version
    assert verdicts[0].headline in text_of(desk, f"/incidents/{incident.pk}/")
    with pytest.raises(DatabaseError), transaction.atomic():
        incident.verdicts.update(headline="x")


def test_evidence_and_notes_are_removed_and_put_back(desk: Client, seed: LogHost) -> None:
    incident = opened(desk, MESSAGE)
    row = incident.evidence.get()
    path = f"/incidents/{incident.pk}/evidence/{row.pk}/"
    answer = desk.post(path, follow=True)
    assert "Undo" in answer.content.decode()
    row.refresh_from_db()
    assert row.removed_at
    desk.post(path, {"put_back": "1"})
    row.refresh_from_db()
    assert row.removed_at is None
    desk.post(path)
    desk.post("/incidents/add/", {**MESSAGE, "incident": str(incident.pk)})  # added again: put back
    row.refresh_from_db()
    assert row.removed_at is None
    desk.post(f"/incidents/{incident.pk}/notes/", {"text": "wrong"})
    note = incident.notes.get()
    desk.post(f"/incidents/{incident.pk}/notes/{note.pk}/")
    note.refresh_from_db()
    assert note.removed_at
    desk.post(f"/incidents/{incident.pk}/notes/{note.pk}/", {"put_back": "1"})
    note.refresh_from_db()
    assert note.removed_at is None
    assert desk.post(f"/incidents/{incident.pk}/notes/99/").status_code == 404
    assert desk.post(f"/incidents/{incident.pk}/evidence/99/").status_code == 404


def test_an_owner_is_somebody_who_may_see_it(desk: Client, ingested: Ingested, seed: LogHost) -> None:
    other = ingested(["2026-03-02 09:00:00 nothing"], "srv2").log_host
    somebody("otto", Role.HELPDESK, other)
    somebody("rolf", Role.READER)
    somebody("olga", Role.HELPDESK, seed)
    incident = opened(desk, MESSAGE)
    for name, status in (("otto", 400), ("rolf", 400), ("nobody-here", 400), ("olga", 302)):
        answer = desk.post(f"/incidents/{incident.pk}/change/", {"owner": name})
        assert answer.status_code == status, name
    incident.refresh_from_db()
    assert incident.owner
    assert incident.owner.username == "olga"


def test_notes_do_nothing_to_a_browser(desk: Client, seed: LogHost) -> None:
    incident = opened(desk, MESSAGE)
    text = (
        "**bold** <script>alert(1)</script> [x](javascript:alert(1)) ![p](https://evil.example/p.png)\n\n"
        "<img src=x onerror=alert(1)>\n\n[good](https://good.example/)\n\nA \u202e b"
    )
    desk.post(f"/incidents/{incident.pk}/notes/", {"text": text})
    page = text_of(desk, f"/incidents/{incident.pk}/")
    note = page.partition('class="markdown"')[2].partition("</article>")[0]
    assert "<strong>bold</strong>" in note
    assert '<a href="https://good.example/" rel="noopener noreferrer nofollow">good</a>' in note
    assert "<script" not in note
    assert "<img" not in note
    assert 'href="javascript' not in note
    assert "\u202e" not in note


# ---- the list


def test_the_list_is_filtered_and_its_filters_are_chips(desk: Client, helpdesk: User, seed: LogHost) -> None:
    first = opened(desk, MESSAGE, title="First case")
    second = opened(desk, attack_of(), title="Second case", severity="low")
    desk.post(f"/incidents/{second.pk}/change/", {"status": "closed", "owner": ""})
    for query, titles in (
        ("", {"First case", "Second case"}),
        ("status=closed", {"Second case"}),
        ("status=unsettled", {"First case"}),
        ("severity=low", {"Second case"}),
        ("owner=helen", {"First case"}),
        ("owner=-", {"Second case"}),
        ("log_host=srv1", {"First case", "Second case"}),
        ("text=first", {"First case"}),
        (f"text={MESSAGE_ID}", {"First case"}),
        ("text=nothing-like-it", set()),
    ):
        page = text_of(desk, f"/incidents/?{query}")
        found = {title for title in ("First case", "Second case") if title in page}
        assert found == titles, query
        assert ('class="chip"' in page) is bool(query)
    assert desk.get("/incidents/?status=nothing").status_code == 400
    assert first.pk != second.pk


def test_a_long_list_goes_on(desk: Client, helpdesk: User, seed: LogHost) -> None:
    for number in range(60):
        operations.open_incident(
            title=f"Case {number:02}", severity="low", log_host_ids=[seed.pk], opened_by=helpdesk, now=now()
        )
    page = text_of(desk, "/incidents/")
    older = re.search(r'href="(\?[^"]+)" rel="next"', page)
    assert older
    rest = text_of(desk, "/incidents/" + older[1].replace("&amp;", "&"))
    titles = re.findall(r"Case \d\d", page) + re.findall(r"Case \d\d", rest)
    assert len(set(titles)) == 60


def test_an_incident_without_evidence_is_opened_from_the_list(desk: Client, seed: LogHost) -> None:
    answer = desk.post("/incidents/open/", {"title": "By phone", "severity": "medium", "log_host": "srv1"})
    assert answer.status_code == 302
    assert Incident.objects.get().log_host_ids == [seed.pk]
    assert desk.post("/incidents/open/", {"title": "", "severity": "medium"}).status_code == 400
    desk.post("/incidents/open/", {"title": "Of all", "severity": "medium"})
    assert Incident.objects.latest("pk").log_host_ids is None
    text_of(desk, f"/incidents/{Incident.objects.latest('pk').pk}/")


def test_others_do_not_see_it(desk: Client, client_of: Any, ingested: Ingested, seed: LogHost) -> None:
    other = ingested(["2026-03-02 09:00:00 nothing"], "srv2").log_host
    otto = client_of(somebody("otto", Role.HELPDESK, other))
    olga = client_of(somebody("olga", Role.HELPDESK, seed))
    incident = opened(desk, MESSAGE, title="Xsecret")
    desk.post(f"/incidents/{incident.pk}/notes/", {"text": "x"})
    note, row = incident.notes.get().pk, incident.evidence.get().pk
    assert "Xsecret" not in text_of(otto, "/incidents/")
    assert "Xsecret" in text_of(olga, "/incidents/")
    base = f"/incidents/{incident.pk}/"
    for path in ("", "report/"):
        assert otto.get(base + path).status_code == 404
        assert olga.get(base + path).status_code == 200
    for path in ("change/", "notes/", f"notes/{note}/", f"evidence/{row}/", "report/"):
        assert otto.post(base + path, {"text": "x"}).status_code == 404, path
    assert otto.get("/incidents/add/", MESSAGE).status_code == 400
    more = {"what": "search", "query": "log_host=srv2&q=nothing&kind=text", "incident": str(incident.pk)}
    desk.post("/incidents/add/", more)
    incident.refresh_from_db()
    assert incident.log_host_ids == [seed.pk, other.pk]
    assert olga.get(base).status_code == 404  # it is of both now


def test_two_who_add_the_same_add_it_once(helpdesk: User, seed: LogHost) -> None:
    incident = operations.open_incident(
        title="x", severity="low", log_host_ids=[seed.pk], opened_by=helpdesk, now=now()
    )
    message = Message.objects.select_related("log_host").get()
    for _ in range(2):
        operations.add_evidence(incident.pk, [of_message(message)], by=helpdesk, now=now())
    assert IncidentEvidence.objects.count() == 1
