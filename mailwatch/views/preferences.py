"""How somebody reads the pages: language and zone."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from mailwatch.access import Permission, needs
from mailwatch.forms import PreferencesForm
from mailwatch.queries.zones import names
from mailwatch.reader import keep
from mailwatch.reader import preferences as chosen_by
from mailwatch.views.people import person


@needs(Permission.READ)
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    kept = chosen_by(person(request))
    form = PreferencesForm(
        request.POST or None, initial={"language": kept.language, "timezone": kept.timezone}
    )
    if request.method != "POST" or not form.is_valid():
        status = 422 if request.method == "POST" else 200
        page = {"form": form, "names": names(), "has_languages": len(settings.LANGUAGES) > 1}
        return render(request, "preferences/preferences.html", page, status=status)
    kept.language, kept.timezone = form.cleaned_data["language"], form.cleaned_data["timezone"]
    keep(kept)
    # in the language of the page that shows it
    with translation.override(kept.language or translation.get_language_from_request(request)):
        messages.success(request, gettext("Saved."))
    return redirect("preferences")
