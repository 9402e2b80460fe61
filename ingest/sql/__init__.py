"""The SQL that is not the ORM's, one statement a file, named and described."""

from functools import cache
from pathlib import Path


@cache
def statement(name: str) -> str:
    """The text of ``NAME.sql``, without its leading comment lines."""
    lines = (Path(__file__).parent / f"{name}.sql").read_text().splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))
