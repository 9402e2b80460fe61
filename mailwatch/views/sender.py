"""One sender host address."""

from ipaddress import ip_address

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from mailwatch.queries import sender as queries
from mailwatch.views import subjects


@require_GET
def sender(request: HttpRequest, address: str) -> HttpResponse:
    plain = _address_or_404(address)
    asked = subjects.asked(request)
    found = queries.sender(plain, log_host=asked.log_host, bounds=asked.bounds)
    hosts = subjects.hosts_of(found.latest.rows)
    asked = asked.on(hosts)
    query = {"q": plain}
    chart = subjects.course(found.activity, asked, query)
    context = {
        "form": asked.form,
        "asked": asked,
        "zone": asked.zone,
        "sender": found,
        "activity": found.activity,
        "suspects": found.suspects,
        "chart": chart,
        "chart_label": subjects.course_label(chart, found.activity),
        "figures": subjects.figures(found.activity, asked, query),
        "search_url": asked.link(query),
        "latest_hosts": hosts,
    }
    status = 404 if found.activity.is_nothing and not asked.is_narrowed else 200
    return render(request, "sender/sender.html", context, status=status)


def _address_or_404(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise Http404 from None
