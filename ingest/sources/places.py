"""Where a source is: its URL, read and checked. Every refusal is one sentence."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What opens a directory; not shown when printed."""

    password: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    host_key: str = ""


def read_place(url: str, *, schemes: Sequence[str]) -> Place:
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
    real = path.resolve()
    if not any(real.is_relative_to(directory.resolve()) for directory in within):
        names = ", ".join(map(str, within)) or "none"
        raise BadPlace(
            f"{path} is not in a directory that may be read; those are, "
            f"by the setting MAILWATCH_SOURCE_DIRECTORIES: {names}."
        )
    return real
