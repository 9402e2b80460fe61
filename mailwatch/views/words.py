"""The words of the scripts in another language; in English the scripts have them themselves."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe
from django.views.i18n import JavaScriptCatalog

from ingest import languages
from mailwatch.access import open_to_strangers

_A_WHILE = 3600  # seconds
_catalogue = JavaScriptCatalog.as_view(packages=["mailwatch"])


@open_to_strangers
@require_safe
@login_not_required
def words(request: HttpRequest) -> HttpResponseBase:
    """Django's catalogue for scripts (``gettext``) in the language named by ``?in=``: that of the page that asks."""
    asked = request.GET.get("in", "")
    with translation.override(asked if asked in languages.LANGUAGES else languages.ENGLISH):
        response = _catalogue(request)
    patch_cache_control(response, max_age=_A_WHILE)
    return response
