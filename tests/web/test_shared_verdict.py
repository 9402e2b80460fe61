"""What a verdict says of an attack survives in a shared report, and no name of a person does."""

import json
from collections.abc import Callable

import pytest
from django.test import Client

from tests.ingest.sign_cases import REMOTE, Log
from tests.web.conftest import Ingested
from tests.web.links import share, text_of

LATER = "R=dnslookup T=remote_smtp defer (-44) H=mx.remote.example [192.0.2.25]: 421 later"


def _ordinary(log: Log) -> None:
    for n in range(4):
        arrival = f"friend@remote.example H=mx.remote.example [192.0.2.25] P=esmtp for u{n}@example.com"
        log.mail(n, arrival, f"=> u{n} <u{n}@example.com> R=local_user T=maildir_home")


def account(log: Log) -> None:
    """A stolen account whose name has no domain, and that still has mail on the spool."""
    for n in range(120):
        arrival = "gerda@example.com H=(pc) [203.0.113.66] P=esmtpsa A=plain:gerda.m"
        log.mail(60 + n / 10, arrival, f"** hubert{n}@dead.example {REMOTE}: 550 5.1.1 user unknown")
    log.mail(80, arrival, f"== hubert@dead.example {LATER}", completed=None)
    failed = "535 Incorrect authentication data (set_id=gerda.m)"
    log.say(90, f"plain authenticator failed for (x) [203.0.113.66]: {failed}")


def script(log: Log) -> None:
    """A program of a web site's user, with a dirty list."""
    for n in range(130):
        bounced = f"** hubert{n}@far.example {REMOTE}: 550 5.1.1 user unknown"
        log.mail(60 + n / 20, "wilma@prize.example U=gerda.m P=local", bounced)


def directory(log: Log) -> None:
    """The same in the home of somebody who handed in nothing by name."""
    for n in range(130):
        log.say(60 + n / 20, "cwd=/home/gerda.m/public_html 3 args: /usr/sbin/sendmail -t -i")
        log.mail(60 + n / 20, f"wilma{n}@example.com U=root P=local", f"=> hubert{n}@far.example {REMOTE}")


@pytest.mark.django_db
@pytest.mark.parametrize("attack", [account, script, directory])
def test_nobody_is_named(desk: Client, ingested: Ingested, attack: Callable[[Log], None]) -> None:
    log = Log()
    _ordinary(log)
    attack(log)
    log.say(900, "Start queue run: pid=1")
    log.lines.sort()
    ingested(log.lines)
    link = share(desk)
    stored = json.dumps(link.snapshot)
    page = text_of(link.path)

    assert link.snapshot["hosts"][0]["verdict"]["relaying"] in ("yes", "suspected")
    for name in ("gerda", "hubert", "wilma"):
        assert name not in stored
        assert name not in page
    assert "Has the repair worked?" in page
    assert "How much went out?" in page
