"""Tables that leave the page as CSV or JSON. Their cells hold text that attackers wrote."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from io import StringIO
from itertools import chain

from mailwatch.printable import plain, plain_json

type Cell = str | int | datetime | None

# A spreadsheet takes a cell that begins so for a formula; the wide forms are the same to some of them.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_rows(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """CSV text, one row at a time (RFC 4180), with text guarded against formulas."""
    buffer = StringIO()
    writer = csv.writer(buffer)
    for row in chain([header], rows):
        writer.writerow([guarded(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def json_rows(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """``{"name": [{...}, ...]}``, one object at a time."""
    separator = ""
    yield f"{{{json.dumps(name)}: ["
    for row in rows:
        cells = [cell.isoformat() if isinstance(cell, datetime) else cell for cell in row]
        yield f"{separator}\n{plain_json(dict(zip(header, cells, strict=True)))}"
        separator = ","
    yield "\n]}\n"


def guarded(cell: Cell) -> str | int:
    """A cell as a spreadsheet may have it: numbers stay numbers, text is never a formula."""
    if cell is None:
        return ""
    if isinstance(cell, int):
        return cell
    if isinstance(cell, datetime):
        return cell.isoformat()
    text = plain(cell)
    return f"'{text}" if cell.lstrip(" ").startswith(_FORMULA_STARTS) else text
