"""Searches kept under a name, taken away, and had back."""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.http import QueryDict
from django.utils.translation import gettext

from ingest.languages import say
from ingest.models import LogHost
from mailwatch.models import SavedSearch
from mailwatch.models.granting import ids_of

KEPT = timedelta(days=1)  # that a removed one can be had back
MOST = 200  # of one person


class NotSaved(ValueError):
    """Why a search could not be kept; one sentence for the reader."""


def save(*, owner: User, name: str, query: str, is_shared: bool, now: datetime) -> SavedSearch:
    """Keep a search; one of the same name is replaced. Raises NotSaved."""
    SavedSearch.objects.filter(removed_at__lt=now - KEPT).delete()
    kept = SavedSearch.objects.filter(owner=owner, removed_at=None)
    if kept.count() >= MOST and not kept.filter(name=name).exists():
        raise NotSaved(
            say("You have {number} saved searches, which is the most. Remove one first.", number=MOST)
        )
    kept_as = {"query": query, "is_shared": is_shared, "saved_at": now, "log_host_ids": _about(query)}
    try:
        saved, _ = SavedSearch.objects.update_or_create(
            owner=owner, name=name, removed_at=None, defaults=kept_as
        )
    except IntegrityError:  # one of log hosts that the owner may not read any more
        raise NotSaved(gettext("This name is taken. Choose another one.")) from None
    return saved


def _about(query: str) -> list[int] | None:
    """The log hosts that a search looks at."""
    named = LogHost.objects.filter(name=QueryDict(query).get("log_host", "")).first()
    return ids_of(named.pk if named else None)


def remove(saved: SavedSearch, *, now: datetime) -> None:
    saved.removed_at = now
    saved.save(update_fields=["removed_at"])


def restore(saved: SavedSearch) -> None:
    """Have a removed one back. Raises NotSaved where another has taken its name."""
    saved.removed_at = None
    try:
        with transaction.atomic():
            saved.save(update_fields=["removed_at"])
    except IntegrityError:
        raise NotSaved(say("There is another search named {name} now.", name=saved.name)) from None
