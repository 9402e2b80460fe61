"""How much is unpacked, so that a small file cannot fill the memory or the disk."""

from dataclasses import dataclass

FLOOR = 64 * 1024 * 1024  # bytes that anything may unpack to, however small it is


class Refused(Exception):
    """The file cannot be taken. The message is one sentence for the person who handed it in."""


class Foreign(Refused):
    """The file is no Exim log: another kind of text, a picture, nothing at all."""


class TooLarge(Refused):
    """A file unpacks to more than the limits allow."""


class LimitReached(Refused):
    """The whole archive has come to a limit: nothing more of it is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The settings MAILWATCH_MAX_*; sizes in bytes."""

    depth: int = 3  # of archives within archives, and of compressions around each other
    members: int = 10_000  # of an archive and all archives in it, folders and links included
    unpacked: int = 200 * 2**30  # of one file handed in
    member: int = 50 * 2**30
    ratio: int = 250  # unpacked to packed, beyond FLOOR

    def allow(self, produced: int, consumed: int) -> None:
        """Raise TooLarge where ``consumed`` bytes gave too many."""
        if produced > FLOOR and produced > self.ratio * consumed:
            raise TooLarge(
                f"It unpacks to more than {self.ratio} times its size, as files made to fill a disk do; "
                "what comes after that was not read."
            )
        if produced > self.unpacked:
            raise TooLarge(
                f"It unpacks to more than {size_words(self.unpacked)}; what comes after that was not read."
            )


def size_words(size: int) -> str:
    """Bytes as people write them: 50 GB. Units of 1024, as in the settings."""
    for unit, factor in (("TB", 2**40), ("GB", 2**30), ("MB", 2**20), ("KB", 2**10)):
        if size >= factor:
            return f"{size / factor:.4g} {unit}"
    return f"{size} bytes"
