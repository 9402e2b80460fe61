"""Files as handed in, plain or compressed, as one stream read in order."""

from typing import BinaryIO, Protocol

from ingest.sources.formats import (
    ERRORS,
    HEAD,
    MEMORY,
    Archive,
    Compression,
    archive_of,
    compression_of,
    refuse_other,
)
from ingest.sources.limits import Foreign, Limits, Refused, size_words

_BLOCK = 64 * 1024


class Readable(Protocol):
    """Anything with bytes in it."""

    def read(self, size: int, /) -> bytes: ...


class LogStream(Protocol):
    """Bytes in order."""

    @property
    def consumed(self) -> int:
        """Bytes of the file as handed in, read so far."""

    @property
    def damage(self) -> str:
        """A sentence, once the end was reached and was not the true end; else empty."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes, b"" at the end. Raises TooLarge where the limits end it."""


class Plain:
    """Bytes as they stand in a file."""

    def __init__(self, file: Readable) -> None:
        self._file = file
        self.consumed = 0
        self.damage = ""

    def read(self, size: int, /) -> bytes:
        text = self._file.read(size)
        self.consumed += len(text)
        return text


class Stretch:
    """The bytes of a plain file from one place to another, which may be set while it is read; None: to its end."""

    damage = ""

    def __init__(self, file: BinaryIO, start: int, end: int | None) -> None:
        file.seek(start)
        self._file = file
        self.consumed = start  # of the whole file, as if what stands before had been read
        self.end = end

    def read(self, size: int, /) -> bytes:
        if self.end is not None:
            size = min(size, self.end - self.consumed)
        text = self._file.read(size) if size > 0 else b""
        self.consumed += len(text)
        return text


class Peeked:
    """A stream whose first bytes can be looked at before they are read."""

    def __init__(self, stream: LogStream, *, layers: int = 0) -> None:
        self._stream = stream
        self._held = b""
        self.layers = layers  # of compression

    @property
    def consumed(self) -> int:
        return self._stream.consumed

    @property
    def damage(self) -> str:
        return "" if self._held else self._stream.damage

    @property
    def damage_ahead(self) -> str:
        """The damage that reading on will come to, where peeking has come to it already."""
        return self._stream.damage

    def peek(self, size: int) -> bytes:
        """The next ``size`` bytes; fewer only at the end. They are still to be read."""
        parts, held = [self._held], len(self._held)
        while held < size and (block := self._stream.read(size - held)):
            parts.append(block)
            held += len(block)
        self._held = b"".join(parts)
        return self._held[:size]

    def read(self, size: int, /) -> bytes:
        if not self._held:
            return self._stream.read(size)
        text, self._held = self._held[:size], self._held[size:]
        return text

    @property
    def archive(self) -> Archive | None:
        """What it is an archive of, if any."""
        return archive_of(self.peek(HEAD))


class Decompressed:
    """What comes out of a compressed stream: all of it up to where it is cut or damaged.

    Several gzip members, xz streams or zstd frames in a row are one text, as are zeros that fill the last block.
    """

    def __init__(
        self, source: LogStream, form: Compression, limits: Limits, *, is_single: bool = False
    ) -> None:
        self._source = source
        self._form = form
        self._limits = limits
        self._is_single = is_single
        self._unit = form.unit()
        self._waiting = b""
        self._taken = self._given = 0
        self._is_over = False
        self.damage = ""

    @property
    def consumed(self) -> int:
        return self._source.consumed

    def read(self, size: int, /) -> bytes:
        text = b""
        while size > 0 and not text and not self._is_over:
            if self._unit.eof:
                self._next_unit()
            elif self._waiting or not self._unit.needs_input or self._fill():
                text = self._step(size)
        self._given += len(text)
        self._limits.allow(self._given, self._taken)
        return text

    def _fill(self) -> bool:
        self._waiting = self._source.read(_BLOCK)
        self._taken += len(self._waiting)
        if not self._waiting:
            self._end(
                self._source.damage
                or f"The {self._form.name} ends too early; the rest of the log is missing."
            )
        return not self._is_over

    def _step(self, size: int) -> bytes:
        data, self._waiting = self._waiting, b""
        try:
            return self._unit.decompress(data, size)
        except ERRORS as error:
            self._end(_damage(self._form, error))
            return b""

    def _next_unit(self) -> None:
        rest = self._unit.unused_data.lstrip(b"\0")
        while not rest:
            block = b"" if self._is_single else self._source.read(_BLOCK)
            if not block:
                self._end(self._source.damage)
                return
            self._taken += len(block)
            rest = block.lstrip(b"\0")
        self._unit = self._form.unit()
        self._waiting = rest

    def _end(self, damage: str) -> None:
        self._is_over = True
        self.damage = damage


def _damage(form: Compression, error: Exception) -> str:
    if "memory" in str(error).lower():
        return f"The {form.name} needs more than {size_words(MEMORY)} of memory to be read, which it does not get."
    return f"The {form.name} is damaged; what comes after the damage could not be read."


def open_stream(source: LogStream, limits: Limits | None = None) -> Peeked:
    """Read ``source`` as what its first bytes say it is, through all compressions around it.

    What comes out may be an archive: ask ``archive``. Raises Refused for an empty file and for formats that are
    not read.
    """
    limits = limits or Limits()
    stream = Peeked(source)
    if not stream.peek(HEAD):
        raise Foreign("The file is empty.")
    while (form := compression_of(stream.peek(HEAD))) is not None:
        if stream.layers == limits.depth:
            raise Refused(f"It is compressed more than {limits.depth} times over, which is not read.")
        stream = Peeked(Decompressed(stream, form, limits), layers=stream.layers + 1)
    refuse_other(stream.peek(HEAD))
    return stream
