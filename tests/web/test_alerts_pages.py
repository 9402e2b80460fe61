"""The page of alerts and webhooks, and how somebody chooses what comes by mail; all without JavaScript."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from ingest.models import LogHost
from mailwatch.models import Alert, AlertChoice, AlertDelivery, Role, Webhook
from mailwatch.operations import alert_deliveries, alerts
from tests.web.conftest import QUIET, SEED, Ingested, somebody
from tests.web.receiver import Receiver, receiving
from tests.web.test_alerts import THEN, hook

pytestmark = pytest.mark.django_db

KINDS = [kind for kind in Alert.Kind.values if kind != "test"]


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.MAILWATCH_WEBHOOK_HOSTS = ["http://127.0.0.0/8"]
    alerts.forget_looked()
    with receiving() as one:
        yield one


def test_a_webhook_is_added_its_secret_shown_once_and_tested(
    master: Client, seed: LogHost, receiver: Receiver
) -> None:
    page = master.post("/alerts/webhooks/", {"url": receiver.url, "log_host": "srv1", "kinds": KINDS})
    assert page.status_code == 200
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", page.text)
    assert secret and secret.group() == Webhook.objects.get().secret
    assert "no-store" in page["Cache-Control"]
    assert secret.group() not in Webhook.objects.get().sealed_secret
    html = master.get("/alerts/").text
    assert secret.group() not in html
    assert receiver.url in html
    webhook = Webhook.objects.get()
    answer = master.post(f"/alerts/webhooks/{webhook.pk}/test/", follow=True)
    assert "The webhook answered 204." in answer.text
    assert b'"type":"test"' in receiver.came[0][2]
    receiver.status = 500
    answer = master.post(f"/alerts/webhooks/{webhook.pk}/test/", follow=True)
    assert "The host answered 500." in answer.text
    assert list(AlertDelivery.objects.order_by("pk").values_list("state", flat=True)) == ["sent", "failed"]
    master.post(f"/alerts/webhooks/{webhook.pk}/switch/", {"on": "no"})
    assert not Webhook.objects.get().is_on
    fresh = master.post(f"/alerts/webhooks/{webhook.pk}/secret/").text
    assert secret.group() not in fresh
    assert Webhook.objects.get().secret in fresh
    master.post(f"/alerts/webhooks/{webhook.pk}/remove/")
    assert not Webhook.objects.exists()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://elsewhere.example/", "MAILWATCH_WEBHOOK_HOSTS does not name that host."),
        ("http://hooks.example.com/", "Only https is allowed there"),
        ("file:///etc/passwd", "must begin with https://"),
        ("https://u:p@hooks.example.com/", "no user and no password"),
        ("", "is empty"),
    ],
)
def test_what_cannot_be_reached_is_said_and_nothing_typed_is_lost(
    master: Client, settings: Settings, url: str, said: str
) -> None:
    settings.MAILWATCH_WEBHOOK_HOSTS = ["hooks.example.com"]
    page = master.post("/alerts/webhooks/", {"url": url, "kinds": ["attack"]})
    assert page.status_code == 422
    assert said in page.text
    assert not Webhook.objects.exists()


def test_without_the_setting_there_is_no_form(master: Client) -> None:
    assert "Webhooks are switched off" in master.get("/alerts/").text


def test_what_was_told_is_listed_with_what_failed(master: Client, seed: LogHost, receiver: Receiver) -> None:
    receiver.status = 503
    hook(receiver.url)
    alerts.look(at=THEN)
    alert_deliveries.deliver(at=THEN, seconds=30)
    html = master.get("/alerts/").text
    assert "129.137.152.170" in html
    assert "The host answered 503." in html
    assert "/relays/?log_host=srv1&amp;open=srv1" in html
    AlertDelivery.objects.update(state="failed")
    delivery = AlertDelivery.objects.get()
    master.post(f"/alerts/deliveries/{delivery.pk}/retry/")
    assert AlertDelivery.objects.get().state == "waiting"


def test_another_organisation_sees_neither_alerts_nor_webhooks(
    ingested: Ingested, seed: LogHost, receiver: Receiver, client_of: Callable[[User], Client]
) -> None:
    other = ingested(QUIET, "srv2").log_host
    theirs, of_all = hook(f"{receiver.url}/theirs", seed), hook(f"{receiver.url}/all")
    alerts.look(at=THEN)
    client = client_of(somebody("olga", Role.POSTMASTER, other))
    html = client.get("/alerts/").text
    assert "129.137.152.170" not in html
    assert "/theirs" not in html
    assert f"{receiver.url}/all" not in html
    for webhook in (theirs, of_all):
        for what in ("test", "switch", "secret", "remove"):
            assert client.post(f"/alerts/webhooks/{webhook.pk}/{what}/").status_code == 404
    with_a_webhook = AlertDelivery.objects.first()
    assert with_a_webhook is not None
    assert client.post(f"/alerts/deliveries/{with_a_webhook.pk}/retry/").status_code == 404
    page = client.post("/alerts/webhooks/", {"url": receiver.url, "log_host": "srv1", "kinds": KINDS})
    assert page.status_code == 422
    client.post("/alerts/webhooks/", {"url": receiver.url, "log_host": "", "kinds": KINDS})
    assert Webhook.objects.get(made_by="olga").log_host_ids == [other.pk]  # all that she sees


def test_somebody_chooses_what_comes_by_mail(reader: User, client_of: Callable[[User], Client]) -> None:
    client = client_of(reader)
    sent = {"mode": "at_once", "digest_hour": "8", "quiet_from": "22", "quiet_until": "6", "through": "high"}
    assert client.post("/preferences/alerts/", sent).status_code == 302
    choice = AlertChoice.objects.get(user=reader)
    assert (choice.mode, choice.quiet_from, choice.quiet_until, choice.through) == ("at_once", 22, 6, "high")
    html = client.get("/preferences/").text
    assert '<option value="22" selected>22:00</option>' in html
    page = client.post("/preferences/alerts/", sent | {"quiet_until": ""})
    assert page.status_code == 422
    assert "Quiet hours have a beginning and an end" in page.text
    assert client.post("/preferences/alerts/", sent | {"mode": "loudly"}).status_code == 422


def test_midnight_is_an_hour_as_any_other(reader: User, client_of: Callable[[User], Client]) -> None:
    sent = {"mode": "digest", "digest_hour": "0", "quiet_from": "0", "quiet_until": "5", "through": ""}
    client_of(reader).post("/preferences/alerts/", sent)
    choice = AlertChoice.objects.get()
    assert (choice.digest_hour, choice.quiet_from, choice.quiet_until, choice.through) == (0, 0, 5, "")


def test_a_log_of_other_times_says_on_its_run_that_it_wakes_nobody(
    master: Client, ingested: Ingested
) -> None:
    run = ingested(SEED)
    assert "raises no alert" in master.get(f"/runs/{run.pk}/").text
