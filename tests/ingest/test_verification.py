"""Whatever is stored otherwise than the lines say is found and named; what is right is not."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F

from ingest import retention, verification
from ingest.models import (
    Delivery,
    Finding,
    HourlyVolume,
    LocalDomain,
    LogHost,
    LoginCount,
    LogPage,
    Message,
    MessageFinding,
    Rejection,
    Suspect,
)
from ingest.rebuild import rebuild
from tests.ingest.conftest import SAMPLES, read_files
from tests.ingest.test_retention import (
    APRIL,
    another_connection,
    bulk,
    keep_days,
    read_in,
    rejectlog,
    small_pages,
    srv1,
)

__all__ = ["small_pages", "srv1"]

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("small_batches", "small_pages"),
]


@pytest.fixture
def attacked(srv1: LogHost) -> LogHost:
    """A log host with findings of all kinds."""
    read_files(srv1, *(SAMPLES / "srv1" / name for name in ("mainlog", "mainlog.1")))
    assert Suspect.objects.exists() and MessageFinding.objects.exists()
    return srv1


def differences(host: LogHost) -> dict[str, list[str]]:
    """By kind, what is told of them."""
    compared = verification.verify(host)
    assert not any(kind.skipped for kind in compared)
    return {
        kind.kind: [f"{each.what}: {each.how}" for each in kind.examples]
        for kind in compared
        if kind.differences
    }


def test_what_was_read_in_is_right(attacked: LogHost) -> None:
    compared = verification.verify(attacked)
    assert [kind for kind in compared if kind.differences] == []
    assert {kind.kind: kind.checked for kind in compared}["messages"] == Message.objects.count()
    assert [kind.kind for kind in compared if not kind.checked] == ["script runs"]  # this log has no cwd=


def test_so_is_a_rejectlog_before_its_mainlog(srv1: LogHost, tmp_path: Path) -> None:
    log = bulk(tmp_path / "mainlog", lines=800)
    read_files(srv1, rejectlog(tmp_path / "rejectlog", log))
    read_files(srv1, log)
    assert differences(srv1) == {}


def test_so_is_what_retention_and_rebuild_leave(srv1: LogHost, tmp_path: Path) -> None:
    log = bulk(tmp_path / "mainlog", lines=800)
    read_in(srv1, log, rejectlog(tmp_path / "rejectlog", log))
    keep_days(srv1, 30)
    retention.retain(APRIL)
    assert differences(srv1) == {}
    retention.retain(APRIL.replace(month=5, day=10))
    assert differences(srv1) == {}
    rebuild(srv1)
    assert differences(srv1) == {}


def flip_a_byte() -> str:
    """Of the text of a page, compressed again."""
    page = LogPage.objects.order_by("page_id")[2]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ingest_page SET body = set_byte(body, 100, get_byte(body, 100) # 1) WHERE page_id = %s",
            [page.page_id],
        )
    return f"page_id={page.page_id}: "


def test_a_damaged_page_is_named(attacked: LogHost) -> None:
    named = flip_a_byte()
    found = differences(attacked)["pages"]
    assert len(found) == 1 and found[0].startswith(named)


def test_a_wrong_checksum_is_named(attacked: LogHost) -> None:
    page = LogPage.objects.order_by("page_id")[1]
    LogPage.objects.filter(page_id=page.page_id).update(checksum=F("checksum") + 1)
    assert differences(attacked) == {
        "pages": [f"page_id={page.page_id}: the text does not have its checksum"]
    }


def lose_a_delivery() -> str:
    row = Delivery.objects.order_by("message_id")[3]
    Delivery.objects.filter(message_id=row.message_id, digest=row.digest).delete()
    return row.message_id


def change_a_status() -> str:
    row = Message.objects.filter(status="delivered").order_by("message_id")[0]
    Message.objects.filter(message_id=row.message_id).update(status="bounced")
    return f'message_id={row.message_id}: status is "bounced", the lines say "delivered"'


def invent_a_refusal() -> str:
    row = Rejection.objects.order_by("logged_at")[0]
    row.digest = 4711
    row.save(force_insert=True)
    return "digest=4711, copy=0: extra"


def miscount_an_hour() -> str:
    HourlyVolume.objects.filter(pk=HourlyVolume.objects.order_by("hour")[0].pk).update(delivered=99_999)
    return "delivered is 99999, the lines say "


def forget_a_domain() -> str:
    row = LocalDomain.objects.order_by("-deliveries")[0]
    LocalDomain.objects.filter(pk=row.pk).update(deliveries=row.deliveries + 1)
    return f"domain={row.domain}: deliveries is "


def miscount_logins() -> str:
    LoginCount.objects.update(nameless=F("nameless") + 1)
    return "nameless is "


def drop_a_message_finding() -> str:
    row = MessageFinding.objects.order_by("message_id")[0]
    MessageFinding.objects.filter(message_id=row.message_id, rule=row.rule).delete()
    return f"message_id={row.message_id}, rule={row.rule}: missing"


def acquit_a_suspect() -> str:
    row = Suspect.objects.order_by("pk")[0]
    row.delete()
    return f"value={row.value}: missing"


def soften_a_finding() -> str:
    row = Finding.objects.order_by("pk")[0]
    Finding.objects.filter(pk=row.pk).update(severity="info")
    return 'severity is "info", the lines say '


@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        ("deliveries", lose_a_delivery),
        ("messages", change_a_status),
        ("rejections", invent_a_refusal),
        ("hourly volumes", miscount_an_hour),
        ("local domains", forget_a_domain),
        ("logins", miscount_logins),
        ("message findings", drop_a_message_finding),
        ("suspects", acquit_a_suspect),
        ("findings", soften_a_finding),
    ],
)
def test_each_kind_of_damage_is_found_and_named(
    attacked: LogHost, kind: str, damage: Callable[[], str]
) -> None:
    named = damage()
    found = differences(attacked)
    assert any(named in told for told in found[kind]), found
    rebuild(attacked)
    assert differences(attacked) == {}


def test_nothing_is_changed_by_it(attacked: LogHost) -> None:
    damage = change_a_status()
    assert differences(attacked) == differences(attacked) and damage
    assert Message.objects.filter(status="bounced").exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relname LIKE 'ingest_%'")
        assert cursor.fetchone() == (0,)


def test_the_command(attacked: LogHost) -> None:
    out = StringIO()
    call_command("verify", stdout=out)
    assert f"  messages: {Message.objects.count():,} stored, no difference\n" in out.getvalue()
    named = change_a_status()
    out = StringIO()
    with pytest.raises(CommandError, match=r"^1 difference\.$"):
        call_command("verify", log_host="srv1", stdout=out)
    assert f"    {named}\n" in out.getvalue()
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("verify", json=True, stdout=out)
    told = {kind["kind"]: kind for kind in json.loads(out.getvalue())["log_hosts"][0]["compared"]}
    assert told["messages"]["changed"] == 1 and told["messages"]["examples"]
    with pytest.raises(CommandError, match="no log host mx9"):
        call_command("verify", log_host="mx9")


def test_many_differences_are_counted_and_ten_shown(attacked: LogHost) -> None:
    Message.objects.update(subject="x")
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("verify", stdout=out)
    assert f"    The first 10 of {Message.objects.count():,}.\n" in out.getvalue()


def test_findings_wait_for_a_run_that_is_not_finished(attacked: LogHost) -> None:
    attacked.runs.update(state="running")
    skipped = {kind.kind for kind in verification.verify(attacked) if kind.skipped}
    assert skipped == {"message findings", "suspects", "findings"}


def test_it_sees_one_moment_of_the_database(attacked: LogHost) -> None:
    changed: list[int] = []

    def change(lines: int) -> None:
        with another_connection() as other:
            changed.append(other.execute("UPDATE ingest_message SET status = 'frozen'").rowcount)

    compared = verification.verify(attacked, progress=change)
    assert changed and not any(kind.differences for kind in compared)
    assert "messages" in differences(attacked)
