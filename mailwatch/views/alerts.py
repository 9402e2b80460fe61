"""Alerts: which went out and how, webhooks, and how somebody wants to be told."""

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from ingest.languages import say
from mailwatch.access import Permission, needs
from mailwatch.alert_forms import AlertChoiceForm, WebhookForm
from mailwatch.models import AlertDelivery, Webhook
from mailwatch.operations import alert_deliveries, alert_hours
from mailwatch.operations import alerts as alert_operations
from mailwatch.operations import webhooks as operations
from mailwatch.queries import alerts as queries
from mailwatch.views import preferences
from mailwatch.views.people import person


@needs(Permission.ALERTS)
@require_safe
def alerts(request: HttpRequest) -> HttpResponse:
    return _page(request, WebhookForm())


def _page(
    request: HttpRequest,
    form: WebhookForm,
    *,
    shown: tuple[Webhook, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """``shown``: a webhook with its secret, this once."""
    context = {
        "view": queries.alerts(before=_uuid(request.GET.get("before", ""))),
        "form": form,
        "shown": shown,
        "allowed": settings.MAILWATCH_WEBHOOK_HOSTS,
        "has_url": bool(settings.MAILWATCH_URL),
    }
    return render(request, "alerts/alerts.html", context, status=status)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@needs(Permission.ALERTS)
@require_POST
@never_cache
def webhooks(request: HttpRequest) -> HttpResponse:
    """A new one."""
    form = WebhookForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    typed = form.cleaned_data
    made = operations.add(typed["url"], typed["log_host"], typed["kinds"], by=person(request).get_username())
    return _page(request, WebhookForm(), shown=made)


def _of_webhook(
    view: Callable[[HttpRequest, Webhook], HttpResponse],
) -> Callable[[HttpRequest, int], HttpResponse]:
    @require_POST
    @wraps(view)
    def wrapped(request: HttpRequest, webhook_id: int) -> HttpResponse:
        return view(request, get_object_or_404(Webhook, pk=webhook_id))

    return wrapped


@needs(Permission.ALERTS)
@_of_webhook
def test_webhook(request: HttpRequest, webhook: Webhook) -> HttpResponse:
    delivery = alert_deliveries.test(webhook, at=now())
    if delivery.state == AlertDelivery.State.SENT:
        messages.success(request, say("The webhook answered {status}.", status=delivery.status))
    else:
        messages.error(request, say(delivery.error))
    return redirect("alerts")


@needs(Permission.ALERTS)
@_of_webhook
def switch_webhook(request: HttpRequest, webhook: Webhook) -> HttpResponse:
    operations.switch(webhook, is_on=request.POST.get("on") == "yes")
    return redirect("alerts")


@needs(Permission.ALERTS)
@never_cache
@_of_webhook
def new_webhook_secret(request: HttpRequest, webhook: Webhook) -> HttpResponse:
    return _page(request, WebhookForm(), shown=(webhook, operations.renew(webhook)))


@needs(Permission.ALERTS)
@_of_webhook
def remove_webhook(request: HttpRequest, webhook: Webhook) -> HttpResponse:
    webhook.delete()
    messages.success(request, say("{url} is not told any more.", url=webhook.url))
    return redirect("alerts")


@needs(Permission.ALERTS)
@require_POST
def retry_delivery(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Begin anew with what was given up, of a webhook that is seen here."""
    found = AlertDelivery.objects.filter(webhook__in=Webhook.objects.all())
    alert_deliveries.try_again(get_object_or_404(found, pk=delivery_id), at=now())
    return redirect("alerts")


@needs(Permission.READ)
@require_POST
def alert_choice(request: HttpRequest) -> HttpResponse:
    """How somebody wants to be told by mail."""
    form = AlertChoiceForm(request.POST)
    if not form.is_valid():
        return preferences.page(request, alert_form=form, status=422)
    alert_hours.choose(form.apply(alert_operations.of_user(person(request))), at=now())
    messages.success(request, gettext("Saved."))
    return redirect("preferences")
