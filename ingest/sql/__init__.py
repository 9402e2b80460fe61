"""The SQL that is not the ORM's, one statement a file, named and described."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection


@cache
def statement(name: str) -> str:
    """The text of ``NAME.sql``, without its leading comment lines."""
    lines = (Path(__file__).parent / f"{name}.sql").read_text().splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))


@contextmanager
def copying(sql: str) -> Iterator[Any]:
    """Psycopg's writer for a COPY .. FROM STDIN, with Django's errors.

    Django's cursors hand ``copy`` on to psycopg as it is: a duplicate key or a full disk would not be the
    IntegrityError or the OperationalError that everything else raises.
    """
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(sql) as copy:
        yield copy
