"""One run: live while it works, its result afterwards, refusals in one sentence."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from ingest.models import IngestRun, LogFile, LogHost, State
from mailwatch.queries import runs as queries
from tests.web.conftest import SEED, Ingested
from tests.web.logs import DAY

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def running(**file: object) -> IngestRun:
    """A run that began ten seconds before NOW."""
    host = LogHost.objects.create(name="srv1")
    run = IngestRun.objects.create(log_host=host, state=State.RUNNING, started_at=NOW - timedelta(seconds=10))
    defaults: dict[str, object] = {"name": "mainlog", "state": State.RUNNING, "size": 1000}
    LogFile.objects.create(run=run, log_host=host, **(defaults | file))
    return run


def test_the_result_says_what_was_read(desk: Client, ingested: Ingested) -> None:
    run = ingested([*DAY, DAY[-1].replace("2026", "20x6")])
    view = desk.get(f"/runs/{run.pk}/").context["view"]
    assert view.state == "finished"
    assert (view.counts.new_lines, view.counts.messages, view.counts.deliveries) == (len(DAY) + 1, 3, 3)


def test_lines_known_already_are_counted_as_known(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    run = ingested([*DAY[:3], "2026-03-02 23:00:00 Start queue run: pid=7"])
    counts = desk.get(f"/runs/{run.pk}/").context["view"].counts
    assert (counts.new_lines, counts.duplicate_lines) == (1, 3)


def test_unreadable_lines_are_shown(desk: Client, ingested: Ingested) -> None:
    run = ingested(["nothing that Exim writes <b>", *DAY])
    html = desk.get(f"/runs/{run.pk}/").content.decode()
    assert "1 unreadable line" in html
    assert "nothing that Exim writes &lt;b&gt;" in html


def test_the_result_says_the_verdict_and_leads_to_the_report(desk: Client, ingested: Ingested) -> None:
    run = ingested(SEED, "srv1", "Europe/Madrid")
    html = desk.get(f"/runs/{run.pk}/").content.decode()
    assert "Relaying spam?" in html
    assert 'href="/relays/?log_host=srv1"' in html


def test_a_file_that_is_no_exim_log_is_refused_with_a_hint(desk: Client, ingested: Ingested) -> None:
    run = ingested(["Mar  9 06:25:01 srv1 postfix/qmgr[1187]: 3A1F2C04: from=<root@example.com>, size=612"])
    html = desk.get(f"/runs/{run.pk}/").content.decode()
    assert run.state == "refused"
    assert "Nothing of it was stored" in html
    assert "exim -bP log_file_path" in html


def test_a_running_run_asks_again_every_second(desk: Client, db: None) -> None:
    run = running(size_read=400)
    html = desk.get(f"/runs/{run.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in html
    assert f'hx-get="/runs/{run.pk}/"' in html
    assert 'hx-trigger="every 1s"' in html
    assert '<progress max="100" value="40"' in html


def test_a_run_that_is_over_does_not_ask_again(desk: Client, ingested: Ingested) -> None:
    run = ingested(DAY)
    html = desk.get(f"/runs/{run.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert "hx-trigger" not in html
    assert "finished" in html


def test_speed_and_what_is_left_are_measured(db: None) -> None:
    run = running(size_read=250, lines=5000)
    view = queries.run(run.pk, now=NOW)
    assert view is not None
    assert view.progress.percent == 25
    assert view.progress.lines_per_second == 500
    assert view.progress.left == timedelta(seconds=30)


@pytest.mark.parametrize("file", [{"size_read": 0}, {"size": 0, "size_read": 0}])
def test_what_cannot_be_told_yet_is_left_out(db: None, file: dict[str, object]) -> None:
    view = queries.run(running(**file).pk, now=NOW)
    assert view is not None
    assert view.progress.left is None
    assert view.progress.percent == 0


def test_an_archive_is_measured_by_its_bytes_and_then_by_its_members(desk: Client, db: None) -> None:
    run = running(size_read=600)
    archive = run.files.get()
    member = {"run": run, "log_host": run.log_host, "archive": archive}
    LogFile.objects.create(
        **member, name="mainlog", state=State.FINISHED, size=300, size_read=300, lines=7000
    )
    LogFile.objects.create(**member, name="mainlog.1", state=State.RUNNING, size=100, size_read=20, lines=500)
    view = queries.run(run.pk, now=NOW)
    assert view is not None
    assert (view.progress.percent, view.progress.is_unpacking, view.progress.left) == (60, True, None)
    assert "Unpacking: 60 %" in desk.get(f"/runs/{run.pk}/").content.decode()
    LogFile.objects.filter(pk=archive.pk).update(state=State.UNPACKED, size_read=1000)
    view = queries.run(run.pk, now=NOW)
    assert view is not None
    assert (view.progress.percent, view.progress.lines_per_second) == (80, 750)


def test_the_members_of_an_archive_are_listed_with_their_state(desk: Client, db: None) -> None:
    run = running(state=State.UNPACKED)
    member = {"run": run, "log_host": run.log_host, "archive": run.files.get()}
    LogFile.objects.create(**member, name="exim4/mainlog", state=State.FINISHED, lines=12)
    LogFile.objects.create(**member, name="old.zip/mainlog", state=State.REFUSED, error="It is encrypted.")
    for number in range(300):
        LogFile.objects.create(**member, name=f"<b>{number}", state=State.SKIPPED, error="No log & no word.")
    html = desk.get(f"/runs/{run.pk}/").content.decode()
    assert "302 files in the archive, 300 of them skipped: no Exim logs." in html
    assert "It is encrypted." in html
    assert "No log &amp; no word." in html and "&lt;b&gt;0" in html
    assert "the first 200 of 303" in html
    assert len(desk.get(f"/runs/{run.pk}/", {"format": "json"}).json()["files"]) == 303


def test_the_list_of_runs_does_not_load_what_was_skipped(desk: Client, db: None) -> None:
    run = running()
    columns = {"run": run, "log_host": run.log_host, "archive": run.files.get(), "state": State.SKIPPED}
    LogFile.objects.bulk_create(LogFile(**columns, name=f"notes-{number}") for number in range(50))
    page = desk.get("/uploads/").context["page"]
    assert (len(page.rows[0].files), page.rows[0].members) == (1, 50)


def test_after_the_last_byte_the_findings_are_worked_out(desk: Client, db: None) -> None:
    run = running(size_read=1000)
    assert "working out the findings" in desk.get(f"/runs/{run.pk}/").content.decode()


@pytest.mark.parametrize(
    ("query", "headers"), [({"format": "json"}, {}), ({}, {"Accept": "application/json"})]
)
def test_scripts_get_json(
    desk: Client, ingested: Ingested, query: dict[str, str], headers: dict[str, str]
) -> None:
    run = ingested(DAY)
    document = desk.get(f"/runs/{run.pk}/", query, headers=headers).json()
    assert (document["id"], document["state"], document["error"]) == (run.pk, "finished", "")
    assert document["files"] == [
        {
            "name": "mainlog",
            "state": "finished",
            "lines": len(DAY),
            "new_lines": len(DAY),
            "duplicate_lines": 0,
            "unparsed_lines": 0,
            "unparsed_reasons": {},
            "set_aside_lines": 0,
            "messages": 3,
            "deliveries": 3,
            "error": "",
            "archive": None,
        }
    ]


def test_a_browser_gets_the_page(desk: Client, ingested: Ingested) -> None:
    run = ingested(DAY)
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    response = desk.get(f"/runs/{run.pk}/", headers={"Accept": accept})
    assert response.headers["Content-Type"].startswith("text/html")
    assert "Accept" in response.headers["Vary"]


def test_a_run_that_is_none_is_not_found(desk: Client, db: None) -> None:
    assert desk.get("/runs/7/").status_code == 404
    assert desk.get("/runs/99999999999999999999999/").status_code == 404


def test_without_a_login_there_is_no_run(client: Client, ingested: Ingested) -> None:
    assert client.get(f"/runs/{ingested(DAY).pk}/").status_code == 302


def test_the_kinds_of_the_lines_are_told(desk: Client, ingested: Ingested) -> None:
    run = ingested(SEED)
    page = desk.get(f"/runs/{run.pk}/").text
    assert "New lines by kind" in page
    for kind in ("arrival", "delivery", "completion", "note: queued: many messages in one connection"):
        assert f">{kind}</a>" in page


def test_a_run_that_waits_says_what_for(desk: Client) -> None:
    run = running(error="Waiting for the database: DiskFull: no space left on device.")
    html = desk.get(f"/runs/{run.pk}/").content.decode()
    assert "Waiting for the database: DiskFull: no space left on device." in html
