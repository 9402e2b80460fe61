"""The report's order: of one severity, who wrote to the most strangers comes first; on the page and in exports."""

import csv
import json
from io import StringIO

from django.test import Client

from tests.web.conftest import Ingested

TO_US, TO_FEW, TO_MANY = "203.0.113.1", "203.0.113.2", "203.0.113.3"
LOCAL = [
    f"2016-03-09 07:00:0{number} 1adXa{number}-0007sb-Pz => user{number}@example.org R=local T=maildir"
    for number in range(4)
]


def _sent(address: str, number: int, *recipients: str) -> list[str]:
    """One message of a login without a user name, through an authenticator of its own."""
    name, stamp = f"1adXb{number}-0007sb-Pz", f"2016-03-09 08:00:0{number}"
    return [
        f"{stamp} {name} <= a@b.example H=([127.0.0.1]) [{address}] P=esmtpa A=way{number}: S=900"
        f" for {' '.join(recipients)}",
        *(f"{stamp} {name} => {one} R=dnslookup T=remote_smtp H=mx [198.51.100.9]" for one in recipients),
        f"{stamp} {name} Completed",
    ]


LINES = [
    *LOCAL,
    *_sent(TO_US, 1, *(f"user{number}@example.org" for number in range(4))),
    *_sent(TO_FEW, 2, "x@elsewhere.example"),
    *_sent(TO_MANY, 3, "x@elsewhere.example", "y@elsewhere.example"),
]


def test_who_wrote_to_the_most_strangers_is_first_on_the_page_and_in_exports(
    desk: Client, ingested: Ingested
) -> None:
    ingested(LINES)
    response = desk.get("/relays/", {"open": ""})
    rows = response.context["page"].rows
    assert len({row.attack.severity for row in rows}) == 1
    expected = [(TO_MANY, 2, 2), (TO_FEW, 1, 1), (TO_US, 4, 0)]
    assert [
        (row.attack.worst.report.value, row.attack.counts.recipients, row.attack.counts.outside)
        for row in rows
    ] == expected
    assert "by severity, then by strangers written to, then by what was delivered" in response.text
    assert "2 outside" in response.text
    document = json.loads(desk.get("/relays/", {"format": "json"}).getvalue())["suspects"]
    assert [(each["value"], each["recipients"], each["outside"]) for each in document] == expected
    table = csv.DictReader(StringIO(desk.get("/relays/", {"format": "csv"}).getvalue().decode()))
    assert [(each["value"], int(each["recipients"]), int(each["outside"])) for each in table] == expected
