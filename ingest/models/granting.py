"""The manager of every table with log hosts: it finds only rows of those that may be read here."""

from typing import Any

from django.db.models import Manager, Model, QuerySet

from ingest import granted


class GrantedManager[Row: Model](Manager[Row]):
    """Rows of the log hosts that ``ingest.granted`` holds. ``way`` leads from a row to the id of its log host."""

    way = "log_host_id"

    def get_queryset(self) -> QuerySet[Row]:
        return narrowed(super().get_queryset(), self.way)


def narrowed[Rows: QuerySet[Any]](rows: Rows, way: str) -> Rows:
    """Those of the log hosts that may be read here; nothing is added where all may be."""
    ids = granted.here().log_hosts
    if ids is None:
        return rows
    return (
        rows.filter(**{way: next(iter(ids))}) if len(ids) == 1 else rows.filter(**{f"{way}__in": sorted(ids)})
    )


class LogHostManager[Row: Model](GrantedManager[Row]):
    """Of the log hosts themselves."""

    way = "pk"


class FindingManager[Row: Model](GrantedManager[Row]):
    """Of what was found on a suspect."""

    way = "suspect__log_host_id"


class FileManager[Row: Model](GrantedManager[Row]):
    """Of what belongs to a file."""

    way = "file__log_host_id"


class SourceFileManager[Row: Model](GrantedManager[Row]):
    """Of what belongs to a source."""

    way = "source__log_host_id"
