"""Rows and indexes that weigh less (docs/decisions/0015): the big tables are made anew, and their rows move over."""

from pathlib import Path

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

import ingest.models.line_refs

SQL = Path(__file__).parent.parent / "sql"
TABLES = ("ingest_message", "ingest_delivery", "ingest_rejection")
PACKED = "(SELECT coalesce(string_agg(int8send(ref), ''::bytea ORDER BY n), '') FROM unnest(line_refs) WITH ORDINALITY AS r (ref, n))"


def make_anew(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    with schema_editor.connection.cursor() as cursor:
        partitions = {table: _set_aside(cursor, table) for table in TABLES}
        cursor.execute((SQL / "narrow_tables.sql").read_text())
        for table, children in partitions.items():
            for name, bound in children:
                cursor.execute(f"CREATE TABLE {name} PARTITION OF {table} {bound}")
            columns = _columns(cursor, table)
            values = ", ".join(PACKED if name == "line_refs" else name for name in columns)
            cursor.execute(f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table}_wide")
            cursor.execute(f"DROP TABLE {table}_wide")
        cursor.execute((SQL / "narrow_indexes.sql").read_text())
        cursor.execute("ALTER TABLE ingest_message_finding DROP COLUMN evidence")


def _set_aside(cursor, table: str) -> list[tuple[str, str]]:
    """Give a table and its partitions other names, without their indexes; returns the partitions and their bounds."""
    cursor.execute(
        "SELECT relname, pg_get_expr(relpartbound, pg_class.oid) FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
        " WHERE inhparent = %s::regclass ORDER BY relname",
        [table],
    )
    children = cursor.fetchall()
    cursor.execute("SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'p'", [table])
    for (name,) in cursor.fetchall():
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    cursor.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = %s::regclass", [table])
    for (name,) in cursor.fetchall():
        cursor.execute(f"DROP INDEX {name}")
    for name in (table, *(child for child, _ in children)):
        cursor.execute(f"ALTER TABLE {name} RENAME TO {name}_wide")
    return children


def _columns(cursor, table: str) -> list[str]:
    cursor.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped", [table]
    )
    return [name for (name,) in cursor.fetchall()]


class Migration(migrations.Migration):
    dependencies = [("ingest", "0020_sources")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(make_anew)],
            state_operations=[
                migrations.RemoveField("message", "tls"),
                migrations.RemoveField("delivery", "router"),
                migrations.RemoveField("messagefinding", "evidence"),
                migrations.AlterField("message", "line_refs", ingest.models.line_refs.LineRefsField()),
            ],
        ),
    ]
