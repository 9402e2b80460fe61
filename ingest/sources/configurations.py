"""A configuration as handed in: a text, a compressed one, an archive or a folder of Debian's pieces.

Of an archive only what can be part of a configuration is read; files of passwords are passed over unread. A
piece that is a link, is damaged or may not be read is told to be missing, not taken for nothing.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from ingest.exim.split_configuration import MAIL_NAME, SETTINGS, assembled, is_piece, root_of
from ingest.sources.archives import Kind, Member, Walk
from ingest.sources.limits import Foreign, Limits, Refused, size_words
from ingest.sources.streams import LogStream, Peeked, Plain, open_stream

MOST_TEXT = 2 * 1024 * 1024  # bytes; exim -bP config of the largest hosts is far below
MOST_ARCHIVE = 32 * 1024 * 1024
_MOST_UNPACKED = 256 * 1024 * 1024
_LIMITS = Limits(depth=2, members=10_000, unpacked=_MOST_UNPACKED, member=_MOST_UNPACKED)
_NO_TEXT = "This file is no text, so it is no configuration of Exim."
_TOO_LONG = "A configuration of more than 2 MB is not read."
_NOTHING = "There is no configuration of Exim here: no exim4.conf, no exim4.conf.template and no conf.d."
_UNREAD = (
    "None of the files of this configuration could be read: they are links, encrypted or damaged, or only others may "
    "read them."
)
_BESIDE = (MAIL_NAME, SETTINGS)  # what a configuration is not made of
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def configuration_in(file: BinaryIO, size: int) -> str:
    """The text of a file of ``size`` bytes, "" for an empty one. Raises Refused with one sentence."""
    try:
        stream = open_stream(Plain(file), _LIMITS)
        if stream.archive is None:
            return _text(stream)
    except Foreign as foreign:
        if not size:
            return ""
        raise Refused(_NO_TEXT) from foreign
    if size > MOST_ARCHIVE:
        raise Refused(f"An archive of more than {size_words(MOST_ARCHIVE)} is not read as a configuration.")
    file.seek(0)
    try:
        return _of_archive(file, size)
    except Refused as refusal:
        raise Refused(str(refusal).replace("the log", "the configuration")) from refusal


def configuration_at(path: Path) -> str:
    """The text of a file or a folder. Raises Refused, or OSError."""
    if path.is_dir():
        return _of_folder(path)
    with path.open("rb") as file:
        return configuration_in(file, path.stat().st_size)


def _text(stream: LogStream) -> str:
    parts, length = [], 0
    while block := stream.read(64 * 1024):
        parts.append(block)
        length += len(block)
        if length > MOST_TEXT:
            raise Refused(_TOO_LONG)
    if stream.damage:
        raise Refused(stream.damage.replace("the log", "the text"))
    return _decoded(b"".join(parts))


def _decoded(raw: bytes) -> str:
    """UTF-8, UTF-16 where it says so (what Windows writes), else Latin-1. Raises Refused for what is no text."""
    if raw.startswith(_UTF_16):
        try:
            return raw.decode("utf-16").replace("\0", "")
        except UnicodeDecodeError as error:
            raise Refused(_NO_TEXT) from error
    if b"\0" in raw:
        raise Refused(_NO_TEXT)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


# --- archives -------------------------------------------------------------------------------------


def _of_archive(file: BinaryIO, size: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        walk = Walk(limits=_LIMITS, size=size, folder=Path(folder), refuse_foreign=lambda entries, name: None)
        found = _Found()
        for member in walk.members(file, Peeked(open_stream(Plain(file), _LIMITS))):
            found.take(member)
    return _assembled(found.files)


class _Found:
    """What an archive holds of a configuration, by the paths in it."""

    def __init__(self) -> None:
        self.files: dict[str, str | None] = {}
        self._length = 0

    def take(self, member: Member) -> None:
        names = member.name.split("/")
        if any(is_piece("/".join(names[-depth:])) for depth in (1, 3)):
            self.files[member.name] = self._read(member)

    def _read(self, member: Member) -> str | None:
        if member.kind is not Kind.LOG or member.stream is None:
            return "" if member.reason == "The file has no text in it." else None
        try:
            text = _text(member.stream)
        except Refused as refusal:
            if str(refusal) == _TOO_LONG:
                raise
            return None
        self._length += len(text)
        if self._length > MOST_TEXT:
            raise Refused(_TOO_LONG)
        return text


def _assembled(files: dict[str, str | None]) -> str:
    """The text of the pieces below the folder that is that of a configuration."""
    root = root_of(list(files))
    if root is None:
        raise Refused(_NOTHING)
    pieces = {
        path.removeprefix(root): text
        for path, text in files.items()
        if path.startswith(root) and is_piece(path.removeprefix(root))
    }
    above = root.rstrip("/").rpartition("/")[0]
    if (mail_name := f"{above}/{MAIL_NAME}".removeprefix("/")) in files:
        pieces[MAIL_NAME] = files[mail_name]
    return _whole(pieces)


def _whole(pieces: Mapping[str, str | None]) -> str:
    text = assembled(pieces)
    if text is None:
        raise Refused(_NOTHING)
    if all(read is None for name, read in pieces.items() if name not in _BESIDE):
        raise Refused(_UNREAD)
    return text


# --- folders of this machine ----------------------------------------------------------------------


def _of_folder(folder: Path) -> str:
    files: dict[str, str | None] = {}
    for path in sorted([*folder.iterdir(), *folder.glob("conf.d/*/*")]):
        name = path.relative_to(folder).as_posix()
        if is_piece(name) and path.is_file():
            files[name] = _of_file(path)
    if (mail_name := folder.resolve().parent / MAIL_NAME).is_file():
        files[MAIL_NAME] = _of_file(mail_name)
    return _whole(files)


def _of_file(path: Path) -> str | None:
    """None where it may not be read."""
    try:
        with path.open("rb") as file:
            return _text(Plain(file))
    except (OSError, Refused):
        return None
