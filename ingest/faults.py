"""What went wrong while something was stored, and how long to wait before it is tried again."""

from datetime import timedelta

import psycopg
from django.db import InterfaceError, OperationalError

_LONGEST_PAUSE = timedelta(minutes=5)
_TOO_LARGE = "54"  # class of SQLSTATE: a limit of PostgreSQL that this row comes to, today and tomorrow


def is_of_database(error: Exception) -> bool:
    """Whether the database as a whole is the reason: lost, restarting, out of room; trying again will mend that."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    cause = error.__cause__
    state = cause.sqlstate if isinstance(cause, psycopg.Error) else None
    return state is None or not state.startswith(_TOO_LARGE)


def reason(error: Exception) -> str:
    """One sentence without its full stop. The error's own words: for people who mend such things."""
    text = str(error).strip() or "no more is known"
    return f"{type(error).__name__}: {text}".splitlines()[0].rstrip(".")


def pause(times: int) -> timedelta:
    """How long to wait after the same thing failed that many times: doubling, up to five minutes."""
    return min(timedelta(seconds=2 ** min(times, 30)), _LONGEST_PAUSE)
