"""Which alerts went out and how, and the webhooks that get them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from ingest.languages import say
from ingest.models import LogHost
from mailwatch.models import Alert, AlertDelivery, Webhook
from mailwatch.queries.alert_words import path_to, title_of

SHOWN = 50
DELIVERIES = 10  # the last ones of a webhook
_State = AlertDelivery.State


@dataclass(frozen=True, slots=True, kw_only=True)
class Mails:
    """How many people have got an alert, by state, and why one has not."""

    sent: int
    waiting: int
    failed: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An alert of the list."""

    alert: Alert
    title: str
    path: str
    posts: Sequence[AlertDelivery]  # to webhooks
    mails: Mails | None  # None: nobody wanted it by mail


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookView:
    webhook: Webhook
    log_hosts: str  # "" for all
    kinds: Sequence[str]
    deliveries: Sequence[AlertDelivery]  # newest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    rows: Sequence[Row]  # newest first
    older: UUID | None  # ask for those before this one
    webhooks: Sequence[WebhookView]


def alerts(*, before: UUID | None = None) -> Alerts:
    """The alerts about log hosts that may be read here."""
    found = list(_before(before).prefetch_related(None)[: SHOWN + 1])
    shown = found[:SHOWN]
    deliveries = _deliveries(shown)
    return Alerts(
        rows=[_row(alert, deliveries.get(alert.pk, [])) for alert in shown],
        older=shown[-1].pk if len(found) > SHOWN else None,
        webhooks=_webhooks(),
    )


def _before(pk: UUID | None) -> QuerySet[Alert]:
    rows = Alert.objects.exclude(kind=Alert.Kind.TEST)
    last = Alert.objects.filter(pk=pk).first() if pk else None
    if last is None:
        return rows
    return rows.filter(Q(made_at__lt=last.made_at) | Q(made_at=last.made_at, pk__lt=last.pk))


def _deliveries(shown: Sequence[Alert]) -> dict[UUID, list[AlertDelivery]]:
    found: dict[UUID, list[AlertDelivery]] = {}
    rows = AlertDelivery.objects.filter(alert__in=shown).select_related("webhook").order_by("pk")
    for delivery in rows:
        found.setdefault(delivery.alert_id, []).append(delivery)
    return found


def _row(alert: Alert, deliveries: Sequence[AlertDelivery]) -> Row:
    return Row(
        alert=alert,
        title=title_of(alert),
        path=path_to(alert),
        posts=[delivery for delivery in deliveries if delivery.webhook_id is not None],
        mails=_mails([delivery for delivery in deliveries if delivery.webhook_id is None]),
    )


def _mails(deliveries: Sequence[AlertDelivery]) -> Mails | None:
    states = Counter(delivery.state for delivery in deliveries)
    del states[_State.DROPPED]
    if not states:
        return None
    errors = (delivery.error for delivery in deliveries if delivery.error and delivery.state != _State.SENT)
    return Mails(
        sent=states[_State.SENT],
        waiting=states[_State.WAITING],
        failed=states[_State.FAILED],
        error=next(errors, ""),
    )


def _webhooks() -> list[WebhookView]:
    names = dict(LogHost.objects.values_list("pk", "name"))
    return [
        WebhookView(
            webhook=webhook,
            log_hosts=_named(webhook.log_host_ids, names),
            kinds=[str(Alert.Kind(kind).label) for kind in webhook.kinds],
            deliveries=list(webhook.deliveries.select_related("alert").order_by("-pk")[:DELIVERIES]),
        )
        for webhook in Webhook.objects.all()
    ]


def _named(ids: Iterable[int] | None, names: dict[int, str]) -> str:
    return "" if ids is None else say(", ").join(names[pk] for pk in ids if pk in names)
