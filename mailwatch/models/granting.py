"""The managers of what is about several log hosts: it is seen by those who may read all of them."""

from typing import Any

from django.db.models import Manager, Model, Q, QuerySet

from ingest import granted


class AboutLogHostsManager[Row: Model](Manager[Row]):
    """Rows whose log hosts may all be read here. None and nothing stand for what only those see who see all."""

    way = "log_host_ids"

    def get_queryset(self) -> QuerySet[Row]:
        ids = granted.here().log_hosts
        rows = super().get_queryset()
        return rows if ids is None else rows.filter(self.seen(sorted(ids)))

    def seen(self, ids: list[int]) -> Q:
        return Q(**{f"{self.way}__contained_by": ids}) & ~Q(**{self.way: []})


class OfReportManager[Row: Model](AboutLogHostsManager[Row]):
    """Of what belongs to a shared report."""

    way = "report__log_host_ids"


class OfAlertManager[Row: Model](AboutLogHostsManager[Row]):
    """Of what belongs to an alert."""

    way = "alert__log_host_ids"


class OfIncidentManager[Row: Model](AboutLogHostsManager[Row]):
    """Of what belongs to an incident."""

    way = "incident__log_host_ids"


class KeptForAllManager[Row: Model](AboutLogHostsManager[Row]):
    """Of what somebody keeps alone, or for all: what is kept alone is asked for by its owner."""

    def seen(self, ids: list[int]) -> Q:
        return Q(is_shared=False) | super().seen(ids)


def ids_of(log_host_id: int | None) -> list[int] | None:
    """What something is about: one log host, or all that may be read here; None: all there are and will be."""
    if log_host_id is not None:
        return [log_host_id]
    ids: Any = granted.here().log_hosts
    return None if ids is None else sorted(ids)
