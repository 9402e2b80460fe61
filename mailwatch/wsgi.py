"""The entry of the web server."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailwatch.settings")


def collect_seldom() -> None:
    """Look for garbage after some pages, not several times in each.

    What pages keep is thousands of things that stay, and to look through them takes as long as a page.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


application = get_wsgi_application()
collect_seldom()
