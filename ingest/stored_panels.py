"""Which hosting panel keeps the accounts of a log host, by what is stored of it."""

from itertools import chain

from django.db.models import Q

from ingest.models import LogHost, LoginCount, Message, ScriptRuns
from ingest.rules.panels import EXIM_USER, PATHS, Panel, panel_of


def panel(log_host: LogHost) -> Panel | None:
    """The hosting panel that its configuration shows, or else its log; None where nothing does."""
    text = "\n".join(stored.text for stored in log_host.configurations.all())
    return panel_of(text) or panel_of(
        "",
        directories=_directories(log_host),
        users=_users(log_host),
        authenticators=LoginCount.objects.filter(log_host=log_host).values_list("authenticator", flat=True),
    )


def _directories(log_host: LogHost) -> list[str]:
    """One of a panel's own, if a program handed in mail there."""
    paths = Q()
    for path in chain.from_iterable(PATHS.values()):
        paths |= Q(directory=path) | Q(directory__startswith=f"{path}/")
    return list(ScriptRuns.objects.filter(paths, log_host=log_host).values_list("directory", flat=True)[:1])


def _users(log_host: LogHost) -> list[str]:
    own = Message.objects.filter(log_host=log_host, sender_host_address=None, local_user=EXIM_USER)
    return [EXIM_USER] if own.exists() else []
