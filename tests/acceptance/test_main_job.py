"""Upload through HTTP, wait for the run, read the report: the main job with everything real."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.acceptance.conftest import SAMPLES, Running

EXPECTED: dict[str, Any] = json.loads((SAMPLES / "expected.json").read_text())


@pytest.fixture(scope="module")
def report(mailwatch: Running) -> dict[str, Any]:
    """What the pages answer after both sample logs and the configuration were handed in."""
    visitor = mailwatch.visitor
    runs = []
    for folder in (SAMPLES / "srv1", SAMPLES / "mx2"):
        zone = (folder / "zone").read_text().strip()
        runs.append(visitor.upload(sorted(folder.glob("mainlog*")), log_host=folder.name, timezone=zone))
    for run in runs:
        visitor.wait_for_run(run)
    visitor.keep_configuration(SAMPLES / "srv1" / "configuration", log_host="srv1")
    return visitor.json("/relays/?format=json")


def test_the_verdict_is_yes_and_says_why(report: dict[str, Any]) -> None:
    verdict = report["verdict"]
    assert (verdict["relaying"], verdict["broken_authenticator"], verdict["open_relay"]) == (
        "yes",
        "yes",
        "no",
    )
    assert "without a user name" in verdict["summary"]


def test_the_worst_suspects_are_the_two_that_the_story_has(report: dict[str, Any]) -> None:
    told = {suspect["value"]: suspect for suspect in report["suspects"] if suspect["severity"] == "critical"}
    story = EXPECTED["srv1"]["logins_without_name"]
    assert set(told) == set(story)
    for address, counts in story.items():
        for name in ("messages", "recipients", "delivered", "deferred", "bounced"):
            assert told[address][name] == counts[name], name
    assert {suspect["attack"] for suspect in told.values()} == {"A01:plain"}


def test_the_quiet_log_host_is_no_with_its_proof(mailwatch: Running, report: dict[str, Any]) -> None:
    verdict = mailwatch.visitor.json("/relays/?format=json&log_host=mx2")["verdict"]
    assert (verdict["relaying"], verdict["open_relay"]) == ("no", "no")
    assert str(EXPECTED["mx2"]["relay_attempts_refused"]) in verdict["summary"]


def test_the_totals_are_those_of_the_generator(mailwatch: Running, report: dict[str, Any]) -> None:
    (row,) = mailwatch.query("SELECT sum(new_lines), sum(messages), sum(deliveries) FROM ingest_logfile")
    lines = sum(sum(EXPECTED[host]["files"].values()) for host in ("srv1", "mx2"))
    messages = sum(EXPECTED[host]["messages"] for host in ("srv1", "mx2"))
    deliveries = sum(EXPECTED[host]["deliveries"] for host in ("srv1", "mx2"))
    assert tuple(map(int, row)) == (lines, messages, deliveries)


def test_a_second_upload_adds_nothing(mailwatch: Running, report: dict[str, Any]) -> None:
    visitor = mailwatch.visitor
    folder = SAMPLES / "srv1"
    run = visitor.upload(sorted(folder.glob("mainlog*")), log_host="srv1", timezone="Europe/Madrid")
    visitor.wait_for_run(run)
    files = visitor.json(run)["files"]
    assert sum(file["new_lines"] for file in files) == 0
    assert sum(file["duplicate_lines"] for file in files) == 7674
    assert visitor.json("/relays/?format=json") == report


def test_the_password_of_the_configuration_is_nowhere_in_the_database(
    mailwatch: Running, report: dict[str, Any]
) -> None:
    texts = mailwatch.query("SELECT text FROM ingest_storedconfiguration")
    assert len(texts) == 1
    assert "sample-password" not in texts[0][0]


@pytest.mark.parametrize(
    "path", ["/", "/search/", "/relays/", "/uploads/", "/senders/203.0.113.45/", "/rules/"]
)
def test_nobody_sees_a_page_without_a_login(mailwatch: Running, path: str) -> None:
    with urllib.request.urlopen(mailwatch.url + path, timeout=10) as answer:
        assert "/login/" in answer.url


def test_the_uploaded_files_are_gone_when_they_are_read(mailwatch: Running, report: dict[str, Any]) -> None:
    paths = mailwatch.query("SELECT path FROM ingest_logfile WHERE is_upload AND state = 'finished'")
    kept = [
        path
        for (path,) in paths
        for found in mailwatch.home.rglob(path.rsplit("/", 1)[-1])
        if found.is_file()
    ]
    assert kept == []


def test_a_foreign_file_is_refused_in_one_sentence(mailwatch: Running, tmp_path: Any) -> None:
    visitor = mailwatch.visitor
    (tmp_path / "mail.log").write_text("Mar  9 06:25:01 srv1 postfix/qmgr[1187]: 3A1F2C04: removed\n")
    run = visitor.upload([tmp_path / "mail.log"], log_host="srv1", timezone="Europe/Madrid")
    while (told := visitor.json(run))["state"] in ("waiting", "running"):
        pass
    assert told["state"] == "refused"
    assert told["files"][0]["error"].startswith("This is a Postfix log, not an Exim mainlog.")


def test_an_unknown_shared_link_is_a_page_that_says_so(mailwatch: Running) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{mailwatch.url}/shared/{'x' * 43}/", timeout=10)
    assert caught.value.code in (404, 410)
    assert "no longer open" in caught.value.read().decode()
