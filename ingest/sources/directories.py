"""Directories on this machine and on others, listed and read through fsspec."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, BinaryIO, cast

import asyncssh
import fsspec

from ingest.sources import machines, sftp
from ingest.sources.places import BadPlace, Credentials, Place, Unreachable, confined, open_confined

# Kinds of addresses in which the name of a bucket stands where others have a machine.
BUCKETS = frozenset(["s3", "s3a", "gs", "gcs", "abfs", "az", "memory"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A file as its directory lists it."""

    name: str
    size: int  # bytes
    modified_at: datetime | None


class Directory:
    """A directory that was reached. Files in it are named without a path."""

    def __init__(self, filesystem: Any, path: str, *, within: Sequence[Path] | None = None) -> None:
        """``within``: for a directory of this machine, those that its files have to lie in."""
        self._filesystem = filesystem
        self._path = path.rstrip("/") or "/"
        self._within = within

    def files(self, patterns: Sequence[str]) -> list[Listed]:
        """Those with a name that fits, the one changed last at the end. Raises Unreachable."""
        found = []
        with _told(self._path):
            for row in self._filesystem.ls(self._path, detail=True, refresh=True):
                name = str(row["name"]).rstrip("/").rpartition("/")[2]
                if any(fnmatchcase(name, pattern) for pattern in patterns):
                    listed = self._listed(name, row)
                    found += [listed] if listed is not None else []
        return sorted(
            found, key=lambda file: (file.modified_at or datetime.min.replace(tzinfo=UTC), file.name)
        )

    def _listed(self, name: str, row: dict[str, Any]) -> Listed | None:
        if row["type"] == "link" or row.get("islink"):
            try:
                row = self._filesystem.info(self._file(name))
            except (OSError, asyncssh.Error, BadPlace):
                return None  # it leads nowhere, or out
        if row["type"] != "file":
            return None
        modified = (
            row.get("mtime") or row.get("LastModified") or row.get("last_modified") or row.get("modify")
        )
        return Listed(name=name, size=row["size"] or 0, modified_at=_time(modified))

    def size(self, name: str) -> int:
        """Bytes, as of now. Raises OSError."""
        with _as_os_error():
            self._filesystem.invalidate_cache()
            return int(self._filesystem.info(self._file(name))["size"] or 0)

    @contextmanager
    def open(self, name: str) -> Iterator[BinaryIO]:
        """A file to read from, seekable. Raises OSError, also while it is read."""
        with _as_os_error(), self._opened(name) as file:
            yield cast("BinaryIO", file)

    def _opened(self, name: str) -> Any:
        if self._within is None:
            return self._filesystem.open(self._file(name), "rb")
        return open_confined(Path(self._path, name), self._within)

    def _file(self, name: str) -> str:
        """Raises BadPlace for a link that leads out of what may be read."""
        if self._within is None:
            return f"{self._path.rstrip('/')}/{name}"
        return str(confined(Path(self._path, name), self._within))


@contextmanager
def reached(
    place: Place, credentials: Credentials, *, within: Sequence[Path] | None = None
) -> Iterator[Directory]:
    """Open a directory. Raises Unreachable, with one sentence, and BadPlace where it may not be read."""
    if place.scheme == "file":
        path = Path(place.path) if within is None else confined(Path(place.path), within)
        yield Directory(fsspec.filesystem("file"), str(path), within=within)
    elif place.scheme == "sftp":
        server = sftp.open_server(place, credentials)
        try:
            yield Directory(server, place.path or "/")
        finally:
            sftp.close_server(server)
    else:
        if place.host and place.scheme not in BUCKETS:
            machines.address_of(place.host, allowed=place.inside)
        filesystem = _other(place, credentials)
        yield Directory(filesystem, filesystem._strip_protocol(place.url))


def _other(place: Place, credentials: Credentials) -> Any:
    options: dict[str, Any] = {}
    if credentials.password:
        names = {"s3": ("key", "secret")}.get(place.scheme, ("username", "password"))
        options = dict(zip(names, (place.username, credentials.password), strict=True))
    try:
        from_url = fsspec.get_filesystem_class(place.scheme)._get_kwargs_from_urls(place.url)
        return fsspec.filesystem(place.scheme, **{**from_url, **options}, skip_instance_cache=True)
    except ImportError as error:
        raise Unreachable(
            f"What reads {place.scheme}: is not installed. {error}".rstrip(".") + "."
        ) from error
    except Exception as error:  # each kind of directory raises its own
        raise Unreachable(f"{place.host} could not be reached: {str(error).rstrip('.')}.") from error


@contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath) as error:
        raise Unreachable(f"There is no directory {path}.") from error
    except (PermissionError, asyncssh.SFTPPermissionDenied) as error:
        raise Unreachable(f"The directory {path} may not be read by the account that reads it.") from error
    except (OSError, asyncssh.Error) as error:
        raise Unreachable(f"The directory {path} could not be read: {_reason(error)}.") from error


@contextmanager
def _as_os_error() -> Iterator[None]:
    try:
        yield
    except asyncssh.Error as error:
        raise OSError(None, _reason(error)) from error


def _reason(error: BaseException) -> str:
    reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
    return str(reason).rstrip(".") or type(error).__name__


def _time(value: object) -> datetime | None:
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return None
