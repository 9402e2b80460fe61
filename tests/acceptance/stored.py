"""Everything stored of a log host, table by table, with pointers into pages replaced by the lines they point at.

Millions of rows are told apart by digests: a table is the digest of its sorted rows.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import zstandard

from tests.acceptance.conftest import Running

type Lines = Callable[[Iterable[int]], list[bytes]]

_OFFSET_BITS = 20
_PLAIN = (  # rows without pointers, and what of them only says where and when they were made
    ("ingest_message_finding", ()),
    ("ingest_suspect", ("id",)),
    ("ingest_hourlyvolume", ("id",)),
    ("ingest_localdomain", ("id",)),
    ("ingest_logincount", ("id",)),
    ("ingest_addresslogin", ("id",)),
)
_POINTING = (("ingest_message", ("line_refs",)), ("ingest_delivery", ("line_ref",)))


def stored(running: Running, log_host: str) -> dict[str, tuple[int, str]]:
    """By table: the number of rows, and a digest of them."""
    ((host,),) = running.query(f"SELECT id FROM ingest_loghost WHERE name = '{log_host}'")
    pages = dict(running.query(f"SELECT page_id, body FROM ingest_page WHERE log_host_id = {host}"))
    texts = {page_id: zstandard.decompress(body) for page_id, body in pages.items()}
    lines = _reader(texts)
    content = {"lines": _digest(line for text in texts.values() for line in text.splitlines())}
    for table, without in _PLAIN:
        content[table] = _digest(_rows(running, table, host, without))
    for table, pointers in _POINTING:
        content[table] = _digest(_pointing(running, table, host, pointers, lines))
    headers = ("line_ref", "headers_ref")
    content["ingest_rejection"] = _digest(_pointing(running, "ingest_rejection", host, headers, lines))
    content["ingest_finding"] = _digest(_findings(running, host, lines))
    return content


def _rows(running: Running, table: str, host: int, without: Iterable[str]) -> Iterable[bytes]:
    left_out = "{" + ",".join(["log_host_id", *without]) + "}"
    sql = f"SELECT (to_jsonb(t) - '{left_out}'::text[])::text FROM {table} t WHERE log_host_id = {host}"
    return (text.encode() for (text,) in running.query(sql))


def _pointing(
    running: Running, table: str, host: int, pointers: tuple[str, ...], lines: Lines
) -> Iterable[bytes]:
    left_out = "{" + ",".join(["log_host_id", *pointers]) + "}"
    columns = ", ".join("line_refs_of(line_refs)" if name == "line_refs" else name for name in pointers)
    sql = f"SELECT (to_jsonb(t) - '{left_out}'::text[])::text, {columns} FROM {table} t"
    for text, *refs in running.query(f"{sql} WHERE log_host_id = {host}"):
        pointed = [sorted(lines(ref if isinstance(ref, list) else [ref])) for ref in refs if ref is not None]
        yield text.encode() + repr(pointed).encode()


def _findings(running: Running, host: int, lines: Lines) -> Iterable[bytes]:
    sql = (
        "SELECT (to_jsonb(f) - '{id,suspect_id,line_refs,message_ids,values}'::text[])::text, s.kind, s.value,"
        " f.line_refs, f.message_ids, f.values FROM ingest_finding f JOIN ingest_suspect s ON s.id = f.suspect_id"
        f" WHERE s.log_host_id = {host}"
    )
    for text, kind, value, refs, message_ids, values in running.query(sql):
        rest = (kind, value, sorted(lines(refs)), sorted(message_ids), sorted(values))
        yield text.encode() + repr(rest).encode()


def _reader(texts: Mapping[int, bytes]) -> Lines:
    def line(ref: int) -> bytes:
        text, begin = texts[ref >> _OFFSET_BITS], ref & ((1 << _OFFSET_BITS) - 1)
        return text[begin : text.index(b"\n", begin)]

    return lambda refs: [line(ref) for ref in refs]


def _digest(rows: Iterable[bytes]) -> tuple[int, str]:
    digest, count = hashlib.sha256(), 0
    for row in sorted(rows):
        digest.update(row + b"\0")
        count += 1
    return count, digest.hexdigest()[:16]


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The tables that differ."""
    return {name: (one[name], other[name]) for name in one if one[name] != other[name]}
