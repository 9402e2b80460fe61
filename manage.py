#!/usr/bin/env python
"""Mailwatch's commands. One that needs the database finds it running: see mailwatch.standalone.session."""

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def _end(number: int, frame: FrameType | None) -> NoReturn:
    """End as after Ctrl-C: what the command started is stopped."""
    sys.exit(128 + number)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailwatch.settings")
    from ingest import granted  # noqa: PLC0415 - both read the settings named above
    from mailwatch.standalone import session  # noqa: PLC0415

    granted.everything_in_this_process()

    signal.signal(signal.SIGTERM, _end)
    try:
        with session.for_command(sys.argv):
            execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, session.ServiceError) as error:
        sys.exit(f"manage.py: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
