"""Lines in, plain words out. Nothing is stored."""

from datetime import UTC

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from ingest.exim.configuration import read
from ingest.explain import Explained
from ingest.explain import explain as explain_text
from mailwatch import forms
from mailwatch.queries.configuration import Audit

MOST_LINES = 200  # explained part by part on one page; the verdict counts them all


@sensitive_post_parameters("configuration")
@require_http_methods(["GET", "HEAD", "POST"])
def explain(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "explain/explain.html", {"form": forms.ExplainForm()})
    form = forms.ExplainForm(request.POST)
    if not form.is_valid():
        return render(request, "explain/explain.html", {"form": form})
    explained = explain_text(form.log_text, configuration=form.cleaned_data["configuration"], zone=UTC)
    shown = forms.ExplainForm(initial=form.cleaned_data | {"configuration": explained.configuration_text})
    return render(request, "explain/explain.html", {"form": shown, **_parts(explained)})


def _parts(explained: Explained) -> dict[str, object]:
    """What the page shows of an explanation."""
    audit = Audit(configuration=read(explained.configuration_text), findings=explained.configuration)
    return {
        "explained": explained,
        "lines": explained.lines[:MOST_LINES],
        "audit": audit if explained.configuration else None,
        "opens_all": len(explained.lines) <= 8,  # a screen or two: nobody needs to unfold anything
    }
