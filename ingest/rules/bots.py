"""Names that programs which steal accounts give themselves (C14)."""

import re

from ingest.languages import say
from ingest.rules.definition import Evidence, Limits, Rule, Scope, Severity, SubjectFinding, Watch, Worth
from ingest.rules.facts import LogHostFacts, MessageFacts, RejectionFacts, SubjectKind
from ingest.rules.networks import network_of
from ingest.rules.tallies import Tally
from ingest.rules.windows import Distinct
from ingest.rules.words import count

_CERTAIN = frozenset({"ylmf-pc"})
_LIKELY = frozenset({"User", "ADMIN"})  # as written; a person's machine is called user-PC
_SERVER = re.compile(r"WIN-[A-Z0-9]{11}")  # what Windows calls a server that nobody gave a name


def is_bot_name(helo_name: str) -> bool:
    """Whether a HELO name is one of those. Cheap: it is asked of every message that came with a login."""
    if helo_name in _LIKELY or helo_name.lower() in _CERTAIN:
        return True
    return helo_name.startswith("WIN-") and _SERVER.fullmatch(helo_name) is not None


def _bot(message: MessageFacts, host: LogHostFacts, limits: Limits) -> Evidence | None:
    helo_name, address = message.helo_name, message.sender_host_address
    if not helo_name or message.authenticator is None or not is_bot_name(helo_name):
        return None
    if address is None or host.is_trusted(address):
        return None
    text = say(
        "{address} logged in and calls itself {helo_name}, as programs do that send spam with stolen passwords.",
        address=address,
        helo_name=helo_name,
    )
    severity = Severity.HIGH if helo_name.lower() in _CERTAIN else Severity.MEDIUM
    return Evidence(severity, text, (helo_name,))


class _BotWatch:
    """Counts logins under such a name; of several networks, or as several users, they are no person's."""

    def __init__(self, host: LogHostFacts, limits: Limits) -> None:
        self._host = host
        self._limits = limits
        self._networks = Distinct(limits.kept_values)
        self._accounts = Distinct(limits.kept_values)
        self._tally = Tally(limits)

    def message(self, message: MessageFacts) -> None:
        """Reads one message."""
        evidence = _bot(message, self._host, self._limits)
        if evidence is None:
            return
        self._tally.message(message, evidence)
        self._networks.add(network_of(message))
        if message.authenticated_id:
            self._accounts.add(message.authenticated_id)

    def rejection(self, rejection: RejectionFacts) -> None:
        """Refusals do not count."""

    def finding(self) -> SubjectFinding | None:
        """High for a name that nobody else has, and for several networks or users."""
        if not self._tally.count:
            return None
        networks, users = len(self._networks), len(self._accounts)
        text = self._told(networks, users)
        severity = Severity.HIGH if networks > 1 or users > 1 else self._tally.worst
        return self._tally.finding(BOT_NAME, Evidence(severity, text))

    def _told(self, networks: int, users: int) -> str:
        told: dict[str, object] = {
            "messages": count(self._tally.count, "message"),
            "names": self._tally.values.listing(),
            "networks": networks,
            "users": users,
            "accounts": self._accounts.listing(),
        }
        if networks > 1 and users > 1:
            return say(
                "{messages} after a login from a client called {names}, from {networks:,} networks, as {users:,} "
                "users ({accounts}).",
                **told,
            )
        if networks > 1:
            return say(
                "{messages} after a login from a client called {names}, from {networks:,} networks.", **told
            )
        if users > 1:
            return say(
                "{messages} after a login from a client called {names}, as {users:,} users ({accounts}).",
                **told,
            )
        return say("{messages} after a login from a client called {names}.", **told)


def _watch_bots(host: LogHostFacts, limits: Limits) -> Watch:
    return _BotWatch(host, limits)


BOT_NAME = Rule(
    code="C14",
    title="Logged in by a program known for spam",
    severity=Severity.HIGH,
    scope=Scope.MESSAGE,
    explanation=(
        "Programs that try and use stolen passwords call themselves by a few fixed names (ylmf-pc, User, ADMIN, "
        "WIN- and eleven letters). This one got in."
    ),
    guards=(
        "Without a login the name is no news: such programs knock all day.",
        "Medium where it is one user from one network, and not ylmf-pc: somebody's computer may be called so.",
        "Trusted networks and loopback do not count.",
    ),
    next_steps=(
        "Ask the owner whether a machine of his is called so. If not, change the password.",
        "Refuse the name: drop condition = ${if eqi{$sender_helo_name}{ylmf-pc}} in acl_smtp_helo.",
    ),
    message=_bot,
    watch=_watch_bots,
    kinds=(SubjectKind.SENDER_HOST_ADDRESS, SubjectKind.AUTHENTICATED_ID),
    worth_judging=frozenset({Worth.FOUND_ON_MESSAGE}),
)
