"""The account under which PostgreSQL and Valkey run: one's own; for root a system user made for them."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from mailwatch.standalone import ServiceError

SYSTEM_USER = "mailwatch"


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    uid: int
    gid: int


class Switch(TypedDict, total=False):
    """The arguments of subprocess that change the user."""

    user: int
    group: int
    extra_groups: list[int]


def by_uid(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise ServiceError(f"the user {uid} has no name on this machine, and PostgreSQL needs one") from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def for_services() -> Account:
    """The account for a new home: PostgreSQL refuses to run as root, so root gets the system user."""
    if os.geteuid() != 0:
        return by_uid(os.geteuid())
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        _make_system_user()
        entry = pwd.getpwnam(SYSTEM_USER)
    if entry.pw_uid == 0:
        raise ServiceError(f"the user {SYSTEM_USER} is root, and PostgreSQL refuses to run as root")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def switch(account: Account) -> Switch:
    """What to pass to subprocess so that a command runs under the account."""
    if os.geteuid() == account.uid:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def can_reach(account: Account, path: Path) -> bool:
    """Whether the account may run the file or enter the directory, by the kernel's word, not by modes."""
    return subprocess.run(["test", "-x", str(path)], cwd="/", check=False, **switch(account)).returncode == 0


def _make_system_user() -> None:
    if shutil.which("useradd"):
        command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
        command += ["--shell", "/usr/sbin/nologin", SYSTEM_USER]
    elif shutil.which("adduser"):  # BusyBox
        command = ["adduser", "-S", "-D", "-H", "-h", "/nonexistent", "-s", "/sbin/nologin", SYSTEM_USER]
    else:
        raise ServiceError(f"PostgreSQL refuses to run as root: make a system user named {SYSTEM_USER}")
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        pwd.getpwnam(SYSTEM_USER)  # two at once: one of them made it
    except KeyError:
        raise ServiceError(f"cannot make the system user {SYSTEM_USER}: {made.stderr.strip()}") from None
