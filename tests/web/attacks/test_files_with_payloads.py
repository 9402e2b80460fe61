"""The hostile log in what leaves the house: mails, abuse reports, shared reports and their files, commands."""

import email
import json
from base64 import b64decode
from datetime import date
from email.message import EmailMessage
from email.policy import default
from io import StringIO

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.core.management import call_command
from django.test import Client

from ingest.models import LogHost
from mailwatch.models import SharedReport
from mailwatch.operations import daily_mails
from tests.web.attacks import hostile_log, neutral
from tests.web.attacks.payloads import PAYLOADS
from tests.web.attacks.test_pages_with_payloads import EACH
from tests.web.links import pass_of, share, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("hostile log")]

LEVELS = pytest.mark.parametrize("level", SharedReport.Redaction.values)
_HEADERS = {
    "from", "to", "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding",
    "auto-submitted", "x-unsent",
}  # fmt: skip


def wrong_with_mail(raw: bytes) -> list[str]:
    """Headers that nobody meant, parts that are not text, pages that are more than text."""
    message = email.message_from_bytes(raw, policy=default)
    wrong = [f"header {name}" for name in message if name.lower() not in _HEADERS]
    for part in message.walk():
        wrong += [repr(defect) for defect in part.defects]
        if part.get_content_type() == "text/html":
            assert isinstance(part, EmailMessage)
            wrong += neutral.page(part.get_content())
        elif part.get_content_type() == "text/plain":
            assert isinstance(part, EmailMessage)
            wrong += neutral.hidden(part.get_content())
    return wrong


def test_the_daily_mail_is_text(hostile: LogHost) -> None:
    daily_mails.send(hostile, date.fromisoformat(hostile_log.DAY), "post@example.org")
    (sent,) = mail.outbox
    assert isinstance(sent, EmailMultiAlternatives)
    assert wrong_with_mail(sent.message().as_bytes()) == []
    assert sent.recipients() == ["post@example.org"]


@pytest.mark.parametrize("payload", [one.text for one in PAYLOADS[::9]])
def test_what_is_typed_into_an_abuse_report_makes_no_header(chief: Client, payload: str) -> None:
    fields = {
        "organisation": payload,
        "contact": "post@example.org",
        "to": "abuse@example.net",
        "format": "arf",
    }
    sent = {name: text.encode("utf-8", "replace").decode() for name, text in fields.items()}
    answer = chief.post(f"/senders/{hostile_log.ADDRESS}/abuse-report/", sent)
    if answer["Content-Type"] == "message/rfc822":
        assert wrong_with_mail(answer.content) == []
    else:
        assert answer.status_code < 500
        assert neutral.page(answer.text) == []


def test_the_abuse_report_of_who_wrote_it_all_is_text(chief: Client) -> None:
    url = f"/senders/{hostile_log.ADDRESS}/abuse-report/"
    fields = {"organisation": "We", "contact": "post@example.org", "to": "abuse@example.net"}
    answer = chief.post(url, {**fields, "format": "arf"})
    assert answer["Content-Type"] == "message/rfc822"
    assert wrong_with_mail(answer.content) == []
    document = chief.post(url, {**fields, "format": "xarf"})
    assert document["Content-Type"] == "application/json", document.text
    assert neutral.hidden(document.text) == []
    for evidence in json.loads(document.content)["evidence"]:
        assert neutral.hidden(b64decode(evidence["payload"]).decode()) == []


def wrong_with_link(path: str) -> list[str]:
    """A link's page, and the files behind its buttons."""
    page = text_of(path)
    fields = {"pass": pass_of(page)}
    document = text_of(path, format="json", **fields)
    json.loads(document)
    return [
        *neutral.page(page),
        *neutral.page(text_of(path, format="html", **fields), styles=True),
        *neutral.hidden(document),
        *neutral.table(text_of(path, format="csv", **fields)),
    ]


@LEVELS
def test_a_shared_report_is_text(chief: Client, hostile: LogHost, level: str) -> None:
    assert wrong_with_link(share(chief, log_host=hostile.name, redaction=level).path) == []


@EACH
def test_a_shared_message_is_text_at_each_level(chief: Client, hostile: LogHost, at: int) -> None:
    level = SharedReport.Redaction.values[at % 3]
    made = share_message_of(chief, hostile_log.message_id(at), level)
    assert wrong_with_link(made) == []


def share_message_of(desk: Client, message_id: str, level: str) -> str:
    return share(
        desk, kind="message", log_host=hostile_log.LOG_HOST, message_id=message_id, redaction=level
    ).path


@EACH
def test_a_terminal_is_told_nothing(hostile: LogHost, at: int) -> None:
    for words in (
        ("timeline", hostile_log.message_id(at)),
        ("timeline", hostile_log.message_id(at), "--json"),
    ):
        out = StringIO()
        call_command(*words, stdout=out)
        assert neutral.hidden(out.getvalue()) == [], words


@pytest.mark.parametrize("words", [
    ("search", hostile_log.ADDRESS), ("search", "zq", "--json"), ("relays",), ("relays", "--json"),
    ("sender", hostile_log.ADDRESS), ("sender", hostile_log.ADDRESS, "--json"),
    ("daily_report", hostile_log.LOG_HOST, "--date", hostile_log.DAY),
    ("daily_report", hostile_log.LOG_HOST, "--date", hostile_log.DAY, "--json"),
])  # fmt: skip
def test_no_command_tells_a_terminal_anything(hostile: LogHost, words: tuple[str, ...]) -> None:
    out = StringIO()
    call_command(*words, stdout=out)
    assert out.getvalue()
    assert neutral.hidden(out.getvalue()) == []
