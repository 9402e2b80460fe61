"""Values and rows as COPY reads them in its text format: columns between tabs, a row a line, ``\\N`` for null.

Rows are joined as text and written in blocks, since psycopg's ``write_row`` costs 5 to 7 us a row.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache

from ingest.assembly import LONGEST_ADDRESS
from ingest.sql import copying

INDEXED_TEXT = LONGEST_ADDRESS
FREE_TEXT = 2000  # characters; the line itself is kept whole

_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_BLOCK_ROWS = 2000


def write(table: str, columns: str, rows: Iterable[str]) -> None:
    """Write rows to a table, each with its newline."""
    with copying(f"COPY {table} ({columns}) FROM STDIN") as copy:
        block: list[str] = []
        for row in rows:
            block.append(row)
            if len(block) == _BLOCK_ROWS:
                copy.write("".join(block))
                block.clear()
        copy.write("".join(block))


def text(value: str | None, limit: int = FREE_TEXT) -> str:
    """A text, cut at ``limit`` characters."""
    if value is None:
        return "\\N"
    if len(value) > limit:
        value = value[:limit]
    return value.translate(_ESCAPES) if _SPECIAL.search(value) else value


def number(value: int | None) -> str:
    """A whole number."""
    return "\\N" if value is None else str(value)


@lru_cache(maxsize=4096)
def time(value: datetime | None) -> str:
    """A time with its zone."""
    return "\\N" if value is None else value.isoformat(" ")


def array(values: Sequence[str] | None) -> str:
    """An array of texts, each short enough for an index."""
    if values is None:
        return "\\N"
    quoted = ('"' + value[:INDEXED_TEXT].replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    return ("{" + ",".join(quoted) + "}").translate(_ESCAPES)


def flag(value: bool) -> str:
    """A truth value."""
    return "t" if value else "f"


def packed_refs(refs: Iterable[int]) -> str:
    """Pointers to lines, for a LineRefsField."""
    return "\\\\x" + "".join([f"{ref:016x}" for ref in refs])
