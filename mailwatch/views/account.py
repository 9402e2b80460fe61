"""One account: an authenticated id, or a local user."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from mailwatch.queries import account as queries
from mailwatch.views import subjects


@require_GET
def account(request: HttpRequest, authenticated_id: str) -> HttpResponse:
    if "\0" in authenticated_id:
        raise Http404
    asked = subjects.asked(request)
    found = queries.account(authenticated_id, log_host=asked.log_host, bounds=asked.bounds)
    hosts = subjects.hosts_of(found.latest.rows)
    asked = asked.on(hosts)
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
        "latest_hosts": hosts,
    }
    status = 404 if found.activity.is_nothing and not asked.is_narrowed else 200
    return render(request, "account/account.html", context, status=status)
