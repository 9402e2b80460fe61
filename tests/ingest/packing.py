"""Archives made of bytes, and what became of their members."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import zstandard

from ingest import pages
from ingest.models import IngestRun, LogFile, LogHost
from tests.ingest.conftest import SAMPLES

type Members = list[tuple[str, bytes]]

MAINLOG = (SAMPLES / "srv1" / "mainlog").read_bytes()
OLDER = gzip.decompress((SAMPLES / "srv1" / "mainlog.2.gz").read_bytes())
REJECTLOG = (
    b"2026-03-02 10:00:00 H=(bad) [203.0.113.9] F=<x@example.net> rejected RCPT <y@example.org>: no relay\n"
)
PANICLOG = (
    b"2026-03-02 10:00:01 1vwz8C-00000000001-0001 == bob@example.org R=local_user defer (-1): no such user\n"
)
TEXT = b"dear helpdesk,\nhere are the logs\n"


def zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(content)


type Pack = Callable[[bytes], bytes]

COMPRESSIONS: dict[str, Pack] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd}


def tar(members: Members, form: int = tarfile.GNU_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, text in members:
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))
    return out.getvalue()


def zipped(members: Members, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, text in members:
            archive.writestr(name, text)
    return out.getvalue()


def stamped(count: int) -> Iterator[bytes]:
    """Log lines that do not compress to nothing."""
    for number in range(count):
        at = f"2026-03-02 {number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}"
        yield f"{at} Start queue run: pid={zlib.crc32(str(number).encode())}\n".encode()


def hand_made_zip(
    packed: bytes, text: bytes, *, method: int, flags: int = 0, checksum: int | None = None
) -> bytes:
    """A zip archive of one member, mainlog, with whatever its headers shall say."""
    name = b"mainlog"
    crc = zlib.crc32(text) if checksum is None else checksum
    common = struct.pack("<HHHHHIIIH", 20, flags, method, 0, 33, crc, len(packed), len(text), len(name))
    local = b"PK\x03\x04" + common + b"\0\0" + name + packed
    entry = b"PK\x01\x02\x14\x00" + common + b"\0" * 16 + name
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), len(local), 0)
    return local + entry + end


def told(run: IngestRun) -> dict[str, tuple[str, str]]:
    """Each member with its state and the reason."""
    return {file.name: (file.state, file.error) for file in run.files.exclude(archive=None)}


def states(run: IngestRun) -> dict[str, str]:
    return {name: state for name, (state, _) in told(run).items()}


def archive_of(run: IngestRun) -> LogFile:
    return run.files.get(archive=None)


def left_in(storage: Path) -> list[Path]:
    return [path for path in storage.rglob("*") if path.is_file()]


def total(run: IngestRun, name: str) -> int:
    return sum(getattr(file, name) for file in run.files.all())


def texts(host: LogHost) -> list[bytes]:
    return [entry.text for page in pages.scan(host.pk) for _, entry in page.entries()]


# `zip --password known` over "2026-03-02 10:00:09 1vwz8C-00000000001-0001 Completed\n"
ENCRYPTED = bytes.fromhex(
    "504b03041400090008000000625cdf079d783800000036000000070000006d61696e6c6f6766c8db1d250c42bbbaea41649e"
    "ba7c090b1fba51d6f563dcae3b26ed389e9c6bacbf34ba2e0e9aeb6e67017f1d0ab98a5a208287b02078ca504b0708df079d"
    "783800000036000000504b01021e031400090008000000625cdf079d783800000036000000070000000000000001000000a4"
    "81000000006d61696e6c6f67504b05060000000001000100350000006d0000000000"
)
