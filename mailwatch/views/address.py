"""One mail address."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from mailwatch.queries import address as queries
from mailwatch.views import subjects


@require_GET
def address(request: HttpRequest, address: str) -> HttpResponse:
    if "\0" in address:
        raise Http404
    asked = subjects.asked(request)
    found = queries.address(address, log_host=asked.log_host, bounds=asked.bounds)
    hosts = subjects.hosts_of(found.latest.rows)
    asked = asked.on(hosts)
    query = {"q": address, "kind": "address"}
    sent = query | {"role": "sender"}
    chart = subjects.course(found.activity, asked, sent)
    context = {
        "form": asked.form,
        "asked": asked,
        "zone": asked.zone,
        "address": found,
        "activity": found.activity,
        "chart": chart,
        "chart_label": subjects.course_label(chart, found.activity),
        "figures": subjects.figures(found.activity, asked, sent),
        "search_url": asked.link(query),
        "latest_hosts": hosts,
        "received_url": asked.link(query | {"role": "recipient"}),
    }
    status = 404 if found.is_nothing and not asked.is_narrowed else 200
    return render(request, "address/address.html", context, status=status)
