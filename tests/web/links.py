"""Links of shared reports, as those who made them and those who have them use them."""

import re
from dataclasses import dataclass
from typing import Any

from django.test import Client

from mailwatch.models import SharedReport

MESSAGE_ID = "1adXzZ-0007sb-Pz"
_LINK = re.compile(r'<code id="link">http://testserver(/shared/[\w-]{43}/)</code>')


@dataclass(frozen=True, slots=True)
class Link:
    """A link, which only the page that made it has shown, and the row behind it."""

    path: str
    report: SharedReport

    @property
    def snapshot(self) -> dict[str, Any]:
        snapshot: dict[str, Any] = self.report.snapshot
        return snapshot


def share(desk: Client, **terms: object) -> Link:
    """Share the report, or what ``kind`` names."""
    answer = desk.post("/share/", {"kind": "report", **terms})
    text = answer.content.decode()
    assert answer.status_code == 200, text
    found = _LINK.search(text)
    assert found, text
    return Link(found[1], SharedReport.objects.latest("pk"))


def share_message(desk: Client, message_id: str = MESSAGE_ID, **terms: object) -> Link:
    return share(desk, kind="message", log_host="srv1", message_id=message_id, **terms)


def reveal(path: str, **fields: str) -> Any:
    """What a stranger's browser gets for the button of a link."""
    return Client().post(path, fields)


def text_of(path: str, **fields: str) -> str:
    return str(reveal(path, **fields).content.decode())


def pass_of(text: str) -> str:
    """What the buttons for files come back with."""
    found = re.search(r'name="pass" value="([^"]+)"', text)
    assert found, text
    return found[1]
