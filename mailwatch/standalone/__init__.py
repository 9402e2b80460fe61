"""PostgreSQL, Valkey and Mailwatch's own processes on one machine, started by a few lines of our own.

Nothing listens on TCP but the web server, and no permission outside the home is changed.
"""


class ServiceError(Exception):
    """A service cannot be started or stopped; the message says why in one line."""
