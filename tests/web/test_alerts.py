"""An attack is told once, however often it is judged and by how many workers; so are sources and incidents."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import connection
from pytest_django.fixtures import Settings

from ingest import reports
from ingest.models import Finding, LogHost, Source, Suspect
from ingest.rules.facts import SubjectKind
from ingest.sealing import seal
from mailwatch.models import Alert, AlertChoice, AlertDelivery, Preferences, Role, SeenAttack, Webhook
from mailwatch.operations import alert_deliveries, alert_hours, alerts
from mailwatch.operations.alert_posts import new_secret
from tests.web.conftest import QUIET, SEED, Ingested, somebody
from tests.web.receiver import Receiver, receiving

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
THEN = datetime(2016, 3, 9, 12, tzinfo=UTC)  # some hours after the last hit of SEED
SECRET = new_secret()


@pytest.fixture(autouse=True)
def _looks_anew() -> None:
    alerts.forget_looked()


@pytest.fixture(autouse=True)
def _mails(settings: Settings) -> None:
    settings.MAIL_SERVER = "mail.example.com"
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    settings.MAILWATCH_URL = "https://mailwatch.example.com"


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.MAILWATCH_WEBHOOK_HOSTS = ["http://127.0.0.0/8"]
    with receiving() as one:
        yield one


def hook(url: str, log_host: LogHost | None = None, *kinds: str) -> Webhook:
    return Webhook.objects.create(
        url=url, sealed_secret=seal(SECRET), log_host_ids=[log_host.pk] if log_host else None,
        kinds=list(kinds or Alert.Kind.values), made_by="tests",
    )  # fmt: skip


def subscribed(user: User, mode: str = "at_once", **chosen: object) -> AlertChoice:
    choice = AlertChoice(user=user, mode=mode, **chosen)
    choice.save()
    return choice


def look(at: datetime = THEN) -> int:
    alerts.forget_looked()
    return alerts.look(at=at)


def deliver(at: datetime = THEN) -> int:
    return alert_deliveries.deliver(at=at, seconds=30)


def of_day(days: int, *, helo: str = "[127.0.0.1]", ids: str = "0007sb") -> list[str]:
    """The attack of SEED on a later day."""
    day = f"2016-03-{9 + days:02}"
    return [
        line.replace("2016-03-09", day).replace("1adXzZ-0007sb", f"1a{chr(100 + days)}XzZ-{ids}")
        for line in SEED
    ]


# ---- once per attack


def test_a_critical_finding_is_told_once_however_often_it_is_judged(seed: LogHost) -> None:
    assert look() == 1
    alert = Alert.objects.get()
    assert (alert.kind, alert.severity, alert.details["rule"], alert.details["why"]) == (
        "attack", "critical", "A01", "new",
    )  # fmt: skip
    assert look() == 0
    # replaced wholesale, as each run does
    found = reports.stored(seed)
    for report in found:
        reports.replace(seed.pk, SubjectKind(report.kind), [report.value], [report])
    assert look() == 0
    assert Alert.objects.count() == 1


def test_an_attack_that_goes_on_is_no_new_one_until_it_was_quiet(
    ingested: Ingested, settings: Settings
) -> None:
    ingested(SEED, "srv1", "UTC")
    assert look() == 1
    for days in (1, 3, 6):
        ingested(of_day(days), "srv1")
        assert look(THEN + days * DAY) == 0, days
    settings.MAILWATCH_ALERT_QUIET_DAYS = 7
    ingested(of_day(15), "srv1")
    assert look(THEN + 15 * DAY) == 1
    assert Alert.objects.first().details["why"] == "again"  # type: ignore[union-attr]
    assert look(THEN + 15 * DAY) == 0


def test_another_address_of_the_same_attack_is_no_new_alert(ingested: Ingested) -> None:
    ingested(SEED, "srv1", "UTC")
    assert look() == 1
    ingested([line.replace("129.137.152.170", "198.51.100.20") for line in of_day(1)], "srv1")
    assert Suspect.objects.count() == 2
    assert look(THEN + DAY) == 0


def test_an_attack_that_grows_to_another_kind_is_told_again(seed: LogHost) -> None:
    assert look() == 1
    SeenAttack.objects.update(families=["R"])
    assert look(THEN + timedelta(minutes=1)) == 1
    assert Alert.objects.first().details["why"] == "grown"  # type: ignore[union-attr]
    assert SeenAttack.objects.get().families == ["A", "R"]
    assert look() == 0


def test_two_attacks_that_turn_out_to_be_one_are_told_no_more(seed: LogHost) -> None:
    assert look() == 1
    attack = SeenAttack.objects.get()
    SeenAttack.objects.create(
        log_host=seed, marks=attack.marks[:1], families=["A"], last_at=attack.last_at - DAY, alerts=1
    )
    assert look() == 0
    assert SeenAttack.objects.get().pk == attack.pk


def test_old_logs_wake_nobody(seed: LogHost) -> None:
    assert look(THEN + 3 * DAY) == 0
    assert not Alert.objects.exists()
    assert not SeenAttack.objects.exists()


def test_what_is_quiet_or_allowed_is_not_told(ingested: Ingested, seed: LogHost) -> None:
    ingested(QUIET, "srv2")
    Finding.objects.all().delete()
    Suspect.objects.all().delete()
    assert look() == 0


@pytest.mark.django_db(transaction=True)
def test_two_workers_tell_it_once(seed: LogHost, receiver: Receiver) -> None:
    hook(receiver.url)

    def work(_: int) -> int:
        try:
            alerts.forget_looked()
            made = alerts.look(at=THEN)
            deliver()
            return made
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(8))) == 1
    assert Alert.objects.count() == 1
    assert len(receiver.came) == 1


# ---- sources and incidents


@pytest.fixture
def source(seed: LogHost) -> Source:
    return Source.objects.create(
        log_host=seed, url="sftp://log@mx1/var/log", created_at=THEN - DAY, succeeded_at=THEN - timedelta(hours=1),
        ended_at=THEN, error="The server refused the login.",
    )  # fmt: skip


def test_a_source_that_fails_is_told_once_and_that_it_works_again(source: Source) -> None:
    assert look(THEN - timedelta(minutes=45)) == 1  # the attack: the source has failed for 15 minutes only
    assert look() == 1
    assert look(THEN + DAY) == 0
    Source.objects.update(error="", succeeded_at=THEN + DAY)
    assert look(THEN + DAY) == 1
    assert look(THEN + DAY) == 0
    Source.objects.update(error="It is away.")
    assert look(THEN + DAY + timedelta(hours=1)) == 1
    kinds = list(Alert.objects.order_by("made_at").values_list("kind", flat=True))
    assert kinds == ["attack", "source_failed", "source_recovered", "source_failed"]


def test_a_source_that_is_paused_is_not_told(source: Source) -> None:
    Source.objects.update(is_paused=True)
    look()
    assert list(Alert.objects.values_list("kind", flat=True)) == ["attack"]


# ---- webhooks


def test_a_webhook_is_signed_and_holds_what_is_needed_and_no_more(seed: LogHost, receiver: Receiver) -> None:
    hook(receiver.url, seed)
    look()
    assert deliver() == 1
    path, headers, body = receiver.came[0]
    assert path == "/hook"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-timestamp"] == str(int(THEN.timestamp()))
    told = json.loads(body)
    assert (told["schema"], told["type"], told["id"]) == (1, "attack.found", headers["webhook-id"])
    assert told["data"]["log_hosts"] == ["srv1"]
    assert told["data"]["subject"] == {"kind": "sender_host_address", "value": "129.137.152.170"}
    assert told["data"]["url"].startswith("https://mailwatch.example.com/relays/?log_host=srv1&open=")
    assert told["data"]["counts"]["messages"] == 1
    assert b"hotmail" not in body
    assert deliver() == 0


def test_a_webhook_gets_what_it_is_for(ingested: Ingested, receiver: Receiver) -> None:
    first = ingested(SEED, "srv1", "UTC").log_host
    other = ingested(QUIET, "srv2").log_host
    wanted, elsewhere = hook(receiver.url, first), hook(receiver.url, other)
    of_sources, off = hook(receiver.url, first, Alert.Kind.SOURCE_FAILED), hook(receiver.url, first)
    Webhook.objects.filter(pk=off.pk).update(is_on=False)
    look()
    assert list(AlertDelivery.objects.values_list("webhook_id", flat=True)) == [wanted.pk]
    assert {elsewhere.pk, of_sources.pk}.isdisjoint({wanted.pk})


def test_what_fails_is_tried_again_after_growing_pauses_and_given_up(
    seed: LogHost, receiver: Receiver
) -> None:
    receiver.status = 503
    hook(receiver.url)
    look()
    at, pauses = THEN, []
    for _ in range(len(alert_deliveries.PAUSES)):
        deliver(at)
        delivery = AlertDelivery.objects.get()
        assert (delivery.state, delivery.status, delivery.error) == ("waiting", 503, "The host answered 503.")
        pauses.append(delivery.due_at - at)
        assert deliver(delivery.due_at - timedelta(seconds=1)) == 0
        at = delivery.due_at
    assert pauses == sorted(pauses) == list(alert_deliveries.PAUSES)
    deliver(at)
    assert AlertDelivery.objects.get().state == "failed"
    assert len({headers["webhook-id"] for _, headers, _ in receiver.came}) == 1  # so that repeats are known
    receiver.status = 200
    alert_deliveries.try_again(AlertDelivery.objects.get(), at=at)
    assert deliver(at) == 1


def test_a_redirect_is_not_followed_and_no_answer_is_read(seed: LogHost, receiver: Receiver) -> None:
    receiver.status, receiver.headers = 307, {"Location": receiver.url.replace("/hook", "/elsewhere")}
    receiver.answer = b"x" * 1_000_000
    hook(receiver.url)
    look()
    assert deliver() == 0
    assert AlertDelivery.objects.get().error == "The host answered 307, which is not followed."
    assert [path for path, *_ in receiver.came] == ["/hook"]


def test_what_the_setting_no_longer_allows_is_not_reached(
    seed: LogHost, receiver: Receiver, settings: Settings
) -> None:
    hook(receiver.url)
    look()
    settings.MAILWATCH_WEBHOOK_HOSTS = []
    deliver()
    assert "MAILWATCH_WEBHOOK_HOSTS is empty" in AlertDelivery.objects.get().error
    assert receiver.came == []


# ---- mail


def test_a_mail_in_the_language_of_its_reader_with_nothing_that_acts(seed: LogHost, reader: User) -> None:
    subscribed(reader)
    Preferences.objects.create(user=reader, language="ja", timezone="Asia/Tokyo")
    look()
    details = Alert.objects.get().details
    details["subject"] = {
        "kind": "authenticated_id",
        "value": "x\r\nBcc: all@evil.example\u202e https://evil.example/a",
    }
    Alert.objects.update(details=details)
    assert deliver() == 1
    sent = mail.outbox[0]
    assert sent.to == ["rita@example.com"]
    assert "evil" not in sent.subject
    assert sent.subject.startswith("Mailwatch: srv1")
    assert "evil.example" not in sent.body
    assert "https://evil" not in sent.body
    assert "\\x0d\\x0aBcc" in sent.body
    assert "\\u202e" in sent.body
    assert "+0900" in sent.body
    assert sent.message()["List-Id"] == "Mailwatch <alerts.localhost>"
    assert sent.message()["Auto-Submitted"] == "auto-generated"
    assert sent.message()["Bcc"] is None


def test_only_who_may_read_the_log_host_at_the_time_of_sending(ingested: Ingested, seed: LogHost) -> None:
    other = ingested(QUIET, "srv2").log_host
    stays, leaves, stranger, gone = (
        somebody(name, Role.READER, host)
        for name, host in (("stays", seed), ("leaves", seed), ("stranger", other), ("gone", seed))
    )
    for user in (stays, leaves, stranger, gone):
        subscribed(user)
    look()
    leaves.access.log_hosts.set([other])
    User.objects.filter(pk=gone.pk).update(is_active=False)
    assert deliver() == 1
    assert [one.to for one in mail.outbox] == [["stays@example.com"]]
    states = dict(AlertDelivery.objects.values_list("user__username", "state"))
    assert states == {"stays": "sent", "leaves": "dropped", "stranger": "dropped", "gone": "dropped"}


def test_a_digest_comes_at_its_hour_in_the_readers_zone(source: Source, reader: User) -> None:
    subscribed(reader, "digest", digest_hour=7)
    Preferences.objects.create(user=reader, timezone="Asia/Tokyo")  # 7:00 there is 22:00 UTC
    assert look() == 2
    assert deliver(THEN.replace(hour=21, minute=59)) == 0
    assert deliver(THEN.replace(hour=22)) == 2
    assert [one.subject for one in mail.outbox] == ["Mailwatch: 2 alerts"]


def test_alerts_of_quiet_hours_come_at_their_end_in_one_mail(source: Source, reader: User) -> None:
    subscribed(reader, quiet_from=10, quiet_until=15, through="critical")
    assert look() == 2
    assert deliver() == 1  # the critical one breaks through
    assert deliver(THEN.replace(hour=14, minute=59)) == 0
    assert deliver(THEN.replace(hour=15)) == 1
    assert len(mail.outbox) == 2


def test_nothing_breaks_through_where_that_was_chosen(source: Source, reader: User) -> None:
    subscribed(reader, quiet_from=22, quiet_until=14, through="")
    look()
    assert deliver() == 0
    assert deliver(THEN.replace(hour=14)) == 2
    assert len(mail.outbox) == 1


def test_a_change_of_mind_holds_for_what_waits(source: Source, reader: User) -> None:
    choice = subscribed(reader, "digest", digest_hour=7)
    look()
    assert deliver() == 0
    choice.mode = "at_once"
    alert_hours.choose(choice, at=THEN)
    assert deliver() == 2
    choice.mode = "off"
    choice.save()
    Source.objects.update(error="")
    assert look() == 1
    assert deliver() == 0


def test_a_mail_server_that_refuses_is_asked_again(
    seed: LogHost, reader: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribed(reader)
    look()

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError("refused")

    with monkeypatch.context() as broken:
        broken.setattr("mailwatch.operations.alert_deliveries.send", refuse)
        assert deliver() == 0
    assert "ConnectionRefusedError" in AlertDelivery.objects.get().error
    assert deliver(THEN + timedelta(minutes=1)) == 1


def test_alerts_of_long_ago_are_forgotten_but_not_what_waits(seed: LogHost, receiver: Receiver) -> None:
    look()
    assert alert_deliveries.forget(at=THEN + 300 * DAY) == 0
    assert alert_deliveries.forget(at=THEN + 366 * DAY) == 1
