"""Files in the file storage that were handed in, whole or in parts.

An upload that arrived in pieces stays in pieces: a list of them, itself a file of the storage, stands for the whole,
and readers go from one piece to the next. So a file of any size is handed over at once and never takes twice its
room.
"""

import io
import json
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import accumulate
from typing import BinaryIO, NamedTuple, cast

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

_LIST = ".parts"  # ends the path of a list


class Part(NamedTuple):
    """A stretch of a file."""

    path: str  # in the file storage
    size: int  # bytes


def join(path: str, parts: Sequence[Part]) -> str:
    """Make one file of parts, in their order, without copying them; its path. ``path``: a free one to go by."""
    if len(parts) == 1:
        return parts[0].path
    text = json.dumps([list(part) for part in parts])
    return default_storage.save(f"{path}{_LIST}", ContentFile(text.encode()))


def opened(path: str) -> AbstractContextManager[BinaryIO]:
    """A file of the storage to read from, seekable. Raises OSError."""
    if not path.endswith(_LIST):
        return cast("AbstractContextManager[BinaryIO]", default_storage.open(path))
    return cast("AbstractContextManager[BinaryIO]", io.BufferedReader(_Joined(_parts(path)), 1 << 20))


def delete(path: str) -> None:
    """Delete a file with all its parts, the list last: a deletion that was cut off can be done again."""
    if path.endswith(_LIST) and default_storage.exists(path):
        for part in _parts(path):
            default_storage.delete(part.path)
    default_storage.delete(path)


def _parts(path: str) -> list[Part]:
    with default_storage.open(path) as listed:
        return [Part(*part) for part in json.loads(listed.read())]


class _Joined(io.RawIOBase):
    """Parts read as one file; one of them is open at a time."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._ends = list(accumulate(part.size for part in parts))
        self._place = 0
        self._open: BinaryIO | None = None
        self._opened = -1  # which part that is

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._ends[-1]}[whence]
        self._place = max(0, start + place)
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        number = bisect_right(self._ends, self._place)
        if number == len(self._parts):
            return 0
        begin = self._ends[number] - self._parts[number].size
        found = self._part(number)
        found.seek(self._place - begin)
        block = found.read(min(len(buffer), self._ends[number] - self._place))
        if not block:
            raise OSError(f"part {number + 1} of {len(self._parts)} is shorter than it was")
        buffer[: len(block)] = block
        self._place += len(block)
        return len(block)

    def _part(self, number: int) -> BinaryIO:
        if self._open is None or self._opened != number:
            self._close_part()
            self._open = cast("BinaryIO", default_storage.open(self._parts[number].path))
            self._opened = number
        return self._open

    def _close_part(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def close(self) -> None:
        self._close_part()
        super().close()
