"""A report about a sender host: the mail and the XARF document are what programs expect, and name nobody."""

import email
import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from email.message import EmailMessage, Message
from email.policy import default
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
import xarf
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from ingest.models import LogHost
from mailwatch.abuse import rdap
from mailwatch.models import AbuseContact, Role
from mailwatch.queries import subject_rows
from tests.web.conftest import Ingested, somebody

SPAMMER = "129.137.152.170"
SENT = {"organisation": "Hüte & Co", "contact": "postmaster@example.org", "to": "abuse@uc.example"}
GUESSES = [
    f"2016-03-09 10:00:{second:02} plain authenticator failed for (pc) [203.0.113.9]:{4000 + second}: 535 Incorrect"
    f" authentication data (set_id=gerda{second}@example.org)"
    for second in range(8)
]
HOSTILE = (
    "2016-03-09 10:00:00 1adXzZ-0007sb-Pz <= eve@evil.example H=(x\\nBcc: all@example.org) [203.0.113.66]:4711"
    ' P=esmtp S=99 T="\\r\\nTo: you" \u202egnp for anna@example.org',
)


@pytest.fixture
def url(seed: LogHost) -> str:
    return f"/senders/{SPAMMER}/abuse-report/"


def mail_of(desk: Client, url: str, **fields: str) -> EmailMessage:
    answer = desk.post(url, {**SENT, "format": "arf", **fields})
    assert answer.status_code == 200, answer.content.decode()
    assert answer["Content-Type"] == "message/rfc822"
    assert answer.content.count(b"\n") == answer.content.count(b"\r\n")
    parsed = email.message_from_bytes(answer.content, policy=default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def fields_of(part: Message) -> dict[str, str]:
    inner = part.get_payload(0)
    assert isinstance(inner, Message)
    return dict(inner.items())


def test_the_mail_is_a_feedback_report_of_three_parts(desk: Client, url: str) -> None:
    mail = mail_of(desk, url)
    assert (mail.get_content_type(), mail.get_param("report-type")) == ("multipart/report", "feedback-report")
    parts = [part for part in mail.iter_parts() if isinstance(part, EmailMessage)]
    kinds = [part.get_content_type() for part in parts]
    assert kinds == ["text/plain", "message/feedback-report", "text/rfc822-headers"]
    assert [part.defects for part in mail.walk()] == [[]] * len(list(mail.walk()))
    told = fields_of(parts[1])
    assert told["Feedback-Type"] == "abuse"
    assert told["Version"] == "1"
    assert told["User-Agent"].startswith("Mailwatch/")
    assert told["Source-IP"] == SPAMMER
    assert "Reporting-MTA" not in told  # srv1 is a name inside
    assert told["Arrival-Date"].endswith("+0100")  # the zone of the log
    assert told["Incidents"] == "1"


def test_the_mail_opens_as_a_draft_of_who_complains(desk: Client, url: str) -> None:
    mail = mail_of(desk, url)
    assert mail["X-Unsent"] == "1"
    assert mail["From"] == "Hüte & Co <postmaster@example.org>"
    assert mail["To"] == "abuse@uc.example"
    assert SPAMMER in mail["Subject"]
    assert mail_of(desk, url, to="")["To"] is None


def test_the_evidence_names_the_zone_and_no_mailbox(desk: Client, url: str) -> None:
    text = mail_of(desk, url).get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "Europe/Madrid" in text
    assert "A=plain:" in text
    assert "kamikaze" not in text
    assert "recipient 1@hotmail.co.uk" in text


def test_the_xarf_document_is_valid(desk: Client, url: str) -> None:
    answer = desk.post(url, {**SENT, "format": "xarf"})
    document = json.loads(answer.content)
    assert answer["Content-Disposition"] == f'attachment; filename="abuse-{SPAMMER}.json"'
    assert xarf.parse(document).errors == []
    assert (document["category"], document["type"]) == ("messaging", "spam")
    assert document["source_identifier"] == SPAMMER
    assert document["timestamp"] == "2016-03-09T08:16:57+01:00"
    lines = b64decode(document["evidence"][0]["payload"]).decode()
    assert "A=plain:" in lines
    assert "kamikaze" not in lines


def test_tried_passwords_are_another_offence(desk: Client, ingested: Ingested) -> None:
    ingested(GUESSES)
    url = "/senders/203.0.113.9/abuse-report/"
    parts = list(mail_of(desk, url).iter_parts())
    assert "tried passwords" in parts[0].get_content()
    assert fields_of(parts[1])["Feedback-Type"] == "other"
    document = json.loads(desk.post(url, {**SENT, "format": "xarf"}).content)
    assert xarf.parse(document).errors == []
    assert (document["category"], document["type"]) == ("connection", "login_attack")
    assert document["source_port"] == 4007
    assert "gerda" not in json.dumps(document) + b64decode(document["evidence"][0]["payload"]).decode()


def test_tried_passwords_without_a_port_are_told_by_mail_only(desk: Client, ingested: Ingested) -> None:
    ingested([re.sub(r"\]:\d+", "]", line) for line in GUESSES])
    answer = desk.post("/senders/203.0.113.9/abuse-report/", {**SENT, "format": "xarf"})
    assert answer.status_code == 400
    assert "incoming_port" in answer.content.decode()
    assert mail_of(desk, "/senders/203.0.113.9/abuse-report/")["Subject"]


def test_no_name_of_a_host_inside_leaves_the_house(desk: Client, ingested: Ingested) -> None:
    line = "2016-03-09 11:00:00 H=(workstation7) [203.0.113.7] F=<a@b.example> rejected RCPT <z@d.example>: see mx7"
    for host in ("mx7", "mx1.example.org"):
        ingested([line], host, "UTC")
        url = f"/senders/203.0.113.7/abuse-report/?log_host={host}"
        files = [desk.post(url, {**SENT, "format": kind, "log_host": host}) for kind in ("arf", "xarf")]
        evidence = json.loads(files[1].content)["evidence"][0]["payload"]
        text = files[0].content.decode() + files[1].content.decode() + b64decode(evidence).decode()
        assert [name for name in ("workstation7", host) if name in text and "." not in name] == []
        assert ("Reporting-MTA: dns; mx1.example.org" in text) == (host == "mx1.example.org")


def test_numbers_that_leave_the_house_are_whole(
    desk: Client, ingested: Ingested, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many messages the pages of a subject count."""
    monkeypatch.setattr(subject_rows, "NEWEST", 2)
    sent = [
        f"2016-03-09 10:{minute:02}:00 1adX{minute:02}-0007sb-Pz <= a@b.example H=(x) [203.0.113.7] P=smtp S=9"
        f" for c@d.example e@f.example"
        for minute in range(5)
    ]
    delivered = [
        f"2016-03-09 10:{minute:02}:01 1adX{minute:02}-0007sb-Pz => {to} R=r T=t H=mx [192.0.2.1]"
        for minute in range(5)
        for to in ("c@d.example", "e@f.example")
    ]
    refused = (
        "2016-03-09 11:00:00 H=(x) [203.0.113.7] F=<a@b.example> rejected RCPT <z@elsewhere.example>: no"
    )
    ingested([*sent, *delivered, refused], "srv1", "Europe/Madrid")
    url = "/senders/203.0.113.7/abuse-report/"
    parts = list(mail_of(desk, url).iter_parts())
    text = parts[0].get_content().replace("\r", "")
    assert re.search(r"Messages taken:\s+5\n", text)
    assert re.search(r"Recipients:\s+10\n", text)
    assert re.search(r"Refused:\s+1\n", text)
    assert "First seen:       2016-03-09 10:00:00 +0100" in text
    assert "Last seen:        2016-03-09 11:00:00 +0100" in text
    assert fields_of(parts[1])["Incidents"] == "6"


@pytest.mark.parametrize("hosts", [1, 4])
def test_the_page_asks_as_often_for_many_log_hosts_as_for_one(
    desk: Client, ingested: Ingested, hosts: int, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for number in range(hosts):
        ingested(GUESSES, f"mx{number}", "UTC")
    with django_assert_max_num_queries(16):
        assert desk.get("/senders/203.0.113.9/abuse-report/").status_code == 200


def test_hostile_names_add_no_header(desk: Client, ingested: Ingested) -> None:
    ingested(HOSTILE)
    url = "/senders/203.0.113.66/abuse-report/"
    mail = mail_of(desk, url)
    assert mail["Bcc"] is None
    assert mail.get_all("To") == ["abuse@uc.example"]
    assert "\u202e" not in str(mail.get_body(("plain",)))
    for part in mail.iter_parts():
        assert part["Bcc"] is None
    told = fields_of(list(mail.iter_parts())[1])
    assert set(told) <= {
        "Feedback-Type", "User-Agent", "Version", "Original-Mail-From", "Arrival-Date", "Reporting-MTA",
        "Source-IP", "Incidents",
    }  # fmt: skip
    document = json.loads(desk.post(url, {**SENT, "format": "xarf"}).content)
    assert (document["protocol"], document["source_port"]) == ("smtp", 4711)
    assert document["smtp_from"] == "sender-1@evil.example"


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"contact": "nobody"}, id="no address"),
        pytest.param({"contact": ""}, id="nobody to answer"),
        pytest.param({"to": "a@b.example\r\nBcc: c@d.example"}, id="two headers"),
        pytest.param({"organisation": ""}, id="no name"),
        pytest.param({"format": "fax"}, id="another format"),
    ],
)
def test_bad_input_is_refused_with_a_reason(desk: Client, url: str, fields: dict[str, str]) -> None:
    answer = desk.post(url, {**SENT, "format": "arf", **fields})
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()


def test_the_page_shows_what_will_be_sent_and_is_linked(desk: Client, url: str) -> None:
    assert f'"{url}"' in desk.get(f"/senders/{SPAMMER}/").content.decode()
    html = desk.get(url).content.decode()
    assert "sent unwanted mail" in html
    assert "\\x0a" not in html
    assert "kamikaze" not in html


@pytest.mark.parametrize("address", ["198.51.100.99", "nobody", "999.1.1.1"])
def test_of_an_address_that_no_log_knows_there_is_no_report(
    desk: Client, seed: LogHost, address: str
) -> None:
    assert desk.get(f"/senders/{address}/abuse-report/").status_code == 404


def test_of_a_log_host_that_was_not_granted_there_is_no_report(
    url: str, ingested: Ingested, client_of: Callable[[User], Client]
) -> None:
    other = ingested(GUESSES, "mx2", "UTC").log_host
    client = client_of(somebody("otto", Role.HELPDESK, other))
    assert client.get(url).status_code == 404
    assert client.get(f"{url}?log_host=srv1").status_code == 404
    assert client.get("/senders/203.0.113.9/abuse-report/").status_code == 200


# -- who answers for it


NETWORK = {
    "startAddress": "129.137.0.0",
    "endAddress": "129.137.255.255",
    "name": "UCNET",
    "entities": [
        {"roles": ["registrant"], "vcardArray": ["vcard", [["email", {}, "text", "noc@uc.example"]]]},
        {
            "roles": ["registrant"],
            "entities": [
                {
                    "roles": ["abuse"],
                    "vcardArray": ["vcard", [["fn", {}, "text", "A"], ["email", {}, "text", "abuse@uc.example"]]],
                }
            ],
        },
    ],
}  # fmt: skip


class Registry:
    """An RDAP server that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: tuple[int, dict[str, str], bytes] = (200, {}, json.dumps(NETWORK).encode())
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                registry.asked.append(self.path)
                status, headers, body = registry.answer
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/ip"
        Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def registry(settings: Settings) -> Iterator[Registry]:
    made = Registry()
    settings.MAILWATCH_RDAP, settings.MAILWATCH_RDAP_URL = True, made.url
    yield made
    made.server.shutdown()
    made.server.server_close()


def ask(desk: Client, address: str = SPAMMER) -> str:
    answer = desk.post(f"/senders/{address}/abuse-contact/", follow=True)
    return str(answer.content.decode())


def test_a_registry_is_asked_once_and_its_answer_kept(desk: Client, url: str, registry: Registry) -> None:
    desk.get(url)
    assert registry.asked == []  # looking asks nobody
    assert 'value="abuse@uc.example"' in ask(desk)
    ask(desk)
    assert registry.asked == [f"/ip/{SPAMMER}"]
    kept = AbuseContact.objects.get()
    assert (kept.network, kept.name, kept.mails) == ("129.137.0.0/16", "UCNET", ["abuse@uc.example"])


def test_no_registry_is_asked_unless_a_setting_allows_it(
    desk: Client, url: str, registry: Registry, settings: Settings
) -> None:
    settings.MAILWATCH_RDAP = False
    assert "MAILWATCH_RDAP is off" in ask(desk)
    assert "whois" in desk.get(url).content.decode()
    assert registry.asked == []


@pytest.mark.parametrize(
    "address", ["10.1.2.3", "127.0.0.1", "169.254.1.1", "192.0.2.7", "fd00::1", "::1", "224.0.0.5"]
)
def test_nobody_is_asked_about_a_private_or_reserved_address(registry: Registry, address: str) -> None:
    with pytest.raises(rdap.NotAsked):
        rdap.lookup(address, url=registry.url)
    assert registry.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param((404, {}, b"{}"), id="not found"),
        pytest.param((500, {}, b""), id="broken"),
        pytest.param((200, {}, b"<html>"), id="no RDAP"),
        pytest.param((200, {}, b"[]"), id="another document"),
        pytest.param((200, {}, b"x" * (rdap.LARGEST + 1)), id="too long"),
        pytest.param((302, {"Location": "file:///etc/passwd"}, b""), id="sent on to a file"),
    ],
)
def test_a_failed_lookup_is_shown_as_a_failure(
    desk: Client, url: str, registry: Registry, answer: tuple[int, dict[str, str], bytes]
) -> None:
    registry.answer = answer
    html = ask(desk)
    assert "The registry" in html
    assert "root:" not in html
    assert AbuseContact.objects.get().error
    assert ask(desk) and len(registry.asked) == 1  # not again at once


def test_a_network_for_which_nobody_answers(desk: Client, url: str, registry: Registry) -> None:
    registry.answer = (200, {}, b'{"entities": [{"roles": ["abuse"], "vcardArray": ["vcard", "x"]}, 7]}')
    assert "names nobody" in ask(desk)
