"""The first administrator: made once, with a password that is shown once and kept in a file of the home."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth import get_user_model

_NAME = "admin"


@dataclass(frozen=True, slots=True)
class SignIn:
    username: str
    password: str


def path(home: Path) -> Path:
    return home / "administrator"


def make_first(home: Path) -> SignIn | None:
    """Make the administrator if the database has none; None if it has one."""
    users = get_user_model()._default_manager
    if users.filter(is_superuser=True).exists():
        return None
    sign_in = SignIn(_NAME, secrets.token_urlsafe(12))
    _keep(home, sign_in)  # first: a password that nobody knows would be worse than one that does not work yet
    user, _ = users.get_or_create(username=sign_in.username)
    user.is_staff = user.is_superuser = True
    user.set_password(sign_in.password)
    user.save()
    return sign_in


def kept(home: Path) -> SignIn | None:
    """What was kept when the administrator was made; the password may have been changed since."""
    try:
        username, password = path(home).read_text().split()
    except FileNotFoundError:
        return None
    return SignIn(username, password)


def _keep(home: Path, sign_in: SignIn) -> None:
    fresh = path(home).with_suffix(".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600, exist_ok=False)
    fresh.write_text(f"{sign_in.username} {sign_in.password}\n")
    fresh.replace(path(home))
