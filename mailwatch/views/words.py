"""The words of the scripts in the reader's language; in English the scripts have them themselves."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe
from django.views.i18n import JavaScriptCatalog

from mailwatch.access import open_to_strangers

_A_WHILE = 3600  # seconds; the address names the language, so that a change of it shows at once
_catalogue = JavaScriptCatalog.as_view(packages=["mailwatch"])


@open_to_strangers
@require_safe
@login_not_required
def words(request: HttpRequest) -> HttpResponseBase:
    """Django's catalogue for scripts: ``gettext`` and what it looks up."""
    response = _catalogue(request)
    patch_cache_control(response, private=True, max_age=_A_WHILE)
    return response
