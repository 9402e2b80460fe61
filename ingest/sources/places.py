"""Where a source is: its URL, read and checked. Every refusal is one sentence."""

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit


class BadPlace(ValueError):
    """A URL that cannot be a source. The message is one sentence."""


class Unreachable(Exception):
    """A directory that cannot be read now. The message is one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A directory, taken apart."""

    scheme: str  # file, sftp, or another that fsspec knows
    host: str
    port: int | None
    username: str
    path: str
    url: str
    inside: tuple[IPv4Network | IPv6Network, ...] = ()  # of this machine's own that may be spoken to


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What opens a directory; not shown when printed."""

    password: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    host_key: str = ""


def read_place(
    url: str, *, schemes: Sequence[str], inside: Sequence[IPv4Network | IPv6Network] = ()
) -> Place:
    """Take a URL apart. Raises BadPlace."""
    if "::" in url or any(char.isspace() or not char.isprintable() for char in url):
        raise BadPlace("The address has characters that no directory has: write file:///var/log/exim4.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadPlace("This is no address of a directory: write sftp://log@mx1/var/log/exim4.") from None
    if parts.scheme not in schemes:
        known = ", ".join(f"{scheme}:" for scheme in schemes)
        raise BadPlace(f"The address must begin with one of {known} as in file:///var/log/exim4.")
    if parts.password is not None:
        raise BadPlace("Write the password into its own field, not into the address: the address is shown.")
    if parts.query or parts.fragment:
        raise BadPlace("The address of a directory has no ? and no #.")
    place = Place(
        scheme=parts.scheme,
        host=parts.hostname or "",
        port=port,
        username=unquote(parts.username or ""),
        path=unquote(parts.path),
        url=url,
        inside=tuple(inside),
    )
    _check(place, has_authority=bool(parts.netloc))
    return place


def _check(place: Place, *, has_authority: bool) -> None:
    if place.scheme == "file":
        if has_authority or not place.path.startswith("/"):
            raise BadPlace(
                "A directory of this machine is written with three slashes: file:///var/log/exim4."
            )
    elif not place.host:
        raise BadPlace(f"The address lacks the machine: {place.scheme}://mx1/var/log/exim4.")
    if place.scheme == "sftp" and not place.username:
        raise BadPlace("The address lacks the user to sign in as: sftp://log@mx1/var/log/exim4.")
    if "\0" in place.path:
        raise BadPlace("The address has characters that no directory has.")


def confined(path: Path, within: Sequence[Path]) -> Path:
    """The true path, symlinks followed. Raises BadPlace unless it lies in one of the directories ``within``."""
    return _confined(path, within)[0]


def open_confined(path: Path, within: Sequence[Path]) -> BinaryIO:
    """Open a file that lies in one of the directories ``within``. Raises BadPlace and OSError.

    Whoever may write there could put a link where there was none when it was looked at: the true path is gone down
    folder by folder, and no link is followed on the way. What is no file, such as a pipe, is not opened to be read.
    """
    real, root = _confined(path, within)
    at = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        *folders, name = real.relative_to(root).parts or (".",)
        for folder in folders:
            above = at
            at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=above)
            os.close(above)
        found = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
    finally:
        os.close(at)
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise OSError(errno.EINVAL, "it is no file", str(path))
    return os.fdopen(found, "rb")


def _confined(path: Path, within: Sequence[Path]) -> tuple[Path, Path]:
    """The true path, and the true directory of those that it lies in."""
    real = path.resolve()
    roots = [root for directory in within if real.is_relative_to(root := directory.resolve())]
    if not roots:
        names = ", ".join(map(str, within)) or "none"
        raise BadPlace(
            f"{path} is not in a directory that may be read; those are, "
            f"by the setting MAILWATCH_SOURCE_DIRECTORIES: {names}."
        )
    return real, roots[0]
