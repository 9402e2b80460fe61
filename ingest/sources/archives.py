"""Archives, and archives within them, as a row of members: each a log to be read, or why it is not.

Nothing is written here but what a zip archive within another file needs to be read at all, into a file without a
name. A member's path is text to be shown; links and devices are told and never followed.
"""

import io
import stat
import tarfile
import tempfile
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ingest.sources.entries import Entry, entries_of
from ingest.sources.formats import Archive
from ingest.sources.limits import FLOOR, Foreign, LimitReached, Limits, Refused, TooLarge, size_words
from ingest.sources.streams import LogStream, Peeked, Plain, open_stream
from ingest.sources.tar import tar_members
from ingest.sources.zips import zip_members

_HEAD = 1024 * 1024  # bytes of a member that tell what it is: a block of bzip2 takes up to 900 KB
_SAMPLE = 256 * 1024  # bytes of its text
_BLOCK = 64 * 1024
_LONGEST_NAME = 200
_NAMELESS = "unnamed file"
_NOT_A_FILE = "This is a link or a device, not a file; links are not followed."


class Kind(Enum):
    LOG = auto()
    SKIPPED = auto()  # not an Exim log
    REFUSED = auto()  # encrypted, damaged, too large, packed too deep
    DAMAGED = auto()  # an archive of which only the first members could be read


class Member(NamedTuple):
    """A member of an archive. The bytes of a log are read before the next member is asked for."""

    name: str  # its path, made safe to show
    kind: Kind
    reason: str = ""  # one sentence, for all but logs
    stream: LogStream | None = None  # as it stands in the archive, for logs only
    is_packed: bool = False  # the log is a compressed file
    keeps_damaged: bool = False  # what was read stays, where the end is missing


class Walk:
    """One way through an archive, in order. The same archive gives the same members each time."""

    def __init__(
        self,
        *,
        limits: Limits,
        size: int,
        folder: Path,
        refuse_foreign: Callable[[Sequence[Entry], str], None],
    ) -> None:
        """``size``: bytes of the archive as handed in. ``folder``: for files without a name.

        ``refuse_foreign`` raises Refused for the beginning of what is no Exim log, given its name.
        """
        self._limits = limits
        self._size = size
        self._folder = folder
        self._refuse_foreign = refuse_foreign
        self._members = 0
        self._unpacked = 0

    def members(self, file: BinaryIO, stream: Peeked) -> Iterator[Member]:
        """The members of an archive, opened as ``file`` and read through ``stream``.

        Raises Refused where the archive ends too early, is damaged, or comes to a limit.
        """
        if stream.layers == 0 and stream.archive is Archive.ZIP:
            yield from self._zip(file, "", 1)
        else:
            yield from self._archive(stream, "", 1)

    def count(self, size: int) -> None:
        """Bytes that were unpacked. Raises LimitReached."""
        self._unpacked += size
        if self._unpacked > max(FLOOR, self._limits.ratio * self._size):
            raise LimitReached(
                f"The archive unpacks to more than {self._limits.ratio} times its size, as files made to fill a "
                "disk do; nothing more of it was read."
            )
        if self._unpacked > self._limits.unpacked:
            raise LimitReached(
                f"The archive unpacks to more than {size_words(self._limits.unpacked)}; nothing more of it was read."
            )

    def _archive(self, stream: Peeked, path: str, depth: int) -> Iterator[Member]:
        if stream.archive is Archive.TAR:
            yield from self._tar(stream, path, depth)
            return
        with tempfile.TemporaryFile(dir=self._folder) as file:
            self._spool(stream, file)
            yield from self._zip(file, path, depth)

    def _spool(self, stream: LogStream, file: BinaryIO) -> None:
        """A zip archive is read from its end, so that it has to be there as a whole."""
        while block := stream.read(_BLOCK):
            self.count(len(block))
            self._check_size(file.tell() + len(block))
            file.write(block)

    def _check_size(self, size: int) -> None:
        if size > self._limits.member:
            raise TooLarge(f"It is larger than {size_words(self._limits.member)}, the most that is read.")

    def _tar(self, stream: LogStream, path: str, depth: int) -> Iterator[Member]:
        for member, source in tar_members(stream):
            self._count_member()
            name = _below(path, member.name)
            if member.isdir():
                continue
            if not member.isreg():
                yield Member(name, Kind.SKIPPED, _NOT_A_FILE)
            elif _is_sparse(member):
                yield Member(name, Kind.REFUSED, "It is stored as a sparse file, which is not read.")
            else:
                yield from self._file(name, member.size, source, depth, keeps_damaged=True)

    def _zip(self, file: BinaryIO, path: str, depth: int) -> Iterator[Member]:
        for member, source, is_cut in zip_members(file, self._limits):
            self._count_member()
            name = _below(path, member.filename)
            if member.is_dir():
                continue
            if not _is_file(member):
                yield Member(name, Kind.SKIPPED, _NOT_A_FILE)
            elif isinstance(source, Refused):
                yield Member(name, Kind.REFUSED, str(source))
            else:
                yield from self._file(name, member.file_size, source, depth, keeps_damaged=is_cut)

    def _count_member(self) -> None:
        self._members += 1
        if self._members > self._limits.members:
            raise LimitReached(
                f"The archive has more than {self._limits.members:,} members; "
                "those that come after were not read."
            )

    def _file(
        self, name: str, size: int, source: LogStream, depth: int, *, keeps_damaged: bool
    ) -> Iterator[Member]:
        inner = Peeked(source)
        has_members = False
        try:
            self._check_size(size)
            inner.peek(_HEAD)
            if inner.damage or (inner.damage_ahead and not keeps_damaged):
                raise Refused(inner.damage_ahead)
            probe = self._probe(inner, name)
            if probe.archive is None:
                yield Member(name, Kind.LOG, "", inner, probe.layers > 0, keeps_damaged)
                return
            if depth == self._limits.depth:
                raise Refused(
                    f"It is an archive within {_times(depth)}; archives are read {self._limits.depth} deep."
                )
            for member in self._archive(open_stream(inner, self._limits), name, depth + 1):
                has_members = True
                yield member
        except LimitReached:
            raise
        except Foreign as foreign:
            yield Member(name, Kind.SKIPPED, str(foreign))
        except Refused as refusal:
            yield Member(name, Kind.DAMAGED if has_members else Kind.REFUSED, str(refusal))

    def _probe(self, inner: Peeked, name: str) -> Peeked:
        """The first megabyte of a member, opened. Raises Refused for what is neither a log nor an archive."""
        head = inner.peek(_HEAD)
        probe = open_stream(Plain(io.BytesIO(head)), self._limits)
        text = probe.peek(_SAMPLE)
        is_whole = len(head) < _HEAD
        if not text and is_whole:
            raise Refused(probe.damage) if probe.damage else Foreign("The file has no text in it.")
        if text and probe.archive is None:
            lines = text.split(b"\n")
            if len(lines) > 1 and not (is_whole and len(text) < _SAMPLE):
                lines.pop()  # it goes on
            self._refuse_foreign(list(entries_of(lines)), name)
        return probe


def shown_path(path: str) -> str:
    """A member's path as it may be shown: no way up, no control or direction characters, no more than its end."""
    parts = (_visible(part) for part in path.replace("\\", "/").split("/"))
    return _shortened("/".join(part for part in parts if part not in ("", ".", "..")) or _NAMELESS)


def _below(path: str, name: str) -> str:
    return _shortened(f"{path}/{shown_path(name)}") if path else shown_path(name)


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else "\N{HORIZONTAL ELLIPSIS}" + name[-_LONGEST_NAME + 1 :]


def _visible(part: str) -> str:
    return "".join(char for char in part if not unicodedata.category(char).startswith("C")).strip()


def _is_sparse(member: tarfile.TarInfo) -> bool:
    return member.issparse() or any(key.startswith("GNU.sparse.") for key in member.pax_headers)


def _is_file(member: zipfile.ZipInfo) -> bool:
    """Zip archives made on Unix keep the mode of a file in the upper half of its attributes."""
    mode = stat.S_IFMT(member.external_attr >> 16)
    return mode in (0, stat.S_IFREG)


def _times(depth: int) -> str:
    return "an archive" if depth == 1 else f"{depth} archives"
