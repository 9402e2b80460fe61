"""Searches that were kept under a name."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q

from mailwatch.access import Permission, may
from mailwatch.models import SavedSearch


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """One of them, as somebody sees it."""

    pk: int
    name: str
    query: str
    is_shared: bool
    owner: str
    may_remove: bool


def of(person: User) -> list[Saved]:
    """A person's own and those for all, by name."""
    rows = (
        SavedSearch.objects.all()
        .fetch_mode(models.FETCH_RAISE)
        .filter(Q(owner=person) | Q(is_shared=True), removed_at=None)
    )
    return [_saved(row, person) for row in rows.select_related("owner").order_by("name", "pk")]


def _saved(row: SavedSearch, person: User) -> Saved:
    return Saved(
        pk=row.pk,
        name=row.name,
        query=row.query,
        is_shared=row.is_shared,
        owner=row.owner.get_username(),
        may_remove=may_remove(row, person),
    )


def may_remove(row: SavedSearch, person: User) -> bool:
    """Whoever saved it; of those for all, administrators too."""
    return row.owner_id == person.pk or (row.is_shared and may(person, Permission.USERS))
