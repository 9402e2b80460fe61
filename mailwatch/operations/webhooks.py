"""Programs that are told by HTTP: added, switched, given a new secret, removed."""

from collections.abc import Sequence

from ingest.models import LogHost
from ingest.sealing import seal
from mailwatch.models import Webhook
from mailwatch.models.granting import ids_of
from mailwatch.operations.alert_posts import new_secret


def add(url: str, log_host: LogHost | None, kinds: Sequence[str], *, by: str) -> tuple[Webhook, str]:
    """A new one with its secret, which nobody is shown again. Without a log host: for all that may be read here."""
    secret = new_secret()
    webhook = Webhook.objects.create(
        url=url,
        sealed_secret=seal(secret),
        log_host_ids=ids_of(log_host.pk if log_host else None),
        kinds=list(kinds),
        made_by=by,
    )
    return webhook, secret


def renew(webhook: Webhook) -> str:
    """A new secret; what is sent from now on is signed with it."""
    secret = new_secret()
    webhook.sealed_secret = seal(secret)
    webhook.save(update_fields=["sealed_secret"])
    return secret


def switch(webhook: Webhook, *, is_on: bool) -> None:
    """What waits for one that is off is not sent."""
    webhook.is_on = is_on
    webhook.save(update_fields=["is_on"])
