"""For load balancers and supervisors: whether this process can answer."""

import json

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mailwatch.access import open_to_strangers


@open_to_strangers
@require_safe
@never_cache
@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while the database answers, 503 otherwise; with what ends again and again under ``make run``."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return JsonResponse({"database": "unreachable"} | _unsteady(), status=503)
    return JsonResponse({"database": "ok"} | _unsteady())


def _unsteady() -> dict[str, list[str]]:
    """Sentences of the supervisor of this machine, if it has any."""
    try:
        told = json.loads((settings.MAILWATCH_HOME / "supervisor.json").read_text())
    except (OSError, ValueError):
        return {}
    return {"restarts": told["unsteady"]} if told.get("unsteady") else {}
