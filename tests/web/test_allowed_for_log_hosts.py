"""What is found on a log host as a whole, or in its configuration, can be allowed, and is marked on the pages."""

import json
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.timezone import now

from ingest.models import AllowEntry, LogHost, StoredConfiguration
from tests.web.conftest import Ingested
from tests.web.test_host_findings import guessed_names

ENTRY = {
    "kind": "log_host",
    "value": "",
    "rule": "D01",
    "reason": "Everybody is guessed",
    "until": "year",
}
OPEN = "hostlist relay_from_hosts = 0.0.0.0/0\nacl_smtp_rcpt = acl_check_rcpt\n"


@pytest.fixture
def chief(admin: User, client_of: Callable[[User], Client]) -> Client:
    """The browser of the administrator."""
    return client_of(admin)


@pytest.fixture
def host(ingested: Ingested) -> LogHost:
    return ingested(guessed_names(), "srv1").log_host


def test_a_finding_on_the_log_host_is_allowed_from_the_report_and_marked_there(
    chief: Client, desk: Client, host: LogHost
) -> None:
    link = "/log-hosts/srv1/?kind=log_host&amp;rule=D01#allow"
    assert link in chief.get("/relays/").text
    assert link not in desk.get("/relays/").text
    form = chief.get("/log-hosts/srv1/?kind=log_host&rule=D01").context["allow"]
    assert (form["kind"].value(), form["rule"].value()) == ("log_host", "D01")
    page = chief.post("/log-hosts/srv1/allow/", ENTRY, follow=True).text
    assert "D01 for the log host as a whole is allowed." in page
    for path in ("/relays/", "/"):
        shown = desk.get(path).text
        assert "The log host as a whole" in shown
        assert "Everybody is guessed" in shown
    document = json.loads(desk.get("/relays/", {"format": "json"}).getvalue())
    (found,) = document["log_hosts"][0]["findings"]
    assert found["allowed"]["reason"] == "Everybody is guessed"
    assert [(item["kind"], item["rule"]) for item in document["allowed"]] == [("log_host", "D01")]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rule": ""}, "For the log host as a whole, say which rule."),
        ({"rule": "C06"}, "C06 does not judge the log host as a whole."),
        ({"kind": "network", "value": "203.0.113.0/24"}, "D01 judges the log host as a whole."),
        ({"kind": "network"}, "Say who is allowed."),
    ],
)
def test_what_fits_no_rule_is_refused_in_one_sentence(
    chief: Client, host: LogHost, changes: dict[str, str], sentence: str
) -> None:
    response = chief.post("/log-hosts/srv1/allow/", ENTRY | changes)
    assert response.status_code == 422
    assert sentence in response.text
    assert ENTRY["reason"] in response.text
    assert not AllowEntry.objects.exists()


def test_what_the_logs_cannot_tell_is_accepted(chief: Client, desk: Client, host: LogHost) -> None:
    assert "log_selector = " in desk.get("/relays/").text
    chief.post("/log-hosts/srv1/allow/", ENTRY | {"rule": "S01", "reason": "No disk for more"})
    page = desk.get("/relays/").text
    assert "No disk for more" in page
    assert "One setting closes what a setting can" not in page


def test_a_finding_of_the_configuration_is_allowed_from_its_page_and_counts_no_more(
    chief: Client, desk: Client, host: LogHost
) -> None:
    StoredConfiguration.objects.create(log_host=host, name="configure", text=OPEN, stored_at=now())
    before = chief.get("/configuration/?log_host=srv1")
    assert before.context["audit"].answer == "yes"
    assert "/log-hosts/srv1/?kind=log_host&amp;rule=X09#allow" in before.text
    chief.post("/log-hosts/srv1/allow/", ENTRY | {"rule": "X09", "reason": "The firewall closes it"})
    after = desk.get("/configuration/?log_host=srv1")
    assert after.context["audit"].answer != "yes"
    assert [finding.rule for finding in after.context["audit"].allowed] == ["X09"]
    assert "The firewall closes it" in after.text
    overview = desk.get("/").text
    assert "Without this the answer would be" in overview
    assert "The firewall closes it" in overview
