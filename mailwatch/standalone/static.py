"""The static files as the web server sends them: collected again only when one of them changed."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def collect(mark: Path) -> None:
    """Collect them unless `mark`, written after the last time, says that they are the same."""
    wanted = _digest()
    if mark.exists() and mark.read_text() == wanted and settings.STATIC_ROOT.exists():
        return
    call_command("collectstatic", verbosity=0, interactive=False, clear=True)
    mark.write_text(wanted)


def _digest() -> str:
    """Of every file's name, size and time, and of the place they go to."""
    digest = hashlib.blake2b(str(settings.STATIC_ROOT).encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            found = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{found.st_size}\0{found.st_mtime_ns}\0".encode())
    return digest.hexdigest()
