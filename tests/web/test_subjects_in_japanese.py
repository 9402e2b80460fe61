"""Messages, rejections, subjects, the search, days and log hosts in Japanese: no English but names and log text."""

import re
from html import unescape

import pytest
from django.test import Client

from ingest.models import LogHost
from tests.web.conftest import Ingested
from tests.web.test_pages_in_japanese import english_of, in_japanese, japanese

__all__ = ["in_japanese", "japanese"]

_HISTORY = (
    "2016-03-10 09:00:00 1adbAa-0007sb-Aa <= friend@partner.example H=mx.partner.example [198.51.100.7] P=esmtps"
    ' S=900 id=one@partner.example T="Hello there" for anna@elsewhere.example bob@elsewhere.example',
    "2016-03-10 09:00:05 1adbAa-0007sb-Aa == anna@elsewhere.example R=dnslookup T=remote_smtp defer (-44)"
    " H=mx.elsewhere.example [192.0.2.25]: SMTP error from remote mail server after RCPT TO:<anna@elsewhere.example>:"
    " 451 4.7.1 Greylisted, try again later",
    "2016-03-10 09:00:06 1adbAa-0007sb-Aa ** bob@elsewhere.example R=dnslookup T=remote_smtp"
    " H=mx.elsewhere.example [192.0.2.25]: SMTP error from remote mail server after RCPT TO:<bob@elsewhere.example>:"
    " 550 5.1.1 User unknown",
    "2016-03-10 09:20:00 1adbAa-0007sb-Aa == anna@elsewhere.example R=dnslookup T=remote_smtp defer (-53):"
    " retry time not reached for any host",
    "2016-03-10 09:30:00 1adbAa-0007sb-Aa == anna@elsewhere.example R=dnslookup T=remote_smtp defer (-53):"
    " retry time not reached for any host",
    "2016-03-10 10:00:00 1adbAa-0007sb-Aa => anna@elsewhere.example R=dnslookup T=remote_smtp"
    ' H=mx.elsewhere.example [192.0.2.25] C="250 2.0.0 Ok: queued as 4F1D2C3B4A"',
    "2016-03-10 10:00:00 1adbAa-0007sb-Aa Completed",
    "2016-03-10 11:00:00 1adcz6-0007sb-Bb <= <> R=1adbAa-0007sb-Aa U=exim P=local S=2000 for friend@partner.example",
    "2016-03-10 11:00:01 1adcz6-0007sb-Bb ** friend@partner.example: Unrouteable address",
    "2016-03-10 11:00:01 1adcz6-0007sb-Bb Frozen (delivery error message)",
    "2016-03-10 11:30:00 1adcz6-0007sb-Bb Message is frozen",
    "2016-03-10 12:00:00 plain authenticator failed for (probe.example.net) [203.0.113.9]: 535 Incorrect authentication"
    " data (set_id=anna)",
    "2016-03-10 12:01:00 H=(probe.example.net) [203.0.113.9] F=<> temporarily rejected RCPT <carl@elsewhere.example>:"
    " greylisted",
)
_PAGES = (
    "/search/",
    "/search/?q=elsewhere.example",
    "/search/?q=anna@elsewhere.example&role=recipient",
    "/search/?q=192.0.2.0/24",
    "/search/?q=203.0.113.9",
    "/search/?q=nobody.example",
    "/search/?q=nobody@nowhere.example&log_host=mx2&range=day",
    "/search/?q=Greylisted",
    "/search/?q=Greylisted&kind=text&status=rejected",
    "/search/?q=/Grey.*/&kind=pattern",
    "/search/?q=1adbAa-0007sb-Zz",
    "/search/?q=anna&kind=account",
    "/search/?q=anna@&kind=beginning",
    "/search/?log_host=mx2&status=rejected&reason=greylisted",
    "/search/?direction=relay&size_from=10&size_to=5000&transport=remote_smtp&rule=B06",
    "/search/?also=192.0.2.25&also_kind=network&account=anna&remote_host=192.0.2.25&range=week",
    "/search/?size_from=much&range=never&log_host=nowhere&status=odd&direction=up",
    "/search/?count=1&q=elsewhere.example",
    "/search/saved/",
    "/senders/198.51.100.7/",
    "/senders/203.0.113.9/?range=day",
    "/networks/203.0.113.0/24/",
    "/accounts/anna/",
    "/addresses/friend@partner.example/",
    "/addresses/anna@elsewhere.example/?side=recipient",
    "/domains/elsewhere.example/",
    "/domains/nowhere.example/?log_host=mx2",
    "/transports/remote_smtp/",
    "/remote-hosts/192.0.2.25/?range=day",
    "/daily/mx2/2016-03-09/",
    "/daily/mx2/2016-03-10/",
    "/daily/mx2/2016-03-20/",
    "/log-hosts/",
    "/log-hosts/mx2/",
    "/log-hosts/srv1/?account=x",
    "/zones/mx2/",
    "/zones/srv1/",
    "/configuration/",
    "/messages/mx2/1adbAa-0007sb-Aa/",
    "/messages/mx2/1adbAa-0007sb-Aa/?raw=1&recipient=anna",
    "/messages/mx2/1adcz6-0007sb-Bb/",
    "/messages/srv1/1adXzZ-0007sb-Pz/",
    "/messages/mx2/1adXzZ-0007sb-Zz/",
)


_OF_LOGS = {
    "535 Incorrect authentication data",
    "Frozen (delivery error message)",
    "Message is frozen",
    "Unrouteable address",
    "relay not permitted",
    "retry time not reached",
}
"""What the log says, in sentences and in the glossary's terms."""


def _left(html: str) -> list[str]:
    """English but for log text; terms of the glossary stand as a log has them."""
    return [each for each in english_of(re.sub(r"<dt>.*?</dt>", " ", html)) if each not in _OF_LOGS]


@pytest.fixture
def reader(japanese: Client, ingested: Ingested) -> Client:
    ingested(_HISTORY, "mx2", "UTC")
    return japanese


def test_pages_about_one_thing_are_in_japanese(reader: Client) -> None:
    found = {}
    rejected = reader.get("/search/?status=rejected").content.decode()
    rejections = sorted(set(re.findall(r'href="(/rejections/[^"]+)"', rejected)))
    assert len(rejections) == 3
    for page in (*_PAGES, *map(unescape, rejections)):
        html = reader.get(page).content.decode()
        if left := _left(html):
            found[page] = left
    assert found == {}


def test_what_is_done_is_said_in_japanese(reader: Client) -> None:
    """Each answer says what happened, or what is wrong with what was typed."""
    configuration = {
        "text": "begin authenticators\nplain:\n  driver = plaintext\n",
        "log_host": "mx2",
        "replace": "on",
    }
    asked: tuple[tuple[str, dict[str, str]], ...] = (
        ("/log-hosts/mx2/", {"local_domains": "example.org", "retention_days": "many"}),
        ("/log-hosts/mx2/", {"local_domains": "example.org"}),
        ("/log-hosts/mx2/accounts/", {"text": "anna\nbob"}),
        ("/log-hosts/mx2/accounts/", {}),
        ("/log-hosts/mx2/thresholds/", {}),
        ("/log-hosts/mx2/allow/", {"kind": "log_host", "reason": "it may", "until": "month"}),
        ("/log-hosts/mx2/allow/", {"kind": "network", "value": "", "until": "day"}),
        ("/daily/mx2/recipients/", {"address": "no address"}),
        ("/daily/mx2/recipients/", {"address": "desk@example.org"}),
        ("/zones/mx2/", {"timezone": ""}),
        ("/configuration/", configuration),
        ("/configuration/", {}),
        ("/search/saved/save/", {"name": "", "query": "q=anna"}),
        ("/search/saved/save/", {"name": "x", "query": "q=anna"}),
    )
    assert LogHost.objects.filter(name="mx2").exists()
    found = {}
    for number, (page, typed) in enumerate(asked):
        html = reader.post(page, typed, follow=True).content.decode()
        if left := _left(html):
            found[number, page] = left
    assert found == {}
