"""Whole months that go: their partitions are detached while readers go on, then dropped, which gives the space back.

DETACH .. CONCURRENTLY runs outside a transaction, so a month goes in steps. Each leaves a state that the next call
finds and goes on from: a detach to be finalized, a table that is detached, a table that was set aside under the
name NAME_going. The last step is one transaction.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from ingest import derivation, pages, partitions, removal
from ingest.log_host_counts import Counts, Logins, local_domain_of
from ingest.models import HourCount, HourlyVolume, LogHost, ScriptRuns
from ingest.partitions import month_start
from ingest.sql import statement

# The pages first: what is read afterwards goes into new partitions and stays. Messages before their deliveries.
TABLES = ("ingest_page", "ingest_message", "ingest_message_finding", "ingest_delivery", "ingest_rejection")
_MOVED = timedelta(hours=26)  # see ingest.pages


@dataclass(frozen=True, slots=True)
class Dropped:
    """A month that went."""

    month: datetime  # its first moment
    size: int  # bytes given back to the file system
    log_host_ids: tuple[int, ...]  # whose lines they were


def drop_month(month: int) -> Dropped:
    """Drop a month of all log hosts; ``month`` counts since January 1970. Call it outside a transaction.

    Messages with lines on pages of other months stay, assembled from those. It waits for transactions that read the
    tables; nobody waits for it but the batches that come while the last step runs.
    """
    for table in TABLES:
        _set_aside(table, month)
    while True:
        try:
            with transaction.atomic():
                return _take_out(month)
        except partitions.Missing as missing:
            partitions.make(missing)


def unfinished() -> list[int]:
    """The months that an earlier call began to drop."""
    with connection.cursor() as cursor:
        cursor.execute(statement("partitions_half_dropped"), {"tables": list(TABLES)})
        return sorted({pages.month_number(row[0]) for row in cursor.fetchall()})


def _going(table: str, month: int) -> str:
    return f"{partitions.name_of(table, month)}_going"


def _set_aside(table: str, month: int) -> None:
    """Detach a partition and rename it, unless that is done already."""
    name, going = partitions.name_of(table, month), _going(table, month)
    with connection.cursor() as cursor:
        if _is_table(cursor, going) or not _is_table(cursor, name):
            return
        cursor.execute("SELECT inhdetachpending FROM pg_inherits WHERE inhrelid = %s::regclass", [name])
        attached = cursor.fetchone()
        # names are made from a number of ours, never from log text
        if attached is not None:
            how = "FINALIZE" if attached[0] else "CONCURRENTLY"
            cursor.execute(f"ALTER TABLE {table} DETACH PARTITION {name} {how}")
        cursor.execute(f"ALTER TABLE {name} RENAME TO {going}")


def _is_table(cursor: Any, name: str) -> bool:
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
    return bool(cursor.fetchone()[0])


def _take_out(month: int) -> Dropped:
    partitions.forget()
    names = {table: table.replace("ingest_", "going_") for table in TABLES}
    with connection.cursor() as cursor:
        for table, name in names.items():  # one name each, so that the SQL can be written down
            if _is_table(cursor, _going(table, month)):
                cursor.execute(f"ALTER TABLE {_going(table, month)} RENAME TO {name}")
            else:
                cursor.execute(f"CREATE TABLE {name} (LIKE {table})")
        hosts = [host.pk for host in LogHost.objects.order_by("pk") if _Leaving(host, month).leave()]
        sizes = " + ".join(f"pg_total_relation_size('{name}')" for name in names.values())
        cursor.execute(f"SELECT {sizes}")
        size = int(cursor.fetchone()[0])
        cursor.execute(f"DROP TABLE {', '.join(names.values())}")
    return Dropped(month_start(month), size, tuple(hosts))


class _Leaving:
    """What one log host loses with a month, and what of it stays."""

    def __init__(self, log_host: LogHost, month: int) -> None:
        self.log_host = log_host
        self.month = month
        start, end = month_start(month), month_start(month + 1)
        self._parameters: dict[str, Any] = {
            "log_host_id": log_host.pk,
            "start": start,
            "end": end,
            "since": start - _MOVED,
            "until": end + _MOVED,
        }

    def leave(self) -> bool:
        """True if the log host had something in the month."""
        if not self._has_part():
            return False
        removal.hold(self.log_host.pk)
        elsewhere = dict(self._rows("messages_losing_lines"))
        kept = dict(self._rows("messages_with_lines_left"))
        partitions.require(of_ids={self.month} if kept else (), of_times=())
        removal.add_counts(self.log_host.pk, self._counts(list(elsewhere)))
        self._remove_hours()
        gone = {row[0] for row in self._rows("pages_going")}
        removal.keep_only(
            self.log_host,
            {
                message_id: [ref for ref in line_refs if ref >> pages.OFFSET_BITS not in gone]
                for message_id, line_refs in elsewhere.items()
            },
        )
        removal.add_messages(self.log_host, derivation.messages_of(self.log_host, kept))
        self._keep_refusals()
        removal.forget_shares(self.log_host, gone)
        return True

    def _rows(self, name: str, **more: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement(name), self._parameters | more)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

    def _has_part(self) -> bool:
        with connection.cursor() as cursor:
            for table in TABLES:
                going = table.replace("ingest_", "going_")
                cursor.execute(f"SELECT FROM {going} WHERE log_host_id = %s LIMIT 1", [self.log_host.pk])
                if cursor.fetchone() is not None:
                    return True
        return False

    def _counts(self, elsewhere: list[str]) -> Counts:
        """What is to be counted down."""
        counts = Counts()
        deliveries = self._rows("local_deliveries_going", message_ids=elsewhere)
        for recipient, original_recipient, number in deliveries:
            domain = local_domain_of(recipient, original_recipient)
            if domain is not None:
                counts.local_deliveries[domain] = counts.local_deliveries.get(domain, 0) - number
        for name, named, nameless, unrecorded in self._rows("logins_going", message_ids=elsewhere):
            counts.logins[name] = Logins(-named, -nameless, -unrecorded)
        return counts

    def _remove_hours(self) -> None:
        start, end = self._parameters["start"], self._parameters["end"]
        HourlyVolume.objects.filter(log_host=self.log_host, hour__gte=start, hour__lt=end).delete()
        ScriptRuns.objects.filter(log_host=self.log_host, hour__gte=start, hour__lt=end).delete()
        HourCount.objects.filter(log_host=self.log_host, hour__gte=start, hour__lt=end).delete()

    def _keep_refusals(self) -> None:
        if self._rows("refusals_with_lines_left"):
            partitions.require(of_ids=(), of_times={self.month})
            self._rows("keep_refusals")
