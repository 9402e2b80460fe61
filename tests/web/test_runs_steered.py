"""Buttons of a run: who may press them, what they say, and what comes of it."""

import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils.timezone import now

from ingest import pipeline, undo
from ingest.models import IngestRun, LogFile, LogHost, State
from mailwatch.operations import runs as operations
from mailwatch.queries import runs as queries
from tests.web.conftest import Ingested
from tests.web.logs import DAY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is woken; the tests do the work."""
    monkeypatch.setattr(operations, "_queued", lambda queue, run: True)


def own(run: IngestRun, **columns: object) -> IngestRun:
    """As if the helpdesk user had handed it in."""
    IngestRun.objects.filter(pk=run.pk).update(started_by="helen", **columns)
    run.refresh_from_db()
    return run


def waiting() -> IngestRun:
    host = LogHost.objects.create(name="srv1")
    run = own(IngestRun.objects.create(log_host=host))
    LogFile.objects.create(run=run, log_host=host, name="mainlog", size=10)
    return run


def undone(run: IngestRun) -> None:
    while undo.work(run.pk):
        pass
    run.refresh_from_db()


def test_a_waiting_run_is_cancelled(desk: Client) -> None:
    run = waiting()
    assert "Cancel</button>" in desk.get(f"/runs/{run.pk}/").text
    assert desk.post(f"/runs/{run.pk}/cancel/").headers["Location"] == f"/runs/{run.pk}/"
    assert pipeline.finish(run.pk)
    html = desk.get(f"/runs/{run.pk}/").text
    assert "Cancelled by helen." in html
    assert "Cancel</button>" not in html
    assert "there is nothing to cancel" in desk.post(f"/runs/{run.pk}/cancel/", follow=True).text


def test_a_failed_run_is_retried_while_its_bytes_are_there(desk: Client, tmp_path: Path) -> None:
    path = tmp_path / "mainlog"
    host = LogHost.objects.create(name="srv1")
    file = pipeline.IncomingFile(name="mainlog", path=str(path), size=9, is_upload=False)
    run = own(pipeline.new_run(log_host=host, files=[file], started_by="helen"))
    pipeline.work(pipeline.open_pieces(run)[0])
    pipeline.finish(run.pk)
    html = desk.get(f"/runs/{run.pk}/").text
    assert "could not be read" in html
    assert "Retry 1 file</button>" in html
    path.write_text("".join(f"{line}\n" for line in DAY))
    desk.post(f"/runs/{run.pk}/retry/")
    assert IngestRun.objects.get().state == "running"
    pipeline.work(pipeline.open_pieces(run)[0])
    pipeline.finish(run.pk)
    assert IngestRun.objects.get().state == "finished"
    assert "Hand them in again" in desk.post(f"/runs/{run.pk}/retry/", follow=True).text


def test_an_undo_says_what_will_go_before_it_goes(master: Client, ingested: Ingested) -> None:
    run = own(ingested(DAY))
    other = ingested(DAY[:4])
    page = master.get(f"/runs/{run.pk}/undo/").text
    assert f"{len(DAY) - 4} lines that no other file has will go" in page
    assert "4 lines that this run brought stay, since other files have them too." in page
    assert run.files.get().state == "finished"  # nothing happens by looking
    assert master.post(f"/runs/{run.pk}/undo/").headers["Location"] == f"/runs/{run.pk}/"
    html = master.get(f"/runs/{run.pk}/").text
    assert "Being undone by petra" in html and 'hx-trigger="every 1s"' in html
    undone(run)
    html = master.get(f"/runs/{run.pk}/").text
    assert "Undone by petra, " in html and f"{len(DAY) - 4} lines" in html
    assert "hx-trigger" not in html and "Undo …" not in html
    assert master.get(f"/runs/{run.pk}/undo/").status_code == 302
    assert other.files.get().new_lines == 4


def test_an_undo_of_what_others_have_removes_nothing(master: Client, ingested: Ingested) -> None:
    run = own(ingested(DAY))
    ingested(DAY)
    assert "No line will go" in master.get(f"/runs/{run.pk}/undo/").text


@pytest.mark.parametrize("step", ["cancel", "retry", "undo"])
def test_only_who_handed_it_in_and_postmasters(
    desk: Client, master: Client, ingested: Ingested, step: str
) -> None:
    run = ingested(DAY)
    assert "Undo …" not in desk.get(f"/runs/{run.pk}/").text
    assert desk.post(f"/runs/{run.pk}/{step}/").status_code == 403
    assert "Undo …" in master.get(f"/runs/{run.pk}/").text
    assert master.post(f"/runs/{run.pk}/{step}/").status_code == 302
    assert master.post(f"/runs/999/{step}/").status_code == 404


def test_what_the_helpdesk_handed_in_is_undone_by_postmasters(desk: Client, ingested: Ingested) -> None:
    run = own(ingested(DAY))
    assert "Undo …" not in desk.get(f"/runs/{run.pk}/").text
    assert desk.get(f"/runs/{run.pk}/undo/").status_code == 403


@pytest.mark.parametrize("step", ["cancel", "retry"])
def test_nothing_happens_by_following_a_link(desk: Client, ingested: Ingested, step: str) -> None:
    assert desk.get(f"/runs/{own(ingested(DAY)).pk}/{step}/").status_code == 405


def test_unreadable_lines_are_counted_by_their_reason(desk: Client, ingested: Ingested) -> None:
    bad = [DAY[-1].replace("2026", "20x6", 1)] * 1 + ["nothing that Exim writes"] * 7
    run = ingested([*DAY, *(f"{line} {number}" for number, line in enumerate(bad))])
    view = queries.run(run.pk, now=run.created_at)
    assert view is not None
    assert sum(kind.lines for kind in view.unreadable) == view.counts.unparsed_lines == 8
    assert all(len(kind.samples) == min(kind.lines, 5) for kind in view.unreadable)
    assert "8 unreadable lines" in desk.get(f"/runs/{run.pk}/").text


def test_a_run_that_is_over_says_how_fast_it_was(desk: Client, ingested: Ingested) -> None:
    run = ingested(DAY)
    at = now()
    LogFile.objects.update(size=50_000_000, lines=100_000)
    for seconds in (0, 10):
        IngestRun.objects.filter(pk=run.pk).update(started_at=at - timedelta(seconds=seconds), finished_at=at)
        html = desk.get(f"/runs/{run.pk}/").text
        assert ("10,000 lines and 4.8\xa0MB per second" in html) == bool(seconds)


def test_all_runs_are_on_one_page(desk: Client, ingested: Ingested) -> None:
    first, second = ingested(DAY), ingested(DAY, "mx2")
    html = desk.get("/runs/").text
    assert html.index(f"/runs/{second.pk}/") < html.index(f"/runs/{first.pk}/")


def test_the_command_undoes_a_run(ingested: Ingested) -> None:
    run = ingested(DAY)
    out = io.StringIO()
    call_command("undo", str(run.pk), "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"run": run.pk, "state": State.UNDONE, "lines": len(DAY)}
    for number, sentence in ((run.pk, "is undone already"), (99, "There is no run 99")):
        with pytest.raises(CommandError, match=sentence):
            call_command("undo", str(number))
    with pytest.raises(CommandError, match="is not over"):
        call_command("undo", str(waiting_run(run.log_host).pk))


def waiting_run(host: LogHost) -> IngestRun:
    return IngestRun.objects.create(log_host=host)


def test_the_command_goes_on_with_what_is_half_undone(ingested: Ingested) -> None:
    run = ingested(DAY)
    undo.begin(run, by="helen")
    out = io.StringIO()
    call_command("undo", str(run.pk), stdout=out)
    assert out.getvalue() == f"Run {run.pk} is undone: {len(DAY)} lines removed.\n"
