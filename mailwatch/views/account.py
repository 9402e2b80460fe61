"""One account: an authenticated id, or a local user."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from mailwatch.queries import account as queries
from mailwatch.views import subjects


@require_GET
def account(request: HttpRequest, authenticated_id: str) -> HttpResponse:
    asked = subjects.asked(request)
    found = queries.account(authenticated_id, log_host=asked.log_host, bounds=asked.bounds)
    query = {"q": authenticated_id, "kind": "account"}
    chart = subjects.course(found.activity, asked, query)
    context = {
        "form": asked.form,
        "asked": asked,
        "zone": asked.zone,
        "account": found,
        "activity": found.activity,
        "suspects": found.suspects,
        "chart": chart,
        "chart_label": subjects.course_label(chart, found.activity),
        "figures": subjects.figures(found.activity, asked, query),
        "search_url": asked.link(query),
    }
    status = 404 if found.activity.is_nothing and not asked.is_narrowed else 200
    return render(request, "account/account.html", context, status=status)
