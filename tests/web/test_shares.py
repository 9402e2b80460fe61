"""Links to frozen reports, for those who make them: what is frozen, the list, who opened one, the switch for all."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from ingest.models import LogHost
from mailwatch.models import Role, SharedReport, SharingStop
from mailwatch.operations import sharing
from mailwatch.operations.sharing import Terms
from mailwatch.queries.ranges import Range
from tests.web.conftest import Ingested, somebody
from tests.web.links import MESSAGE_ID, reveal, share, share_message, text_of

PERSONAL = (
    "2026-03-09 07:53:12 1vzCVM-00000000001-0001 <= hubert@example.org H=(pc) [192.0.2.7] A=plain:gerda"
    ' S=9 id=k1@pc T="Invoice for wilma"',
    "2026-03-09 07:53:14 1vzCVM-00000000001-0001 => wilma.k@a.example R=dns T=smtp H=mx.a.example [192.0.2.9]"
    ' C="250 wilma.k is welcome"',
    "2026-03-09 07:53:14 1vzCVM-00000000001-0001 Completed",
)


# -- freezing


def test_the_report_is_frozen_for_seven_days_with_names_masked(desk: Client, seed: LogHost) -> None:
    link = share(desk, log_host="srv1")
    assert link.report.expires_at - link.report.frozen_at == timedelta(days=7)
    assert link.report.redaction == "masked"
    assert link.report.rules_version >= 1
    assert [host["log_host"] for host in link.snapshot["hosts"]] == ["log host 1"]
    assert link.report.title == "Relays of log host 1"
    assert "srv1 · Mailbox names masked" in desk.get("/shares/").content.decode()
    assert "kamikaze" not in json.dumps(link.snapshot)


def test_whoever_shares_may_choose_the_days_and_full_names(desk: Client, seed: LogHost) -> None:
    link = share(desk, log_host="srv1", days=31, redaction="full")
    assert link.report.expires_at - link.report.frozen_at == timedelta(days=31)
    assert "kamikaze_****@hotmail.co.uk" in json.dumps(link.snapshot)


@pytest.mark.parametrize(
    "terms",
    [
        pytest.param({"days": 32}, id="more than 31 days"),
        pytest.param({"days": 0}, id="no day"),
        pytest.param({"days": "week"}, id="no number"),
        pytest.param({"most_views": 0}, id="no view"),
        pytest.param({"most_views": "many"}, id="no number of views"),
        pytest.param({"password": "short"}, id="a password that is guessed soon"),
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
    link = share(desk, log_host="srv1", since="2016-03-09T08:00", until="2016-03-09T09:00")
    (host,) = link.snapshot["hosts"]
    assert (host["since"], host["until"]) == ("2016-03-09T08:00:00+01:00", "2016-03-09T09:00:00+01:00")


def test_only_somebody_signed_in_can_share(seed: LogHost) -> None:
    assert Client().post("/share/", {"kind": "report"})["Location"].startswith("/login/")
    assert not SharedReport.objects.exists()


def test_no_name_of_a_message_is_stored_when_masked(desk: Client, ingested: Ingested) -> None:
    ingested(PERSONAL, "srv1")
    link = share_message(desk, "1vzCVM-00000000001-0001")
    stored = json.dumps(link.snapshot)
    assert [name for name in ("hubert", "gerda", "wilma", "Invoice", "k1@pc") if name in stored] == []
    assert "sender 1@example.org" in stored
    assert "recipient 1@a.example" in stored


def test_login_names_that_were_tried_are_stored_at_no_level(desk: Client, ingested: Ingested) -> None:
    people = ("hubert", "gerda", "wilma", "norbert", "ottilie", "kunigunde")
    ingested(
        [
            f"2026-03-09 07:5{minute}:0{number} login authenticator failed for (pc) [192.0.2.7]:"
            f" 535 Incorrect authentication data (set_id={person})"
            for minute in range(2)
            for number, person in enumerate(people)
        ]
    )
    for redaction in ("full", "masked", "pseudonyms"):
        stored = json.dumps(share(desk, log_host="srv1", redaction=redaction).snapshot)
        assert "account 1" in stored
        assert [person for person in people if person in stored] == []


# -- how long


def test_no_link_can_be_made_for_longer_than_31_days(helpdesk: User, seed: LogHost) -> None:
    terms = Terms(redaction="masked", days=32, made_by=helpdesk, now=now())
    with pytest.raises(ValueError, match="1 to 31 days"):
        sharing.freeze_report(log_host=seed, asked=Range(), terms=terms)


def test_the_days_of_a_link_are_settings(desk: Client, seed: LogHost, settings: Settings) -> None:
    settings.MAILWATCH_SHARE_DAYS = 3
    settings.MAILWATCH_SHARE_MOST_DAYS = 5
    report = share(desk, log_host="srv1").report
    assert report.expires_at - report.frozen_at == timedelta(days=3)
    refused = desk.post("/share/", {"kind": "report", "log_host": "srv1", "days": 6})
    assert (refused.status_code, "1 to 5" in refused.content.decode()) == (400, True)


# -- the link is shown once


def test_the_link_is_shown_to_its_maker_and_kept_nowhere(desk: Client, seed: LogHost) -> None:
    answer = desk.post("/share/", {"kind": "report", "log_host": "srv1"})
    assert answer["Cache-Control"] == "no-store"
    link = share(desk, log_host="srv1")
    token = link.path.split("/")[2]
    row = SharedReport.objects.values().get(pk=link.report.pk)
    assert token not in json.dumps(row, default=str)
    assert row["token_digest"] == hashlib.sha256(token.encode()).hexdigest()
    for page in ("/shares/", f"/shares/{link.report.pk}/"):
        assert "/shared/" not in desk.get(page).content.decode()


def test_those_inside_look_at_a_copy_without_its_link_and_are_not_counted(
    desk: Client, seed: LogHost
) -> None:
    link = share(desk, log_host="srv1")
    page = desk.get(f"/shares/{link.report.pk}/copy/")
    assert "129.137.152.170" in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    link.report.refresh_from_db()
    assert link.report.views == 0
    for kind in ("html", "json", "csv"):
        file = desk.get(f"/shares/{link.report.pk}/copy/?format={kind}")
        assert f"mailwatch-{link.report.pk}.{kind}" in file["Content-Disposition"]


def test_a_stranger_does_not_look_at_a_copy(desk: Client, seed: LogHost) -> None:
    link = share(desk, log_host="srv1")
    assert Client().get(f"/shares/{link.report.pk}/copy/")["Location"].startswith("/login/")


def test_a_copy_of_what_is_withdrawn_is_not_there(desk: Client, seed: LogHost) -> None:
    link = share(desk, log_host="srv1")
    desk.post(f"/shares/{link.report.pk}/revoke/")
    assert desk.get(f"/shares/{link.report.pk}/copy/").status_code == 404
    assert "Its contents are gone" in desk.get(f"/shares/{link.report.pk}/").content.decode()


# -- the list, and who opened one


def test_the_list_tells_how_often_a_link_was_opened(desk: Client, seed: LogHost) -> None:
    link = share(desk, log_host="srv1", most_views=5)
    Client().get(link.path)
    Client().head(link.path)
    reveal(link.path)
    assert 'data-label="Opened">1 of 5</td>' in desk.get("/shares/").content.decode()


def test_each_opening_is_told_with_time_network_and_browser(desk: Client, seed: LogHost) -> None:
    link = share(desk, log_host="srv1")
    stranger = Client(headers={"User-Agent": "<b>Curl</b>/8"}, REMOTE_ADDR="203.0.113.77")
    stranger.post(link.path)
    Client(REMOTE_ADDR="2001:db8:1:2::9").post(link.path)
    text = desk.get(f"/shares/{link.report.pk}/").content.decode()
    assert "203.0.113.0/24" in text
    assert "2001:db8:1::/48" in text
    assert "203.0.113.77" not in text
    assert "&lt;b&gt;Curl&lt;/b&gt;/8" in text


def test_behind_a_proxy_the_reader_is_who_the_proxy_names(
    desk: Client, seed: LogHost, settings: Settings
) -> None:
    settings.MAILWATCH_PROXIES = 1
    link = share(desk, log_host="srv1")
    claimed = Client(headers={"X-Forwarded-For": "192.0.2.1, 198.51.100.7"}, REMOTE_ADDR="127.0.0.1")
    claimed.post(link.path)
    assert link.report.openings.get().network == "198.51.100.0"


def test_whoever_made_it_withdraws_it(desk: Client, seed: LogHost) -> None:
    link = share(desk, log_host="srv1")
    assert desk.post(f"/shares/{link.report.pk}/revoke/").status_code == 302
    assert reveal(link.path).status_code == 404


def test_an_administrator_withdraws_what_others_shared(
    desk: Client, seed: LogHost, admin: User, client_of: Callable[[User], Client]
) -> None:
    link = share(desk, log_host="srv1")
    assert client_of(admin).post(f"/shares/{link.report.pk}/revoke/").status_code == 302
    assert not SharedReport.objects.open_at(now()).exists()


def test_another_helpdesk_user_may_not_withdraw_it(
    desk: Client, seed: LogHost, client_of: Callable[[User], Client]
) -> None:
    link = share(desk, log_host="srv1")
    other = client_of(somebody("olaf", Role.HELPDESK))
    assert other.post(f"/shares/{link.report.pk}/revoke/").status_code == 403
    assert "/revoke/" not in other.get("/shares/").content.decode()
    assert reveal(link.path).status_code == 200


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_link_is_not_withdrawn_by_looking_at_it(desk: Client, seed: LogHost, method: str) -> None:
    link = share(desk, log_host="srv1")
    assert getattr(desk, method)(f"/shares/{link.report.pk}/revoke/").status_code == 405


def test_withdrawing_what_is_not_there_is_not_found(desk: Client) -> None:
    assert desk.post("/shares/1/revoke/").status_code == 404


def test_a_long_list_goes_on_by_the_last_one_shown(desk: Client, helpdesk: User) -> None:
    made = {"kind": "report", "redaction": "masked", "log_hosts": "srv1", "rules_version": 1, "snapshot": {}}
    times = {"frozen_at": now(), "expires_at": now() + timedelta(days=7), "made_by": helpdesk}
    for number in range(51):
        SharedReport.objects.create(
            title=f"Report number {number}.", token_digest=str(number), content_hash="", **made, **times
        )
    first = desk.get("/shares/").content.decode()
    oldest_shown = SharedReport.objects.order_by("pk")[1]
    assert "Report number 0." not in first
    assert f"?before={oldest_shown.pk}" in first
    assert "Report number 0." in desk.get(f"/shares/?before={oldest_shown.pk}").content.decode()


def test_the_list_asks_the_database_as_often_for_many_links_as_for_one(
    desk: Client, seed: LogHost, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for _ in range(3):
        share(desk, log_host="srv1")
    with django_assert_max_num_queries(5):  # type: ignore[attr-defined]
        desk.get("/shares/")


# -- the switch for all links


def test_an_administrator_switches_all_links_off_and_on(
    desk: Client, seed: LogHost, admin: User, client_of: Callable[[User], Client]
) -> None:
    link, chief = share(desk, log_host="srv1"), client_of(admin)
    assert chief.post("/shares/switch/", {"to": "off"}).status_code == 302
    assert chief.post("/shares/switch/", {"to": "off"}).status_code == 302
    assert reveal(link.path).status_code == Client().get(link.path).status_code == 404
    refused = desk.post("/share/", {"kind": "report", "log_host": "srv1"})
    assert (refused.status_code, "switched off" in refused.content.decode()) == (409, True)
    assert "switched off since" in desk.get("/shares/").content.decode()
    chief.post("/shares/switch/", {"to": "on"})
    assert "129.137.152.170" in text_of(link.path)
    (stop,) = SharingStop.objects.all()
    assert (stop.stopped_by, stop.lifted_by) == (admin, admin)


def test_an_administrator_of_some_log_hosts_does_not_switch_links_off(
    seed: LogHost, client_of: Callable[[User], Client]
) -> None:
    limited = client_of(somebody("lena", Role.ADMINISTRATOR, seed))
    assert limited.post("/shares/switch/", {"to": "off"}).status_code == 403
    assert "Switch all links off" not in limited.get("/shares/").content.decode()


def test_others_do_not_switch_links_off(desk: Client, seed: LogHost) -> None:
    assert desk.post("/shares/switch/", {"to": "off"}).status_code == 403
    assert "Switch all links off" not in desk.get("/shares/").content.decode()
    assert not SharingStop.objects.exists()
