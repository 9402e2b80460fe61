"""Hosting panels: which one keeps the accounts of a log host, and its own commands to lock a mailbox.

A panel writes the configuration of Exim itself, so a line put there by hand is soon gone. Plesk sends with Postfix or
qmail and has no place here.
"""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

from ingest.rules.words import arguments, shell

_PLAIN_ADDRESS = re.compile(r"[\w.+=-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)


class Panel(StrEnum):
    """The panels that come with Exim."""

    CPANEL = "cPanel"
    DIRECTADMIN = "DirectAdmin"
    HESTIA = "HestiaCP"
    VESTA = "VestaCP"


_IN_CONFIGURATION = {
    Panel.CPANEL: re.compile(r"\bcpanel\b|\bWHM\b|/var/cpanel/|/etc/userdomains\b", re.IGNORECASE),
    Panel.DIRECTADMIN: re.compile(r"\bdirectadmin\b|/etc/virtual/", re.IGNORECASE),
    Panel.VESTA: re.compile(r"\bvesta(?:cp)?\b", re.IGNORECASE),
    Panel.HESTIA: re.compile(r"\bhestia(?:cp)?\b|/etc/exim4/domains/", re.IGNORECASE),
}
PATHS = {
    Panel.CPANEL: ("/usr/local/cpanel", "/var/cpanel"),
    Panel.DIRECTADMIN: ("/usr/local/directadmin",),
    Panel.VESTA: ("/usr/local/vesta",),
    Panel.HESTIA: ("/usr/local/hestia",),
}
"""Where its programs lie: one that hands in mail shows it in the log (cwd=...)."""
EXIM_USER = "mailnull"
"""Under whom Exim itself runs with cPanel (U=...); on FreeBSD too, where the authenticators are other ones."""
_CPANEL_LOGINS = frozenset({"dovecot_login", "dovecot_plain"})


def panel_of(
    configuration: str,
    directories: Iterable[str] = (),
    users: Iterable[str] = (),
    authenticators: Iterable[str] = (),
) -> Panel | None:
    """The panel that a configuration shows, or else the log; None where nothing does.

    ``directories`` and ``users``: of programs that handed in mail.
    """
    found = (panel for panel, told in _IN_CONFIGURATION.items() if told.search(configuration))
    return next(found, None) or _in_log(directories, users, authenticators)


def _in_log(directories: Iterable[str], users: Iterable[str], authenticators: Iterable[str]) -> Panel | None:
    own = [f"{directory}/" for directory in directories]
    for panel, paths in PATHS.items():
        inside = tuple(f"{path}/" for path in paths)
        if any(directory.startswith(inside) for directory in own):
            return panel
    is_cpanel = EXIM_USER in users and not _CPANEL_LOGINS.isdisjoint(authenticators)
    return Panel.CPANEL if is_cpanel else None


def lock_mailboxes(panel: Panel, accounts: Sequence[str]) -> str | None:
    """The panel's commands that let nobody log in as these any more; None for what it does not know as a mailbox."""
    if not accounts or not all(_PLAIN_ADDRESS.fullmatch(account) for account in accounts):
        return None
    commands = [_lock(panel, name) for name in arguments([account.lower() for account in accounts])]
    return "\n".join(commands) or None


def _lock(panel: Panel, account: str) -> str:
    name, _, domain = account.partition("@")
    match panel:
        case Panel.CPANEL:
            owner = f'"$(/usr/local/cpanel/scripts/whoowns {shell(domain)})"'
            return f"uapi --user={owner} Email suspend_login email={shell(account)}"
        case Panel.DIRECTADMIN:
            return f"echo {shell(account)} >> /etc/virtual/blacklist_smtp_usernames"
        case Panel.HESTIA | Panel.VESTA:
            programs = PATHS[panel][0] + "/bin"
            owner = f'"$({programs}/v-search-domain-owner {shell(domain)} mail)"'
            return f"{programs}/v-suspend-mail-account {owner} {shell(domain)} {shell(name)}"
