"""Messages and rejections as the API tells them."""

from typing import Any, cast

from mailwatch.queries.rows import Row
from mailwatch.views.api.answers import time
from mailwatch.views.api.documents import Found

_SAME = (
    "message_id", "status", "envelope_sender", "recipient", "more_recipients", "sender_host_address",
    "authenticated_id", "local_user", "subject", "size", "happened", "rules",
)  # fmt: skip


def found(row: Row) -> Found:
    same: dict[str, Any] = {name: getattr(row, name) for name in _SAME}
    return Found(
        kind="rejection" if row.message_id is None else "message",
        log_host=row.log_host.name,
        at=time(row.at, row.log_host.zone),
        outcome=cast("Any", str(row.outcome)),
        **same,
    )
