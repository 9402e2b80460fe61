"""One day of a log host: what people read eximstats for, as a page, a table and a mail."""

import json
import re
import smtplib
from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path
from threading import Thread

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries, Settings

from benchmarks.bulk import write_bulk
from ingest.models import LogHost
from mailwatch.models import DailyMail
from mailwatch.operations import daily_mails
from mailwatch.queries import daily as queries
from tests.exim.real_logs import EXIMSTATS, needs_exim_tools, run
from tests.web.conftest import Ingested
from tests.web.logs import DAY, many

_LONG_ID = re.compile(r"\b([0-9A-Za-z]{6})-[0-9A-Za-z]{5}([0-9A-Za-z]{6})-[0-9A-Za-z]{2}([0-9A-Za-z]{2})\b")

PAGE = "/daily/mx/2026-03-02/"
NEXT_DAY = (
    "2026-03-03 00:10:00 H=(probe.example.net) [203.0.113.9] F=<one@foreign.example> rejected RCPT"
    " <a@b.example>: no"
)


def listed(report: queries.DailyReport, kind: str) -> list[tuple[str, int]]:
    return [(row.name, row.number) for each in report.lists if each.kind == kind for row in each.rows]


@pytest.fixture
def host(ingested: Ingested) -> LogHost:
    return ingested(DAY, "mx").log_host


@pytest.fixture
def mailing(settings: Settings) -> None:
    settings.MAIL_SERVER = "mail.example.org"
    settings.MAILWATCH_URL = "https://mailwatch.example.org"


def test_it_counts_the_day(host: LogHost) -> None:
    report = queries.daily(host, date(2026, 3, 2))
    assert (report.messages, report.size, report.delivered, report.deferred) == (3, 6526, 3, 1)
    assert (report.bounced, report.rejected, report.failed_logins, report.lines) == (1, 1, 1, len(DAY))


def test_it_lists_what_people_read_eximstats_for(host: LogHost) -> None:
    report = queries.daily(host, date(2026, 3, 2))
    assert listed(report, "senders") == [("alice@example.org", 1), ("", 1), ("www@example.org", 1)]
    assert listed(report, "accounts") == [("alice", 1)]
    assert listed(report, "sent") == [("remote.example", 2)]
    assert listed(report, "received") == [("example.org", 1)]
    assert listed(report, "transports") == [("remote_smtp", 2), ("local_delivery", 1)]
    assert listed(report, "reasons") == [("failed login", 1), ("relay not permitted", 1)]
    assert [(step.name, step.number) for step in report.queue if step.number] == [
        ("under 1 min", 2),
        ("30 to 60 min", 1),
    ]


def test_a_day_ends_at_midnight_in_the_zone_of_the_log(ingested: Ingested) -> None:
    host = ingested([*DAY, NEXT_DAY], "mx", "Asia/Kolkata").log_host
    assert queries.daily(host, date(2026, 3, 2)).rejected == 1
    assert queries.daily(host, date(2026, 3, 3)).rejected == 1


def test_the_page_leads_to_the_days_around_and_to_the_searches_behind(
    desk: Client, ingested: Ingested
) -> None:
    ingested([*DAY, NEXT_DAY], "mx")
    page = desk.get(PAGE).text
    assert "Mon 2 Mar 2026" in page
    assert 'rel="next" href="/daily/mx/2026-03-03/"' in page
    assert 'rel="prev"' not in page
    assert "/transports/remote_smtp/?" in page
    assert "/accounts/alice/?" in page
    assert desk.get("/daily/mx/").headers["Location"] == PAGE


def test_what_a_number_links_to_finds_that_many(desk: Client, ingested: Ingested) -> None:
    ingested([*DAY, *many(3)], "mx")
    context = desk.get(PAGE).context
    counted = 0
    for listed_, links in context["lists"]:
        for row, page_url, number_url in links:
            url = page_url if listed_.kind == "reasons" else number_url
            if not url:
                continue
            found = desk.get(url).context["page"].rows
            counted += 1
            if listed_.unit == "messages":
                assert sum(one.message_id is not None for one in found) == row.number, url
            elif listed_.unit == "rejections":
                assert len(found) == row.number, url
            else:  # recipients of so many messages
                assert 0 < len(found) <= row.number, url
    assert counted > 10
    assert len(desk.get(context["logins_url"]).context["page"].rows) == context["report"].failed_logins == 1


def test_hours_without_a_line_are_named(desk: Client, host: LogHost) -> None:
    assert "9 hours without a line: 00:00, 01:00" in desk.get(PAGE).text


@pytest.mark.parametrize("day", ["2026-02-30", "today", "0001-01-01", "9999-12-31", "20260302x"])
def test_what_is_no_day_of_the_log_is_not_found(desk: Client, host: LogHost, day: str) -> None:
    assert desk.get(f"/daily/mx/{day}/").status_code == 404


def test_a_day_without_lines_says_so(desk: Client, host: LogHost) -> None:
    assert "No line of this day is stored." in desk.get("/daily/mx/2026-03-05/").text


def test_it_can_be_taken_along_as_csv_and_json(desk: Client, host: LogHost) -> None:
    csv = desk.get(PAGE, {"format": "csv"}).getvalue().decode()
    assert csv.startswith("list,name,number,bytes\r\ntotals,messages,3,6526\r\n")
    assert "domains sent to,remote.example,2," in csv
    found = desk.get(PAGE, {"format": "json"}).json()
    assert found["totals"]["delivered"] == 3
    assert found["lists"]["transports"]["rows"][0] == {"name": "remote_smtp", "recipients": 2}


def test_hostile_text_stays_text(desk: Client, ingested: Ingested) -> None:
    evil = DAY[0].replace("alice@example.org", '"<script>=1+1\u202e"@example.org')
    ingested([evil, *DAY[1:]], "mx")
    page = desk.get(PAGE).text
    assert "<script>=1" not in page
    assert "\u202e" not in page


def test_more_mail_costs_no_more_queries(
    desk: Client, ingested: Ingested, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ingested(DAY, "mx")
    ingested(many(200), "mx2")
    for page in (PAGE, "/daily/mx2/2026-03-02/"):
        with django_assert_num_queries(14):
            desk.get(page)


def test_lines_of_later_days_leave_a_report_as_it_is(
    desk: Client, ingested: Ingested, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ingested(DAY, "mx")
    ingested([DAY[-1].replace("2026-03-02", "2026-03-20")], "mx")
    before = desk.get(PAGE, {"format": "json"}).json()
    ingested([DAY[-1].replace("2026-03-02", "2026-03-21")], "mx")
    with django_assert_num_queries(6):  # nothing is counted again
        assert desk.get(PAGE, {"format": "json"}).json() == before
    ingested([DAY[-1].replace("2026-03-02 1", "2026-03-02 2")], "mx")
    assert desk.get(PAGE, {"format": "json"}).json() != before


def test_a_long_list_says_how_long_it_is(desk: Client, ingested: Ingested) -> None:
    lines = [line.replace("many.example", f"d{i}.example") for i, line in enumerate(many(60))]
    ingested(lines, "mx")
    assert "first 20 of 60" in desk.get(PAGE).text


def test_only_staff_choose_who_gets_it(
    desk: Client, admin: User, client_of: Callable[[User], Client], host: LogHost
) -> None:
    url = "/daily/mx/recipients/"
    assert desk.post(url, {"address": "a@example.org"}).status_code == 403
    staff = client_of(admin)
    assert "is no mail address" in staff.post(url, {"address": "nobody"}, follow=True).text
    assert "a@example.org" in staff.post(url, {"address": "a@example.org"}, follow=True).text
    assert host.daily_recipients.get().address == "a@example.org"
    staff.post(url, {"address": "a@example.org", "remove": "yes"})
    assert not host.daily_recipients.exists()


@pytest.mark.usefixtures("mailing")
def test_it_is_mailed_once_when_the_log_has_reached_the_end_of_the_day(ingested: Ingested) -> None:
    host = ingested(DAY, "mx").log_host
    daily_mails.add_recipient(host, "boss@example.org", by="root")
    assert daily_mails.send_due(at=now()) == 0
    ingested([NEXT_DAY], "mx")
    assert [daily_mails.send_due(at=now()) for _ in range(3)] == [1, 0, 0]
    message = mail.outbox[0]
    assert message.to == ["boss@example.org"]
    assert message.subject == "mx, Mon 2 Mar 2026: 3 messages, 1 rejection"
    assert "https://mailwatch.example.org/daily/mx/2026-03-02/" in message.body
    assert "         2  remote_smtp" in message.body
    html = message.alternatives[0].content  # type: ignore[attr-defined]
    assert "<h2>Transports</h2>" in html


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("mailing")
def test_two_workers_at_once_send_one_mail(ingested: Ingested, monkeypatch: pytest.MonkeyPatch) -> None:
    host = ingested([*DAY, NEXT_DAY], "mx").log_host
    daily_mails.add_recipient(host, "boss@example.org", by="root")
    sent: list[str] = []
    others: list[int] = []

    def another_worker() -> None:
        others.append(daily_mails.send_due(at=now()))
        connection.close()

    def send(_host: LogHost, _day: date, address: str) -> None:
        sent.append(address)
        thread = Thread(target=another_worker)
        thread.start()
        thread.join()

    monkeypatch.setattr(daily_mails, "send", send)
    assert daily_mails.send_due(at=now()) == 1
    assert (sent, others) == (["boss@example.org"], [0])


@pytest.mark.usefixtures("mailing")
def test_a_mail_that_could_not_be_sent_is_tried_again(
    ingested: Ingested, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = ingested([*DAY, NEXT_DAY], "mx").log_host
    daily_mails.add_recipient(host, "boss@example.org", by="root")

    def refuse(*_: object) -> None:
        raise smtplib.SMTPServerDisconnected("gone")

    with monkeypatch.context() as broken:
        broken.setattr(daily_mails, "send", refuse)
        assert daily_mails.send_due(at=now()) == 0
    assert "gone" in DailyMail.objects.get().error
    assert daily_mails.send_due(at=now()) == 1


def test_without_a_server_nothing_is_mailed_and_the_page_says_so(desk: Client, ingested: Ingested) -> None:
    host = ingested([*DAY, NEXT_DAY], "mx").log_host
    daily_mails.add_recipient(host, "boss@example.org", by="root")
    assert daily_mails.send_due(at=now()) == 0
    assert "no server for mails is set" in desk.get(PAGE).text


@pytest.mark.usefixtures("mailing")
def test_the_command_prints_it_or_mails_it(host: LogHost) -> None:
    out = StringIO()
    call_command("daily_report", "mx", date="2026-03-02", stdout=out)
    assert "Time on the queue" in out.getvalue()
    out = StringIO()
    call_command("daily_report", "mx", json=True, stdout=out)
    assert json.loads(out.getvalue())["day"] == "2026-03-02"
    with pytest.raises(CommandError, match="Nobody gets the daily reports of mx"):
        call_command("daily_report", "mx", mail=True)
    daily_mails.add_recipient(host, "boss@example.org", by="root")
    call_command("daily_report", "mx", mail=True, stderr=StringIO())
    assert len(mail.outbox) == 1
    with pytest.raises(CommandError, match="is no day"):
        call_command("daily_report", "mx", date="yesterday")


@needs_exim_tools
def test_its_totals_are_those_of_eximstats(ingested: Ingested, tmp_path: Path) -> None:
    log = tmp_path / "mainlog"
    write_bulk(log, lines=4000, seed=5, days=0.1)
    lines = log.read_text().splitlines()
    day = lines[0][:10]
    lines = [line for line in lines if line.startswith(day)]
    short = [_LONG_ID.sub(r"\1-\2-\3", line) for line in lines]  # eximstats 4.96 knows no others
    log.write_text("".join(f"{line}\n" for line in short))
    report = queries.daily(ingested(lines, "mx").log_host, date.fromisoformat(day))
    told = run(EXIMSTATS, "-nvr", "-ne", "-nr", "-h0", "-q0", "-t0", str(log))
    received = re.search(r" +Received +(\d+) +(\d+)", told)
    delivered = re.search(r" +Delivered +(\d+) +(\d+) +(\d+)", told)
    assert received is not None
    assert delivered is not None
    assert (report.size, report.messages) == (int(received[1]), int(received[2]))
    assert report.delivered == int(delivered[3])
    transports = re.findall(r"  (\S+) +\d+ +(\d+)\n", told.partition("Deliveries by transport")[2])
    ours = dict(listed(report, "transports"))  # eximstats counts messages by transport, these are recipients
    assert set(ours) == {name for name, _ in transports}
    assert sum(ours.values()) == int(delivered[3])
