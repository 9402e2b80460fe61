"""Typed readers of the environment. A bad value raises ImproperlyConfigured naming its variable."""

import os
import secrets
from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_UNITS = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


def text(name: str, default: str) -> str:
    """The variable's value; empty counts as not set."""
    return os.environ.get(name) or default


def flag(name: str, *, default: bool) -> bool:
    value = text(name, "yes" if default else "no").lower()
    if value not in _TRUE | _FALSE:
        raise ImproperlyConfigured(f"{name} must be yes or no, not {value!r}")
    return value in _TRUE


def integer(name: str, default: int, *, minimum: int = 0) -> int:
    value = text(name, str(default))
    if not value.isascii() or not value.isdigit() or int(value) < minimum:
        raise ImproperlyConfigured(f"{name} must be a whole number of at least {minimum}, not {value!r}")
    return int(value)


def size(name: str, default: str) -> int:
    """Bytes, written as a number with an optional unit: 64k, 512M, 20G."""
    value = text(name, default)
    number, factor = value, 1
    if value[-1].lower() in _UNITS:
        number, factor = value[:-1], _UNITS[value[-1].lower()]
    if not number.isascii() or not number.isdigit():
        raise ImproperlyConfigured(f"{name} must be a size such as 512M or 20G, not {value!r}")
    return int(number) * factor


def names(name: str, default: str) -> list[str]:
    """Comma-separated values."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def networks(name: str) -> list[IPv4Network | IPv6Network]:
    """Comma-separated networks, or addresses for networks of one."""
    try:
        return [ip_network(part) for part in names(name, "")]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be networks such as 127.0.0.0/8: {error}") from error


def pairs(name: str) -> dict[str, str]:
    """Comma-separated NAME=VALUE."""
    found = [part.partition("=") for part in names(name, "")]
    if any(not key.strip() or not value.strip() for key, _, value in found):
        raise ImproperlyConfigured(f"{name} must read NAME=VALUE,NAME=VALUE")
    return {key.strip(): value.strip() for key, _, value in found}


def checked(name: str, values: Collection[str], allowed: Collection[str]) -> None:
    """Raises ImproperlyConfigured where a value is not one of those that are allowed."""
    if wrong := [value for value in values if value not in allowed]:
        raise ImproperlyConfigured(f"{name} knows {', '.join(allowed)}, not {wrong[0]!r}")


def directory(name: str, default: Path) -> Path:
    """An absolute path; it need not exist."""
    return Path(text(name, str(default))).expanduser().absolute()


def path(name: str) -> Path | None:
    """An absolute path, None when not set; it need not exist."""
    return Path(text(name, "")).expanduser().absolute() if text(name, "") else None


def secret(name: str) -> str | None:
    """The variable, or the content of the file that <NAME>_FILE names; None without either."""
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return os.environ.get(name) or None
    if os.environ.get(name):
        raise ImproperlyConfigured(f"{name} and {name}_FILE are both set")
    try:
        value = Path(path).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE: {error}") from error
    if not value:
        raise ImproperlyConfigured(f"{name}_FILE: {path} is empty")
    return value


def database(name: str) -> dict[str, Any] | None:
    """Django's settings from postgresql://user:password@host:port/name?option=value; None when not set.

    The directory of a Unix socket is given as host: postgresql:///name?host=/run/postgresql.
    """
    url = secret(name)
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from error
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ImproperlyConfigured(f"{name} must read postgresql://user:password@host:port/name")
    options = dict(parse_qsl(parts.query))
    return {
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or options.pop("user", "")),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": str(port or options.pop("port", "")),
        "OPTIONS": options,
    }


def kept_secret(path: Path) -> str:
    """The secret kept in a file; the first caller makes it. Only the file's owner may read it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return _read_secret(path)
    except FileNotFoundError:
        pass
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_text(secrets.token_urlsafe(48) + "\n")
    try:
        path.hardlink_to(fresh)  # of two first callers one wins, and the file is never seen half written
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return _read_secret(path)


def _read_secret(path: Path) -> str:
    try:
        value = path.read_text().strip()
    except PermissionError as error:
        raise ImproperlyConfigured(f"{path} belongs to another user") from error
    if not value:
        raise ImproperlyConfigured(f"{path} is empty")
    return value
