"""Lines in, plain words out. Nothing is stored."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from mailwatch import forms
from mailwatch.access import Permission, needs
from mailwatch.queries.explain import explained


@needs(Permission.READ)
@sensitive_post_parameters("configuration")
@require_http_methods(["GET", "HEAD", "POST"])
def explain(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return render(request, "explain/explain.html", {"form": forms.ExplainForm()})
    form = forms.ExplainForm(request.POST)
    if not form.is_valid():
        return render(request, "explain/explain.html", {"form": form})
    paste = explained(form.log_text, configuration=form.cleaned_data["configuration"])
    shown = form.cleaned_data | {"configuration": paste.explained.configuration_text}
    return render(request, "explain/explain.html", {"form": forms.ExplainForm(initial=shown), "paste": paste})
