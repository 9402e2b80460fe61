"""A configuration in, findings and repaired text out."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from ingest.models import LogHost, StoredConfiguration
from mailwatch.operations import configurations
from mailwatch.templatetags.repair import compared
from tests.rules.whole_configurations import WHOLE
from tests.sources.test_configurations import PIECES, tar
from tests.sources.test_configurations import SECRET as PASSWORD
from tests.web.conftest import SEED, Ingested
from tests.web.test_explain import AS_FOUND

SECRET = "mysql_servers = localhost/system/exim/mypassw\n"


def test_the_empty_page_says_what_it_takes(master: Client) -> None:
    assert "It is read as text; nothing is run." in master.get("/configuration/").text


def test_a_pasted_configuration_shows_what_is_bad_and_its_repair(master: Client) -> None:
    response = master.post("/configuration/", {"text": AS_FOUND})
    assert response.context["audit"].answer == "yes"
    assert "X01" in response.text
    assert "<del>" in response.text
    assert "<ins>" in response.text


def test_a_file_is_read_as_well(master: Client) -> None:
    response = master.post("/configuration/", {"file": SimpleUploadedFile("exim.conf", AS_FOUND.encode())})
    assert response.context["audit"].answer == "yes"


def test_a_file_that_is_not_utf_8_is_read_as_latin_1(master: Client) -> None:
    raw = "# señal\n".encode("latin-1") + AS_FOUND.encode()
    response = master.post("/configuration/", {"file": SimpleUploadedFile("exim.conf", raw)})
    assert response.context["audit"].answer == "yes"


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({}, "Paste the configuration, or choose its file."),
        ({"text": " "}, "Paste the configuration, or choose its file."),
        ({"file": SimpleUploadedFile("x", b"\0\1")}, "This file is no text"),
        ({"file": SimpleUploadedFile("x", b"a" * 2_097_153)}, "more than 2 MB"),
        ({"text": "a = b", "log_host": "nobody"}, "There is no log host of this name."),
    ],
)
def test_what_is_no_configuration_is_said(master: Client, sent: dict[str, object], error: str) -> None:
    response = master.post("/configuration/", sent)
    assert response.status_code == 422
    assert error in response.text


def test_without_an_authenticator_it_cannot_tell(master: Client) -> None:
    response = master.post("/configuration/", {"text": "primary_hostname = srv1.example.com"})
    assert response.context["audit"].answer == "unknown"
    assert "The text holds no authenticator" in response.text


def test_an_open_relay_is_told_with_its_list_and_its_repair(master: Client) -> None:
    page = master.post("/configuration/", {"text": "hostlist relay_from_hosts = *"})
    assert page.context["audit"].answer == "yes"
    assert "Strangers may relay: relay_from_hosts is too wide." in page.text
    assert "hostlist" in page.text


def test_what_no_piece_tells_stays_open(master: Client) -> None:
    sound = "plain:\n driver = plaintext\n public_name = PLAIN\n server_condition = false\n"
    page = master.post("/configuration/", {"text": sound})
    assert page.context["audit"].answer == "unknown"
    assert "exim -bP +relay_from_hosts" in {item.command for item in page.context["audit"].undecided}


def test_a_whole_sound_configuration_lets_no_stranger_in(master: Client) -> None:
    page = master.post("/configuration/", {"text": WHOLE})
    assert page.context["audit"].answer == "no"
    assert "No stranger gets in or may relay, by this text." in page.text


def test_passwords_are_neither_shown_nor_stored(master: Client, seed: LogHost) -> None:
    page = master.post("/configuration/", {"text": SECRET + AS_FOUND, "log_host": "srv1"}).text
    assert "mypassw" not in page
    assert "1 line held a password" in page
    assert "mypassw" not in StoredConfiguration.objects.get().text


def test_nothing_is_kept_unless_a_log_host_is_chosen(master: Client, seed: LogHost) -> None:
    master.post("/configuration/", {"text": AS_FOUND})
    assert not StoredConfiguration.objects.exists()


def test_kept_for_a_log_host_it_settles_the_verdict(master: Client, seed: LogHost) -> None:
    assert master.get("/").context["page"].first.verdict.relaying == "suspected"
    master.post("/configuration/", {"text": AS_FOUND, "log_host": "srv1"})
    assert master.get("/").context["page"].first.verdict.relaying == "yes"


@pytest.mark.parametrize(("replace", "kept"), [("on", 1), ("", 2)])
def test_it_replaces_what_was_kept_or_comes_beside_it(
    master: Client, seed: LogHost, replace: str, kept: int
) -> None:
    master.post("/configuration/", {"text": SECRET, "log_host": "srv1"})
    file = SimpleUploadedFile("authenticators", AS_FOUND.encode())
    master.post("/configuration/", {"file": file, "log_host": "srv1", "replace": replace})
    assert StoredConfiguration.objects.count() == kept


def test_its_local_domains_count_for_findings_at_once(master: Client, ingested: Ingested) -> None:
    arrival = (
        SEED[0]
        .replace(" A=plain:", "")
        .replace("P=esmtpa", "P=esmtp")
        .replace("[email\xa0protected] H", "x@other.example H")
    )
    ingested([arrival, SEED[2]])
    before = master.get("/relays/").context["page"].suspects[0].report.severity
    master.post("/configuration/", {"text": "domainlist local_domains = example.org", "log_host": "srv1"})
    after = master.get("/relays/").context["page"].suspects[0].report.severity
    assert before.rank > after.rank


def test_a_large_log_is_not_judged_again_while_somebody_waits(
    master: Client, seed: LogHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configurations, "MOST_AT_ONCE", 0)
    page = master.post("/configuration/", {"text": AS_FOUND, "log_host": "srv1"}).text
    assert "Suspects are being judged by it now" in page


def test_what_is_kept_of_a_log_host_is_shown_again(master: Client, seed: LogHost) -> None:
    master.post("/configuration/", {"text": AS_FOUND, "log_host": "srv1"})
    response = master.get("/configuration/", {"log_host": "srv1"})
    assert response.context["audit"].answer == "yes"
    assert "Configuration of srv1" in response.text


def test_what_is_kept_can_be_given_up(master: Client, seed: LogHost) -> None:
    master.post("/configuration/", {"text": AS_FOUND, "log_host": "srv1"})
    stored = StoredConfiguration.objects.get()
    assert master.get(f"/configuration/{stored.pk}/drop/").status_code == 405
    assert master.post(f"/configuration/{stored.pk}/drop/")["Location"] == "/configuration/"
    assert not StoredConfiguration.objects.exists()


def test_what_is_not_kept_cannot_be_given_up(master: Client) -> None:
    assert master.post("/configuration/77/drop/").status_code == 404


def test_before_and_after_hold_both_texts_whole_and_mark_what_differs() -> None:
    found, repaired = "server_set_id = $auth1", "server_set_id = $auth2"
    before, after = compared(found, repaired)
    assert "".join(stretch.text for stretch in before) == found
    assert "".join(stretch.text for stretch in after) == repaired
    assert [stretch.text for stretch in (*before, *after) if stretch.differs] == ["$auth1", "$auth2"]


def test_hostile_text_stays_text(master: Client) -> None:
    text = AS_FOUND.replace("plain:", "pl<b>ain:").replace("SELECT", "<script>alert(1)</script>")
    assert "<script>alert" not in master.post("/configuration/", {"text": text}).text


def test_an_archive_of_debians_pieces_is_read_and_kept_without_its_passwords(
    master: Client, seed: LogHost
) -> None:
    raw = tar(PIECES, mode="w:gz")
    page = master.post("/configuration/", {"file": SimpleUploadedFile("exim4.tgz", raw), "log_host": "srv1"})
    assert "line 5 of conf.d/auth/30_plain" in page.text
    assert PASSWORD not in page.text
    assert PASSWORD not in StoredConfiguration.objects.get().text
    kept = master.get("/configuration/", {"log_host": "srv1"})
    assert "line 5 of conf.d/auth/30_plain" in kept.text


def test_where_nothing_stands_the_page_says_so(master: Client) -> None:
    page = master.post("/configuration/", {"text": WHOLE.replace("  require verify = recipient\n", "")})
    assert "Nothing of it stands there." in page.text
