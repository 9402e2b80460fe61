"""How somebody reads the pages: language and zone; how they are alerted is on the page, too."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from mailwatch.access import Permission, needs
from mailwatch.alert_forms import AlertChoiceForm
from mailwatch.forms import PreferencesForm
from mailwatch.operations import alerts
from mailwatch.queries.zones import names
from mailwatch.reader import keep
from mailwatch.reader import preferences as chosen_by
from mailwatch.views.people import person


@needs(Permission.READ)
@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    form = PreferencesForm(request.POST or None, initial=_kept(request))
    if request.method != "POST":
        return page(request, form=form)
    if not form.is_valid():
        return page(request, form=form, status=422)
    kept = chosen_by(person(request))
    kept.language, kept.timezone = form.cleaned_data["language"], form.cleaned_data["timezone"]
    keep(kept)
    # in the language of the page that shows it
    with translation.override(kept.language or translation.get_language_from_request(request)):
        messages.success(request, gettext("Saved."))
    return redirect("preferences")


def _kept(request: HttpRequest) -> dict[str, str]:
    kept = chosen_by(person(request))
    return {"language": kept.language, "timezone": kept.timezone}


def page(
    request: HttpRequest,
    *,
    form: PreferencesForm | None = None,
    alert_form: AlertChoiceForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page with the form that was sent, and the others as kept."""
    user = person(request)
    context = {
        "form": form or PreferencesForm(initial=_kept(request)),
        "names": names(),
        "has_languages": len(settings.LANGUAGES) > 1,
        "alert_form": alert_form or AlertChoiceForm.of(alerts.of_user(user)),
        "may_be_mailed": bool(settings.MAIL_SERVER and user.email),
        "has_mail_server": bool(settings.MAIL_SERVER),
        "zone_name": chosen_by(user).timezone or "UTC",
    }
    return render(request, "preferences/preferences.html", context, status=status)
