"""The four lines that people published and that this project began with, read exactly as they stand."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from ingest.exim.events import Arrival, Client, Completion, Delivery, Event, Note, Topic
from ingest.exim.parse import parse

MASKED = "[email protected]"  # as the page that published the lines masked every address
ID = "1adXzZ-0007sb-Pz"
ARRIVED_AT = datetime(2016, 3, 9, 6, 53, 12, tzinfo=UTC)
DELIVERED_AT = datetime(2016, 3, 9, 7, 16, 57, tzinfo=UTC)
CLIENT = Client(sender_host_address="129.137.152.170", helo_name="[127.0.0.1]")

SEED: list[tuple[str, Event]] = [
    (
        f"2016-03-09 07:53:12 {ID} <= {MASKED} H=([127.0.0.1]) [129.137.152.170] P=esmtpa A=plain: S=1298 "
        f"{MASKED}",
        Arrival(ARRIVED_AT, ID, MASKED, CLIENT, None, "esmtpa", None, "plain", "", 1298, MASKED, None, None),
    ),
    (
        f"2016-03-09 07:53:12 {ID} no immediate delivery: more than 10 messages received in one connection",
        Note(
            ARRIVED_AT,
            ID,
            Topic.QUEUED_CONNECTION,
            None,
            None,
            10,
            "no immediate delivery: more than 10 messages received in one connection",
        ),
    ),
    (
        f"2016-03-09 08:16:57 {ID} => kamikaze_****@hotmail.co.uk R=dnslookup T=remote_smtp "
        "H=mx3.hotmail.com [207.46.8.167] X=TLS1.2:ECDHE_RSA_AES_256_CBC_SHA384:256 CV=no "
        f'DN="CN=*.hotmail.com" C="250  <{MASKED}> Queued mail for delivery"',
        Delivery(
            DELIVERED_AT,
            ID,
            "=>",
            "kamikaze_****@hotmail.co.uk",
            "kamikaze_****@hotmail.co.uk",
            "dnslookup",
            "remote_smtp",
            "mx3.hotmail.com",
            "207.46.8.167",
            None,
            "TLS1.2:ECDHE_RSA_AES_256_CBC_SHA384:256",
            f"250  <{MASKED}> Queued mail for delivery",
        ),
    ),
    (f"2016-03-09 08:16:57 {ID} Completed", Completion(DELIVERED_AT, ID)),
]


@pytest.mark.parametrize(("line", "expected"), SEED, ids=["arrival", "note", "delivery", "completion"])
@pytest.mark.parametrize("space", ["\xa0", " "], ids=["no-break space", "space"])
def test_the_seed_reads_as_it_stands(line: str, expected: Event, space: str) -> None:
    """The page writes a no-break space inside the mask; copying it by hand often gives a plain one."""
    written = parse(line.replace(MASKED, f"[email{space}protected]").encode(), zone=ZoneInfo("Europe/Madrid"))
    plain = [_with_space(value, space) for value in expected]
    assert list(written) == plain
    assert type(written) is type(expected)


def _with_space(value: object, space: str) -> object:
    return value.replace(MASKED, f"[email{space}protected]") if isinstance(value, str) else value
