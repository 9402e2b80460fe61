"""B03: what others refuse as spam."""

import pytest

from ingest.rules.definition import Severity
from ingest.rules.replies import says_content_refused, says_sender_unproven
from tests.rules.lines import found, mail

SPAM = "550 5.7.1 Message rejected as spam by Content Filtering."
_HEAD = "SMTP error from remote mail server after end of data: "


def refused(times: int, *, pause: float = 1, text: str = SPAM, redirected: str = "") -> list[str]:
    lines = []
    for number in range(times):
        original = f" <{redirected}>" if redirected else ""
        bounce = f"** z@remote.example{original} R=dnslookup T=remote_smtp H=mx.remote.example [192.0.2.25]: "
        arrival = (
            "alice@example.com H=([192.168.1.5]) [203.0.113.7] P=esmtpsa A=plain:alice@example.com S=900"
        )
        lines += mail(number * pause, arrival, f"{bounce}{_HEAD}{text}", number=number)
    return lines


@pytest.mark.parametrize(
    ("lines", "severity"),
    [
        pytest.param(refused(3), Severity.HIGH, id="three"),
        pytest.param(refused(2), Severity.LOW, id="two"),
        pytest.param(refused(3, pause=30), Severity.LOW, id="three within more than an hour"),
        pytest.param(
            refused(9, text="550 5.7.26 Unauthenticated email is not accepted"), Severity.LOW, id="SPF"
        ),
        pytest.param(refused(3, redirected="bob@example.com"), None, id="forwarded"),
        pytest.param(refused(3, text="550 5.1.1 no such user"), None, id="unknown user"),
        pytest.param(
            refused(3, text="550 5.7.1 spam: blocked using zen.spamhaus.org"), None, id="a blocklist"
        ),
    ],
)
def test_from_which_number_on(lines: list[str], severity: Severity | None) -> None:
    assert found(lines).get(("alice@example.com", "B03")) is severity


@pytest.mark.parametrize(
    ("text", "is_spam", "is_unproven"),
    [
        (SPAM, True, False),
        ("550-5.7.1 [192.0.2.1      12] Our system has detected that it is\n550 likely unsolicited spam", True, False),
        ("554 5.7.1 [P4] Message blocked due to spam content in the message.", True, False),
        ("550 AUP#I-1310 message refused", True, False),
        ("550 5.7.26 This mail has been blocked because the sender is unauthenticated.", False, True),
        ("550 5.7.509 Access denied, sending domain example.com does not pass DMARC verification", False, True),
        ("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", False, False),
        ("550 5.7.1 relaying denied", False, False),
        ("452 4.2.2 mailbox full", False, False),
        (None, False, False),
    ],
)  # fmt: skip
def test_what_replies_say(text: str | None, is_spam: bool, is_unproven: bool) -> None:
    assert (says_content_refused(text), says_sender_unproven(text)) == (is_spam, is_unproven)
