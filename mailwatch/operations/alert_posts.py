"""An alert as programs are told it: JSON, signed as Standard Webhooks says (standardwebhooks.com).

docs/webhooks.md describes it for who receives it. No text of a message is in it, nor what people wrote.
"""

import base64
import hashlib
import hmac
import json
import secrets
from datetime import datetime
from typing import Any

from ingest.models import LogHost
from mailwatch.models import Alert
from mailwatch.queries.alert_words import link_to

SCHEMA = 1
"""Version of what is sent. Raise it when a name goes or means something else; names may join without."""

_PREFIX = "whsec_"
_TYPES = {
    Alert.Kind.ATTACK: "attack.found",
    Alert.Kind.INCIDENT_REOPENED: "incident.reopened",
    Alert.Kind.SOURCE_FAILED: "source.failed",
    Alert.Kind.SOURCE_RECOVERED: "source.recovered",
    Alert.Kind.TEST: "test",
}
_OF_ATTACK = ("why", "rule", "rules", "subject", "members", "counts", "first_at", "last_at")
_OF_SOURCE = ("source", "since")


def new_secret() -> str:
    """32 random bytes as receivers enter them."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def payload(alert: Alert) -> bytes:
    """The same bytes for each try."""
    names = (
        LogHost.objects.filter(pk__in=alert.log_host_ids or [])
        .order_by("name")
        .values_list("name", flat=True)
    )
    found = {
        "schema": SCHEMA,
        "id": message_id(alert),
        "type": _TYPES[Alert.Kind(alert.kind)],
        "timestamp": alert.made_at.isoformat(),
        "data": {
            "log_hosts": list(names),
            "severity": alert.severity,
            **_data(alert),
            "url": link_to(alert) or None,
        },
    }
    return json.dumps(found, sort_keys=True, separators=(",", ":")).encode()


def _data(alert: Alert) -> dict[str, Any]:
    details = alert.details
    if alert.kind == Alert.Kind.ATTACK:
        return {"title": details["titles"]["en"], **{name: details[name] for name in _OF_ATTACK}}
    if alert.kind in (Alert.Kind.SOURCE_FAILED, Alert.Kind.SOURCE_RECOVERED):
        return {name: details[name] for name in _OF_SOURCE}
    if alert.kind == Alert.Kind.INCIDENT_REOPENED:
        return {"incident": details["incident"]}
    return {}


def message_id(alert: Alert) -> str:
    """By it a receiver knows repeats."""
    return f"msg_{alert.pk.hex}"


def headers(alert: Alert, body: bytes, *, secret: str, at: datetime) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    return {
        "Content-Type": "application/json",
        "User-Agent": "Mailwatch",
        "webhook-id": message_id(alert),
        "webhook-timestamp": stamp,
        "webhook-signature": signature(message_id(alert), stamp, body, secret=secret),
    }


def signature(identity: str, stamp: str, body: bytes, *, secret: str) -> str:
    """HMAC-SHA256 over id, time and body, with points between them."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    digest = hmac.digest(key, f"{identity}.{stamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"
