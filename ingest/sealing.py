"""Credentials at rest: encrypted with a key of the settings, so that a copy of the database opens no server."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class Unsealable(Exception):
    """What was sealed with another key. The message is one sentence."""


def seal(secret: str) -> str:
    """Encrypt, and guard against changes; empty stays empty."""
    return _fernet().encrypt(secret.encode()).decode() if secret else ""


def unseal(sealed: str) -> str:
    """What was sealed. Raises Unsealable where the key is another one now."""
    if not sealed:
        return ""
    try:
        return _fernet().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unsealable(
            "Its password or key was stored with another MAILWATCH_CREDENTIALS_KEY; enter it again."
        ) from None


def _fernet() -> Fernet:
    """The setting may be any text, so that its digest is the key."""
    digest = hashlib.sha256(b"mailwatch credentials\0" + settings.MAILWATCH_CREDENTIALS_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))
