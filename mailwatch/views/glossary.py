"""What everything in a log means: searchable, and each entry has its own link."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.middleware import HtmxDetails

from mailwatch.access import Permission, needs
from mailwatch.forms import GlossaryForm
from mailwatch.queries import glossary as queries


class HtmxHttpRequest(HttpRequest):
    htmx: HtmxDetails


@needs(Permission.READ)
@require_safe
@vary_on_headers("HX-Request", "HX-Boosted")
def glossary(request: HtmxHttpRequest) -> HttpResponse:
    form = GlossaryForm(request.GET)
    words = form.cleaned_data["q"] if form.is_valid() else ""
    template = "glossary/glossary.html"
    if request.htmx and not request.htmx.boosted:
        template += "#entries"
    return render(request, template, {"form": form, "words": words, "glossary": queries.glossary(words)})
