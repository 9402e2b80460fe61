"""Who looked at whose mail, and who changed what: written, kept, and shown to those who may see it."""

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from ingest import granted
from ingest.models import LogHost
from mailwatch import trail
from mailwatch.models import Role, SharedReport, TrailEntry
from mailwatch.operations.trail import forget_old
from mailwatch.recorded import RECORDED, NotRecorded
from tests.web.conftest import QUIET, Ingested, somebody
from tests.web.test_access import patterns

pytestmark = pytest.mark.django_db


def entries(**of: object) -> list[TrailEntry]:
    """Oldest first, without who signed in."""
    with granted.everything():
        return list(TrailEntry.objects.exclude(kind="sign-in").filter(**of).order_by("id"))


def last() -> TrailEntry:
    return entries()[-1]


def test_every_address_says_what_is_recorded_of_it_or_why_nothing_is() -> None:
    assert {pattern.name for pattern in patterns()} == RECORDED.keys()
    assert all(one.why for one in RECORDED.values() if isinstance(one, NotRecorded))


LOOKS = [
    ("/search/?q=Anna@example.org&status=delivered", "search", "Anna@example.org", ["anna@example.org"]),
    ("/search/?q=viagra", "search", "viagra", []),
    ("/addresses/anna@example.org/", "view", "anna@example.org", ["anna@example.org"]),
    ("/accounts/anna/", "view", "anna", []),
    ("/senders/198.51.100.7/", "view", "198.51.100.7", []),
    ("/networks/198.51.100.7/24/", "view", "198.51.100.7/24", []),
    ("/domains/example.org/", "view", "example.org", []),
    ("/search/?q=anna@example.org&format=csv", "export", "anna@example.org", ["anna@example.org"]),
    ("/relays/?format=json", "export", "", []),
]


@pytest.mark.parametrize(("path", "kind", "subject", "whose"), LOOKS)
def test_a_look_is_recorded(
    desk: Client, ingested: Ingested, path: str, kind: str, subject: str, whose: list[str]
) -> None:
    ingested(QUIET)
    before = now() - timedelta(seconds=5)
    desk.get(path, REMOTE_ADDR="192.0.2.8")
    (entry,) = entries()
    assert (entry.kind, entry.subject, entry.whose) == (kind, subject, whose)
    assert (entry.username, entry.address) == ("helen", "192.0.2.8")
    assert entry.outcome in ("done", "nothing")
    assert before <= entry.at <= now()


def test_the_filters_of_a_search_are_kept_and_not_how_far_somebody_leafed(
    desk: Client, seed: LogHost
) -> None:
    desk.get("/search/?q=hotmail.co.uk&status=delivered&after=xyz&log_host=srv1")
    assert last().details == {"status": "delivered", "log_host": "srv1"}


def test_a_message_is_found_by_the_people_in_it(desk: Client, master: Client, ingested: Ingested) -> None:
    ingested(QUIET)
    desk.get("/messages/srv1/1adZ3M-0007sb-Pz/")
    assert last().whose == ["friend@partner.example", "anna@example.org"]
    assert last().subject == "srv1 1adZ3M-0007sb-Pz"
    desk.get("/addresses/other@example.org/")
    page = desk.get("/trail/?about=Anna@example.org").content.decode()
    assert "1adZ3M-0007sb-Pz" in page
    assert "other@example.org" not in page


def test_who_looks_for_what_is_not_there_found_nothing(desk: Client, seed: LogHost) -> None:
    assert desk.get("/messages/srv1/1zzzzz-0007sb-Pz/").status_code == 404
    assert (last().subject, last().outcome) == ("srv1 1zzzzz-0007sb-Pz", "nothing")


def test_the_same_look_within_a_minute_is_one_entry_and_another_is_another(
    desk: Client, seed: LogHost
) -> None:
    for _ in range(3):
        desk.get("/senders/129.137.152.170/")
    desk.get("/senders/129.137.152.170/", headers={"HX-Request": "true"})
    assert len(entries()) == 1
    desk.get("/senders/129.137.152.170/?range=day")
    assert len(entries()) == 2


def test_what_is_refused_is_recorded(
    reader: User, client_of: Callable[[User], Client], seed: LogHost
) -> None:
    client_of(reader).post("/log-hosts/srv1/allow/", {"rule": "R01"})
    assert (last().kind, last().outcome, last().username) == ("setting", "refused", "rita")


def test_who_signs_in_fails_to_and_signs_out(helpdesk: User, client: Client) -> None:
    answer = {"username": "helen", "password": "wrong"}
    client.post("/login/", answer)
    client.post("/login/", {"username": "hunter2-typed-in-the-wrong-place", "password": "x"})
    client.post("/login/", {**answer, "password": "long-enough-password"})
    client.post("/logout/")
    with granted.everything():
        found = [(one.kind, one.outcome, one.username) for one in TrailEntry.objects.order_by("id")]
    assert found == [
        ("sign-in", "failed", "helen"),
        ("sign-in", "failed", ""),
        ("sign-in", "done", "helen"),
        ("sign-out", "done", "helen"),
    ]
    with granted.everything():
        assert "hunter2" not in repr(list(TrailEntry.objects.values()))


# ---- changes


def test_a_change_tells_what_was_and_what_is(master: Client, seed: LogHost) -> None:
    master.post("/log-hosts/srv1/", {"local_domains": "example.org\nexample.net", "retention_days": "30"})
    entry = last()
    assert (entry.kind, entry.page, entry.subject) == ("setting", "log_host", "srv1")
    assert entry.details["local_domains"] == [[], ["example.net", "example.org"]]
    assert entry.details["retention_days"] == [None, 30]
    assert entry.log_host_ids == [seed.pk]


def test_a_role_that_is_given_is_told_with_the_one_before(
    admin: User, client_of: Callable[[User], Client], reader: User
) -> None:
    client_of(admin).post(f"/users/{reader.pk}/", {"role": "postmaster", "reads": "all"})
    assert (last().kind, last().subject, last().details) == (
        "people",
        "rita",
        {"role": ["reader", "postmaster"]},
    )


def test_what_waited_until_somebody_showed_who_they_are_is_recorded_once_it_is_done(
    admin: User, client: Client, reader: User
) -> None:
    client.force_login(admin)
    waits = client.post(f"/users/{reader.pk}/", {"role": "postmaster", "reads": "all"})
    assert waits.status_code == 302
    assert entries() == []
    client.post(waits["Location"], {"password": "long-enough-password"})
    assert (last().page, last().subject, last().details) == (
        "user",
        "rita",
        {"role": ["reader", "postmaster"]},
    )


def test_a_form_that_is_not_taken_changes_nothing_and_is_not_recorded(master: Client, seed: LogHost) -> None:
    assert master.post("/log-hosts/srv1/", {"trusted_networks": "nonsense"}).status_code == 422
    assert entries() == []


def test_no_secret_is_kept(
    admin: User, client_of: Callable[[User], Client], master: Client, seed: LogHost
) -> None:
    secret = "correct-horse-battery"
    master.post(
        "/sources/", {"url": "sftp://mail.example/var/log/exim4/", "log_host": "srv1", "password": secret}
    )
    chief = client_of(admin)
    chief.post(
        "/security/password/",
        {"oldpassword": "long-enough-password", "password1": secret, "password2": secret},
    )
    master.post(
        "/share/",
        {"kind": "report", "log_host": "srv1", "redaction": "masked", "days": "3", "password": secret},
    )
    assert len(entries()) >= 2
    with granted.everything():
        assert secret not in repr(list(TrailEntry.objects.values()))


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_recorded_is_not_done(
    postmaster: User, client_of: Callable[[User], Client], seed: LogHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("no room")

    master = client_of(postmaster)
    master.raise_request_exception = False
    monkeypatch.setattr(trail, "write", full)
    assert master.post("/log-hosts/srv1/", {"local_domains": "example.org"}).status_code == 500
    with granted.everything():
        assert LogHost.objects.get().local_domains == []
    assert master.get("/addresses/anna@example.org/").status_code == 500


def test_a_link_that_is_made_opened_and_withdrawn(desk: Client, seed: LogHost) -> None:
    made = desk.post("/share/", {"kind": "report", "log_host": "srv1", "redaction": "masked", "days": "3"})
    Client().post(made.context["url"].replace("http://testserver", ""), REMOTE_ADDR="203.0.113.77")
    with granted.everything():
        report = SharedReport.objects.get()
    desk.post(f"/shares/{report.pk}/revoke/")
    found = [(one.kind, one.username, one.subject) for one in entries()]
    assert found == [
        ("share", "helen", report.title),
        ("opening", "", report.title),
        ("share", "helen", str(report.pk)),
    ]
    assert entries()[1].address == "203.0.113.77"
    assert made.context["url"].rsplit("/", 2)[1] not in repr([vars(one) for one in entries()])


# ---- kept


def test_nobody_changes_an_entry_nor_deletes_one(desk: Client, seed: LogHost) -> None:
    desk.get("/senders/129.137.152.170/")
    for statement in (
        "UPDATE mailwatch_trailentry SET username = 'somebody else'",
        "DELETE FROM mailwatch_trailentry",
    ):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            connection.cursor().execute(statement)
    assert last().username == "helen"


def test_old_entries_are_deleted_by_age_alone(desk: Client, seed: LogHost) -> None:
    desk.get("/senders/129.137.152.170/")
    with override_settings(MAILWATCH_TRAIL_DAYS=30), granted.everything():
        assert forget_old(now=now() + timedelta(days=29)) == 0
        assert forget_old(now=now() + timedelta(days=31)) >= 1
    with override_settings(MAILWATCH_TRAIL_DAYS=0):
        assert forget_old(now=now() + timedelta(days=9999)) == 0
    assert entries() == []


def test_an_entry_outlives_its_user(helpdesk: User, desk: Client, seed: LogHost) -> None:
    desk.get("/senders/129.137.152.170/")
    helpdesk.delete()
    assert last().username == "helen"


# ---- shown


def test_people_see_their_own_and_administrators_all(
    desk: Client, admin: User, master: Client, client_of: Callable[[User], Client], seed: LogHost
) -> None:
    desk.get("/addresses/first@example.org/")
    master.get("/addresses/second@example.org/")
    own = desk.get("/trail/").content.decode()
    assert "first@example.org" in own
    assert "second@example.org" not in own
    assert "petra" not in desk.get("/trail/?user=petra").content.decode().split("</form>")[-1]
    everything = client_of(admin).get("/trail/").content.decode()
    assert "first@example.org" in everything
    assert "second@example.org" in everything
    only = client_of(admin).get("/trail/?user=petra").content.decode()
    assert "first@example.org" not in only


def test_an_administrator_of_one_log_host_sees_nothing_of_another_organisation(
    ingested: Ingested, client_of: Callable[[User], Client]
) -> None:
    one, other = ingested(QUIET, "one").log_host, ingested(QUIET, "other").log_host
    theirs = client_of(somebody("theirs", Role.HELPDESK, other))
    theirs.get("/addresses/anna@example.org/")
    theirs.get("/messages/other/1adZ3M-0007sb-Pz/")
    theirs.post("/login/", {"username": "theirs", "password": "wrong"})
    chief = client_of(somebody("chief", Role.ADMINISTRATOR, one))
    paths = (
        "/trail/",
        "/trail/?format=csv",
        "/trail/?log_host=other",
        "/trail/?about=anna",
        "/trail/?user=theirs",
    )
    for path in paths:  # the last is recorded as their own question
        text = b"".join(chief.get(path)).decode()
        assert "1adZ3M" not in text
        assert "theirs" not in text.replace("user=theirs", "").replace('value="theirs"', "")
    assert b"1adZ3M" in b"".join(client_of(somebody("all", Role.ADMINISTRATOR)).get("/trail/"))


def test_pages_of_entries_and_the_whole_as_a_file(
    admin: User,
    desk: Client,
    client_of: Callable[[User], Client],
    seed: LogHost,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mailwatch.queries.trail.ROWS", 3)
    monkeypatch.setattr("mailwatch.queries.trail._AT_ONCE", 2)
    for number in range(8):
        desk.get(f"/addresses/a{number}@example.org/")
    chief = client_of(admin)
    seen: list[str] = []
    path = "/trail/?kind=view&user=helen"
    while path:
        page = chief.get(path).context["page"]
        seen += [row.entry.subject for row in page.rows]
        path = f"/trail/?kind=view&user=helen&before={page.older}" if page.older else ""
    assert seen == [f"a{number}@example.org" for number in reversed(range(8))]
    text = b"".join(chief.get("/trail/?kind=view&user=helen&format=csv")).decode()
    assert [row["about"] for row in csv.DictReader(io.StringIO(text))] == seen
    told = json.loads(b"".join(chief.get("/trail/?kind=view&user=helen&format=json")))
    assert [row["about"] for row in told["trail"]] == seen
    assert (last().kind, last().page) == ("export", "trail")


def test_hostile_subjects_are_harmless(desk: Client, seed: LogHost) -> None:
    evil = '=cmd|"/c calc"!A1<script>alert(1)</script>\u202e'
    desk.get("/search/", {"q": evil, "x" * 90: "\0 \\u0000" + "y" * 5000})
    page = desk.get("/trail/").content.decode()
    assert "<script>alert" not in page
    assert "\u202e" not in page
    text = b"".join(desk.get("/trail/?format=csv")).decode()
    assert not [
        cell for row in csv.reader(io.StringIO(text)) for cell in row if cell.startswith(("=", "+", "@"))
    ]


def test_a_page_takes_one_statement_more(desk: Client, seed: LogHost) -> None:
    desk.get("/senders/129.137.152.170/")
    with CaptureQueriesContext(connection) as taken:
        desk.get("/senders/129.137.152.170/")
    assert sum("mailwatch_trailentry" in query["sql"] for query in taken.captured_queries) == 1


def test_bad_filters_are_told(desk: Client, seed: LogHost) -> None:
    page = desk.get("/trail/?since=yesterday-ish")
    assert page.status_code == 400
    assert "is no time" in page.content.decode()
