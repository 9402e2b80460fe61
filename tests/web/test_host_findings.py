"""What was found on a log host as a whole stands on the report and, where it matters, on the overview."""

import json
from datetime import datetime, timedelta
from io import StringIO

from django.core.management import call_command
from django.test import Client

from tests.web.conftest import Ingested

_START = datetime(2016, 3, 9, 9, 0)  # noqa: DTZ001 - a stamp of the log


def _throttled() -> list[str]:
    lines = []
    for number in range(6):
        at, later = (_START + timedelta(minutes=number + more) for more in (0, 9))
        name = f"1adYz{number}-0007sb-Pz"
        to, peer = "z@gmail.example R=dnslookup T=remote_smtp", "H=gmail-in.google.example [192.0.2.25]"
        client = "H=([192.168.1.5]) [203.0.113.7] P=esmtpsa A=plain:alice S=900"
        lines += [
            f"{at:%Y-%m-%d %H:%M:%S} {name} <= alice@example.com {client}",
            f"{at:%Y-%m-%d %H:%M:%S} {name} == {to} defer (-46) {peer}: SMTP error from remote mail server"
            " after end of data: 421 4.7.28 unusual rate of mail",
            f"{later:%Y-%m-%d %H:%M:%S} {name} => {to} {peer}",
            f"{later:%Y-%m-%d %H:%M:%S} {name} Completed",
        ]
    return lines


def guessed_names() -> list[str]:
    return [
        f"2016-03-09 09:00:{second:02} H=(x.example) [203.0.113.9] F=<a@bad.example> rejected RCPT"
        f" <user{second}@example.com>: Unrouteable address"
        for second in range(12)
    ]


def test_the_report_has_all_of_them_with_lines_steps_and_guards(desk: Client, ingested: Ingested) -> None:
    ingested([*_throttled(), *guessed_names()])
    page = desk.get("/relays/")

    (host,) = page.context["page"].hosts
    assert [detail.finding.rule for detail in host.details] == ["B02", "D01"]
    assert b"421 4.7.28" in host.details[0].lines[0].raw
    assert "puts mail off because too much comes from this host: 6 attempts" in page.text
    assert "Greylisting is not this" in page.text
    assert "203.0.113.9" in page.text
    assert b"rejected RCPT" in host.details[1].lines[0].raw


def test_the_overview_has_what_is_more_than_low(desk: Client, ingested: Ingested) -> None:
    ingested(guessed_names())
    assert 'id="log-host"' not in desk.get("/").text

    ingested(_throttled())
    page = desk.get("/").text
    assert 'id="log-host"' in page
    assert "A provider slows us down" in page
    assert "Names are guessed" not in page


def test_a_range_has_its_own(desk: Client, ingested: Ingested) -> None:
    ingested([*_throttled(), *guessed_names()])
    page = desk.get("/relays/?range=exact&since=2016-03-09T12:00&until=2016-03-09T13:00")

    assert page.status_code == 200
    assert not page.context["page"].hosts


def test_exports_and_the_command_have_them(desk: Client, ingested: Ingested) -> None:
    ingested(_throttled())
    (host,) = json.loads(desk.get("/relays/?format=json").getvalue())["log_hosts"]
    assert [finding["rule"] for finding in host["findings"]] == ["B02"]

    told = StringIO()
    call_command("relays", stdout=told)
    assert "A provider slows us down (B02)" in told.getvalue()
