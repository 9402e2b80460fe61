"""The catalogue: what is looked for, why, when it may be wrong, and what it has found."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mailwatch.access import Permission, needs
from mailwatch.queries.rules import catalogue


@needs(Permission.READ)
@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    return render(request, "rules/rules.html", {"catalogue": catalogue()})
