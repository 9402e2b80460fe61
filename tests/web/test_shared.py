"""Reports handed on: freezing one, what an outsider sees, how long, and who may withdraw it."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.timezone import now

from ingest.models import LogHost, LogPage, Message, Suspect
from mailwatch.models import Role, SharedReport
from mailwatch.operations import sharing
from mailwatch.queries.ranges import Range
from tests.web.conftest import Ingested, somebody

MESSAGE_ID = "1adXzZ-0007sb-Pz"
PERSONAL = (
    "2026-03-09 07:53:12 1vzCVM-00000000001-0001 <= hubert@example.org H=(pc) [192.0.2.7] A=plain:gerda"
    ' S=9 id=k1@pc T="Invoice for wilma"',
    "2026-03-09 07:53:14 1vzCVM-00000000001-0001 => wilma.k@a.example R=dns T=smtp H=mx.a.example [192.0.2.9]"
    ' C="250 wilma.k is welcome"',
    "2026-03-09 07:53:14 1vzCVM-00000000001-0001 Completed",
)


def share_report(desk: Client, **terms: object) -> SharedReport:
    answer = desk.post("/share/", {"kind": "report", **terms})
    assert answer.status_code == 302, answer.content.decode()
    return SharedReport.objects.latest("pk")


def link(report: SharedReport) -> str:
    return f"/shared/{report.token}/"


# -- freezing


def test_the_report_is_frozen_for_seven_days_with_names_masked(desk: Client, seed: LogHost) -> None:
    report = share_report(desk, log_host="srv1")
    assert report.expires_at - report.frozen_at == timedelta(days=7)
    assert report.redaction == "masked"
    assert report.rules_version >= 1
    assert [host["log_host"] for host in report.snapshot["hosts"]] == ["srv1"]
    assert "kamikaze" not in json.dumps(report.snapshot)


def test_whoever_shares_may_choose_the_days_and_full_names(desk: Client, seed: LogHost) -> None:
    report = share_report(desk, log_host="srv1", days=31, redaction="full")
    assert report.expires_at - report.frozen_at == timedelta(days=31)
    assert "kamikaze_****@hotmail.co.uk" in json.dumps(report.snapshot)


@pytest.mark.parametrize(
    "terms",
    [
        pytest.param({"days": 32}, id="more than 31 days"),
        pytest.param({"days": 0}, id="no day"),
        pytest.param({"days": "week"}, id="no number"),
        pytest.param({"redaction": "some"}, id="unknown redaction"),
        pytest.param({"kind": "everything"}, id="unknown kind"),
        pytest.param({"kind": "message"}, id="a message without its id"),
        pytest.param({"log_host": "nowhere"}, id="unknown log host"),
        pytest.param({"since": "yesterday"}, id="no time"),
    ],
)
def test_bad_input_is_refused_with_a_reason(desk: Client, seed: LogHost, terms: dict[str, object]) -> None:
    answer = desk.post("/share/", {"kind": "report", "log_host": "srv1", **terms})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert not SharedReport.objects.exists()


def test_without_any_log_there_is_nothing_to_share(desk: Client) -> None:
    answer = desk.post("/share/", {"kind": "report"})
    assert answer.status_code == 400
    assert "nothing to share" in answer.content.decode()


def test_a_message_that_is_not_there_cannot_be_shared(desk: Client, seed: LogHost) -> None:
    terms = {"kind": "message", "log_host": "srv1", "message_id": "1adXzZ-0007sb-ZZ"}
    assert desk.post("/share/", terms).status_code == 404


def test_the_link_on_a_page_opens_the_form_for_what_it_shows(desk: Client, seed: LogHost) -> None:
    page = desk.get(f"/share/?log_host=srv1&message_id={MESSAGE_ID}").content.decode()
    assert f"Message <code>{MESSAGE_ID}</code> of srv1" in page
    assert '<input type="hidden" name="kind" value="message"' in page


def test_the_range_of_the_page_is_frozen_with_it(desk: Client, seed: LogHost) -> None:
    report = share_report(desk, log_host="srv1", since="2016-03-09T08:00", until="2016-03-09T09:00")
    (host,) = report.snapshot["hosts"]
    assert (host["since"], host["until"]) == ("2016-03-09T08:00:00+01:00", "2016-03-09T09:00:00+01:00")


def test_only_somebody_signed_in_can_share(seed: LogHost) -> None:
    assert Client().post("/share/", {"kind": "report"})["Location"].startswith("/login/")
    assert not SharedReport.objects.exists()


def test_no_name_of_a_message_is_stored_when_masked(desk: Client, ingested: Ingested) -> None:
    ingested(PERSONAL, "srv1")
    report = share_report(desk, kind="message", log_host="srv1", message_id="1vzCVM-00000000001-0001")
    stored = json.dumps(report.snapshot)
    assert [name for name in ("hubert", "gerda", "wilma", "Invoice", "k1@pc") if name in stored] == []
    assert "sender 1@example.org" in stored
    assert "recipient 1@a.example" in stored


def test_login_names_that_were_tried_are_not_stored_when_masked(desk: Client, ingested: Ingested) -> None:
    people = ("hubert", "gerda", "wilma", "norbert", "ottilie", "kunigunde")
    ingested(
        [
            f"2026-03-09 07:5{minute}:0{number} login authenticator failed for (pc) [192.0.2.7]:"
            f" 535 Incorrect authentication data (set_id={person})"
            for minute in range(2)
            for number, person in enumerate(people)
        ]
    )
    full = json.dumps(share_report(desk, log_host="srv1", redaction="full").snapshot)
    masked = json.dumps(share_report(desk, log_host="srv1").snapshot)
    assert [person for person in people if person in full]
    assert [person for person in people if person in masked] == []


# -- what an outsider sees


def test_an_outsider_reads_the_report_without_login(desk: Client, seed: LogHost) -> None:
    page = Client().get(link(share_report(desk, log_host="srv1")))
    text = page.content.decode()
    assert page.status_code == 200
    assert "129.137.152.170" in text
    assert '<span class="masked">recipient 1</span>@hotmail.co.uk' in text


def test_an_outsider_reads_a_message_line_by_line(desk: Client, seed: LogHost) -> None:
    report = share_report(desk, kind="message", log_host="srv1", message_id=MESSAGE_ID)
    text = Client().get(link(report)).content.decode()
    assert text.count('<code class="raw">') == 4
    assert "23 min 45 s in the queue" in text


def test_an_outsiders_page_stays_out_of_search_engines_caches_and_referrers(
    desk: Client, seed: LogHost
) -> None:
    page = Client().get(link(share_report(desk, log_host="srv1")))
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["Cache-Control"] == "no-store"
    assert not page.cookies
    assert "Cookie" not in page.get("Vary", "")


@pytest.mark.parametrize("kind", ["report", "message"])
def test_an_outsiders_page_has_no_link_into_the_site(desk: Client, seed: LogHost, kind: str) -> None:
    report = share_report(desk, kind=kind, log_host="srv1", message_id=MESSAGE_ID)
    text = Client().get(link(report)).content.decode()
    links = [part.split('"', 1)[0] for part in text.split(' href="')[1:]]
    assert [target for target in links if target[:1] not in "#?" and "static" not in target] == []
    assert "<form" not in text


def test_the_document_can_be_fetched_as_json(desk: Client, seed: LogHost) -> None:
    report = share_report(desk, log_host="srv1")
    answer = Client().get(link(report) + "?format=json")
    document = answer.json()
    assert answer["Content-Disposition"] == f'attachment; filename="mailwatch-{report.pk}.json"'
    assert answer["Cache-Control"] == "no-store"
    assert document["rules_version"] == report.rules_version
    assert document["suspects"] == report.snapshot["suspects"]


def test_the_report_survives_the_log(desk: Client, seed: LogHost) -> None:
    report = share_report(desk, log_host="srv1")
    before = Client().get(link(report)).content
    for table in (Message, LogPage, Suspect):
        table.objects.all().delete()
    assert Client().get(link(report)).content == before


def test_reading_a_shared_report_touches_no_table_of_the_log(
    desk: Client, seed: LogHost, django_assert_num_queries: Callable[..., object]
) -> None:
    report = share_report(desk, log_host="srv1")
    with django_assert_num_queries(3) as queries:  # type: ignore[attr-defined]
        Client().get(link(report))
    assert [query["sql"] for query in queries.captured_queries if "ingest_" in query["sql"]] == []


def test_hostile_text_stays_text(desk: Client, ingested: Ingested) -> None:
    ingested(
        (
            "2026-03-09 07:53:12 1vzCVM-00000000001-0001 <= x@a.example"
            " H=(<script>alert(1)</script>) [192.0.2.7] P=esmtpa A=plain: S=9",
        )
    )
    report = share_report(
        desk, kind="message", log_host="srv1", message_id="1vzCVM-00000000001-0001", redaction="full"
    )
    assert "<script>alert" not in Client().get(link(report)).content.decode()


def test_what_was_refused_everywhere_reads_no(desk: Client, ingested: Ingested) -> None:
    ingested(
        (
            "2016-03-09 09:00:00 H=(probe) [203.0.113.9] F=<one@foreign.example> rejected RCPT"
            " <victim@elsewhere.example>: relay not permitted",
        )
    )
    report = share_report(desk, log_host="srv1")
    assert Client().get(link(report)).status_code == 200
    assert "victim" not in json.dumps(report.snapshot)


# -- how long


def closed(report: SharedReport, how: str) -> str:
    """The address of a link that is not open, for one of the reasons."""
    match how:
        case "ended":
            SharedReport.objects.filter(pk=report.pk).update(expires_at=now() - timedelta(seconds=1))
        case "withdrawn":
            sharing.revoke(report=report, revoked_by=User.objects.get(), now=now())
        case "unknown":
            return f"/shared/{'x' * 43}/"
        case "cut short":
            return f"/shared/{report.token[:-1]}/"
    return link(report)


@pytest.mark.parametrize("how", ["ended", "withdrawn", "unknown", "cut short"])
@pytest.mark.parametrize("query", ["", "?format=json"])
def test_a_closed_link_says_the_same_whatever_closed_it(
    desk: Client, seed: LogHost, how: str, query: str
) -> None:
    answer = Client().get(closed(share_report(desk, log_host="srv1"), how) + query)
    nothing = Client().get(f"/shared/{'y' * 43}/")
    assert answer.status_code == nothing.status_code == 404
    assert answer.content == nothing.content
    assert dict(answer.headers) == dict(nothing.headers)
    assert "no longer open" in answer.content.decode()


def test_a_withdrawn_report_loses_its_contents(desk: Client, seed: LogHost) -> None:
    report = share_report(desk, log_host="srv1")
    desk.post(f"/shares/{report.pk}/revoke/")
    report.refresh_from_db()
    assert report.snapshot == {}
    assert report.revoked_by is not None


def test_an_ended_report_loses_its_contents_when_the_next_is_shared(desk: Client, seed: LogHost) -> None:
    ended = share_report(desk, log_host="srv1")
    closed(ended, "ended")
    share_report(desk, log_host="srv1")
    ended.refresh_from_db()
    assert ended.snapshot == {}


def test_no_link_can_be_made_for_longer_than_31_days(helpdesk: User, seed: LogHost) -> None:
    with pytest.raises(ValueError, match="1 to 31 days"):
        sharing.freeze_report(
            log_host=seed, asked=Range(), redaction="masked", days=32, made_by=helpdesk, now=now()
        )


# -- the list


def test_the_list_shows_the_link_to_copy_and_how_often_it_was_opened(desk: Client, seed: LogHost) -> None:
    report = share_report(desk, log_host="srv1")
    Client().get(link(report))
    Client().head(link(report))
    text = desk.get("/shares/").content.decode()
    assert f"http://testserver{link(report)}" in text
    assert '<td role="cell" class="num" data-label="Opened">1</td>' in text


def test_whoever_made_it_withdraws_it(desk: Client, seed: LogHost) -> None:
    report = share_report(desk, log_host="srv1")
    assert desk.post(f"/shares/{report.pk}/revoke/").status_code == 302
    assert Client().get(link(report)).status_code == 404


def test_an_administrator_withdraws_what_others_shared(
    desk: Client, seed: LogHost, admin: User, client_of: Callable[[User], Client]
) -> None:
    report = share_report(desk, log_host="srv1")
    assert client_of(admin).post(f"/shares/{report.pk}/revoke/").status_code == 302
    assert not SharedReport.objects.open_at(now()).exists()


def test_another_helpdesk_user_may_not_withdraw_it(
    desk: Client, seed: LogHost, client_of: Callable[[User], Client]
) -> None:
    report = share_report(desk, log_host="srv1")
    other = client_of(somebody("olaf", Role.HELPDESK))
    assert other.post(f"/shares/{report.pk}/revoke/").status_code == 403
    assert "Withdraw" not in other.get("/shares/").content.decode()
    assert Client().get(link(report)).status_code == 200


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_link_is_not_withdrawn_by_looking_at_it(desk: Client, seed: LogHost, method: str) -> None:
    report = share_report(desk, log_host="srv1")
    assert getattr(desk, method)(f"/shares/{report.pk}/revoke/").status_code == 405


def test_withdrawing_what_is_not_there_is_not_found(desk: Client) -> None:
    assert desk.post("/shares/1/revoke/").status_code == 404


def test_a_long_list_goes_on_by_the_last_one_shown(desk: Client, helpdesk: User) -> None:
    made = {"kind": "report", "redaction": "masked", "log_hosts": "srv1", "rules_version": 1, "snapshot": {}}
    times = {"frozen_at": now(), "expires_at": now() + timedelta(days=7), "made_by": helpdesk}
    for number in range(51):
        SharedReport.objects.create(title=f"Report number {number}.", **made, **times)
    first = desk.get("/shares/").content.decode()
    oldest_shown = SharedReport.objects.order_by("pk")[1]
    assert "Report number 0." not in first
    assert f"?before={oldest_shown.pk}" in first
    assert "Report number 0." in desk.get(f"/shares/?before={oldest_shown.pk}").content.decode()


def test_the_list_asks_the_database_as_often_for_many_links_as_for_one(
    desk: Client, seed: LogHost, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for _ in range(3):
        share_report(desk, log_host="srv1")
    with django_assert_max_num_queries(4):  # type: ignore[attr-defined]
        desk.get("/shares/")
