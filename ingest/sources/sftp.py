"""SSH servers: their host keys, signing in, and what went wrong in one sentence."""

import asyncio
from typing import TYPE_CHECKING, Any

import asyncssh

from ingest.sources.machines import address_of
from ingest.sources.places import BadPlace, Credentials, Place, Unreachable

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_PORT = 22
_PATIENCE = 20  # seconds for a connection and for signing in
_KEEPALIVE = 15  # seconds; a server that is silent for four of them is gone


def open_server(place: Place, credentials: Credentials) -> "AbstractFileSystem":
    """Sign in; only to the server that has the pinned key. Raises Unreachable."""
    from sshfs import SSHFileSystem  # noqa: PLC0415  # slow to import, and few commands need it

    if not credentials.host_key:
        raise Unreachable(f"The host key of {place.host} is not confirmed yet, so nothing is read.")
    try:
        return SSHFileSystem(
            address_of(place.host, allowed=place.inside),
            **_options(place, credentials),
            timeout=_PATIENCE,
            skip_instance_cache=True,
        )
    except BadPlace as refusal:
        raise Unreachable(str(refusal)) from refusal
    except (asyncssh.Error, OSError, TimeoutError) as error:
        raise Unreachable(_sentence(place, error)) from error


def close_server(filesystem: Any) -> None:
    """Hang up."""
    filesystem.loop.call_soon_threadsafe(filesystem.client.close)


def _options(place: Place, credentials: Credentials) -> dict[str, Any]:
    """Nothing of the account that Mailwatch runs under is used: no agent, no keys, no known hosts, no settings."""
    keys = [asyncssh.import_private_key(credentials.private_key)] if credentials.private_key else []
    return {
        "port": place.port or _PORT,
        "username": place.username,
        "password": credentials.password or None,
        "client_keys": keys or None,
        "agent_path": None,
        "config": [],
        "known_hosts": ([asyncssh.import_public_key(credentials.host_key)], [], []),
        "connect_timeout": _PATIENCE,
        "login_timeout": _PATIENCE,
        "keepalive_interval": _KEEPALIVE,
    }


def offered_key(place: Place) -> str:
    """The host key that the server shows now, as one line. Raises Unreachable."""
    try:
        key = asyncio.run(_offered_key(place, address_of(place.host, allowed=place.inside)))
    except BadPlace as refusal:
        raise Unreachable(str(refusal)) from refusal
    except (asyncssh.Error, OSError, TimeoutError) as error:
        raise Unreachable(_sentence(place, error)) from error
    if key is None:
        raise Unreachable(f"{place.host} shows no host key.")
    return _line(key)


async def _offered_key(place: Place, address: str) -> asyncssh.SSHKey | None:
    async with asyncio.timeout(_PATIENCE):
        return await asyncssh.get_server_host_key(address, place.port or _PORT, config=[])


def read_host_key(text: str) -> str:
    """A public key as it stands in a .pub file or, behind the host's name, in known_hosts. Raises BadPlace."""
    words = text.split()
    for at, word in enumerate(words[:-1]):
        if word.startswith(("ssh-", "ecdsa-", "sk-")):
            try:
                return _line(asyncssh.import_public_key(" ".join(words[at : at + 2])))
            except asyncssh.KeyImportError:
                break
    raise BadPlace(
        "This is no host key: it begins with ssh-ed25519 or the like, as in /etc/ssh/ssh_host_ed25519_key.pub."
    )


def check_private_key(text: str) -> None:
    """Raises BadPlace unless it is a private key that can be used without a passphrase."""
    try:
        asyncssh.import_private_key(text)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError) as error:
        if "passphrase" in str(error).lower():
            raise BadPlace(
                "The private key has a passphrase; make one without, for this purpose only."
            ) from None
        raise BadPlace(
            "This is no private key: it begins with -----BEGIN OPENSSH PRIVATE KEY----- or the like."
        ) from None


def fingerprint(host_key: str) -> str:
    """As ssh-keygen -l shows it: SHA256:... (ED25519)."""
    key = asyncssh.import_public_key(host_key)
    kind = key.get_algorithm().removeprefix("ssh-").partition("-")[0].upper()
    return f"{key.get_fingerprint()} ({kind})"


def _line(key: asyncssh.SSHKey) -> str:
    return " ".join(key.export_public_key("openssh").decode().split()[:2])


def _sentence(place: Place, error: BaseException) -> str:
    name = place.host
    if isinstance(error, asyncssh.HostKeyNotVerifiable | asyncssh.KeyExchangeFailed):
        return (
            f"{name} shows another host key than the one that was confirmed, so nothing was sent to it: "
            "it was installed anew, or somebody stands between."
        )
    if isinstance(error, asyncssh.PermissionDenied | PermissionError):
        return f"{name} does not let {place.username} in: the password or the key is not the right one."
    if isinstance(error, TimeoutError):
        return f"{name} did not answer within {_PATIENCE} seconds."
    reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
    return f"{name} could not be reached: {str(reason).rstrip('.') or type(error).__name__}."
