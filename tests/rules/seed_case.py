"""The four lines of the case that the project began with, as facts, and the verdict on them."""

from ingest.exim.configuration import read
from ingest.rules.configuration import audit
from ingest.rules.facts import Coverage, LogHostFacts, MessageFacts, Outcome, RecipientFacts
from ingest.rules.verdict import Verdict
from tests.rules.cases import judged
from tests.rules.facts import START, at

SEED_ADDRESS = "129.137.152.170"
SEED_HOST = LogHostFacts(name="srv1")
SEED = MessageFacts(
    message_id="1adXzZ-0007sb-Pz",
    received_at=START,
    envelope_sender="[email\u00a0protected]",
    sender_host_address=SEED_ADDRESS,
    sender_host_port=None,
    helo_name="[127.0.0.1]",
    sender_host_name=None,
    protocol="esmtpa",
    authenticator="plain",
    authenticated_id="",
    local_user=None,
    listed_recipients=None,
    connection_limit=10,
    recipients=(
        RecipientFacts(
            "kamikaze_****@hotmail.co.uk",
            "kamikaze_****@hotmail.co.uk",
            Outcome.DELIVERED,
            True,
            None,
            at(24),
        ),
    ),
    size=1298,
    subject=None,
    status="delivered",
)
SEED_COVERAGE = Coverage(has_arrivals=True, has_deliveries=True, first_at=START, last_at=at(24))


def seed_verdict(configuration: str = "") -> Verdict:
    """What is said of it, with a configuration if there is one."""
    findings = audit(read(configuration)) if configuration else ()
    return judged(SEED, host=SEED_HOST, seen=SEED_COVERAGE, configuration=findings)
