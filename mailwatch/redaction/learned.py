"""What one report has learned of people, accounts, hosts and words before anything is shown of it."""

import re
from collections import defaultdict

from mailwatch.redaction.host_names import HostNames, folded, is_literal
from mailwatch.redaction.level import Level
from mailwatch.redaction.ordinary_words import IN_ANSWERS, is_ordinary_directory
from mailwatch.redaction.stand_ins import Role, StandIns

_HOME = re.compile(
    r"/(?:home|Users|export/home|usr/home|var/mail|var/spool/mail|var/vmail/[^/\s]+|vhosts)/([^/\s\"',;:)]+)"
)
_NOBODY = frozenset({"discarded", "blackhole"})
_SHORTEST_PHRASE = 4


def is_nobody(recipient: str) -> bool:
    """A word where the recipient stands, for mail that was thrown away: ":blackhole:", "discarded"."""
    return recipient[:1] == ":" or recipient in _NOBODY or recipient.startswith(("discarded ", "blackhole "))


class Learned:
    """Who stands for whom, and what of it the level shows."""

    def __init__(self, level: Level) -> None:
        self._level = level
        self.people = StandIns()
        self.hosts = HostNames(hides_domains=level.hides_domains)
        self._addresses: set[str] = set()  # of senders and recipients, in full
        self._domains: set[str] = set()  # of these addresses
        self._accounts: set[str] = set()
        self._through: dict[str, set[str]] = defaultdict(set)  # authenticator -> accounts
        self._host_names: dict[str, None] = {}  # by place, in the order in which they came
        self._log_hosts: dict[str, str] = {}
        self._is_settled = False

    def somebody(self, address: str, role: Role) -> None:
        """An address, a login name or a local user, with its domain where it has one."""
        key = _key(address)
        if role.is_login:
            if "@" in address:
                self._accounts.add(key)
            self.people.learn(address, role)
            return
        _, at, domain = key.rpartition("@")
        if at and role is not Role.ADDRESS:
            self._addresses.add(key)
            self._domains.add(domain)
            self.hosts.learn_mail_domain(domain)
        if at:
            self.host(domain, None)
        if self._level.hides_mailboxes:
            self.people.learn(address, role)

    def login(self, value: str) -> None:
        """The value of ``A=`` where there is a colon: authenticator, account, and who the client says sent it."""
        name, colon, rest = value.partition(":")
        self.word(name)
        if not colon:
            return
        account, _, said = rest.partition(":")
        self._through[name].add(_key(account))
        for who in (account, said):
            if who and who != "<>":
                self.somebody(who, Role.ACCOUNT)

    def word(self, word: str | None) -> None:
        """A word of the configuration."""
        if word:
            self.people.learn_word(word)

    def directory(self, path: str) -> None:
        """Users whose home a path is in."""
        for match in _HOME.finditer(path):
            if not is_ordinary_directory(match[1]):
                self.somebody(match[1], Role.LOCAL_USER)

    def phrase(self, text: str, stand_in: str, ordinary: frozenset[str]) -> None:
        """Text that is hidden whole, also where it is quoted elsewhere."""
        if len(text) >= _SHORTEST_PHRASE and text.casefold() not in ordinary:
            self.people.learn_name(text, stand_in)

    def host(self, name: str, address: str | None) -> None:
        """The name of a host, and its address where the line says it."""
        if name and not is_literal(name):
            self.hosts.learn(name, address=address)
            self._host_names.setdefault(folded(name))
            self._is_settled = False

    def log_host(self, name: str) -> None:
        """What a log host is called here."""
        self._log_hosts.setdefault(name, "")
        self._is_settled = False

    def settle(self) -> None:
        """Hosts are searched for once it is known which of them are to be hidden."""
        if self._is_settled:
            return
        self._is_settled = True
        for name in (*self._log_hosts, *self._host_names, *self.hosts.internal()):
            if self.hosts.is_hidden(name) and folded(name) not in IN_ANSWERS:
                self.people.learn_name(name, self.host_shown(name))
            label = folded(name).partition(".")[0]
            if self.hosts.is_internal(name) and label not in IN_ANSWERS:
                self.people.learn_name(label, self.host_shown(name))

    def host_shown(self, name: str) -> str:
        """What is shown in the place of a host's name."""
        for log_host in self._log_hosts:
            if folded(log_host) == folded(name):
                return self.log_host_shown(log_host)
        return self.hosts.shown(name)

    def log_host_shown(self, name: str) -> str:
        """What is shown in the place of a log host's name."""
        if not self.hosts.is_hidden(name):
            return name
        if not self._log_hosts[name]:
            self._log_hosts[name] = f"log host {sum(map(bool, self._log_hosts.values())) + 1}"
        return self._log_hosts[name]

    def knows(self, address: str) -> bool:
        return self.people.knows(address) or _key(address) in self._addresses

    def is_account(self, address: str, *, is_ours: bool) -> bool:
        """Whether an address in free text is hidden as an account is.

        Of one that is a sender or recipient too, only in our own sentences: what speaks of it as an account cannot be
        told from what does not.
        """
        key = _key(address)
        return key in self._accounts and (is_ours or key not in self._addresses)

    def may_show_domain(self, account: str) -> bool:
        """Whether the part behind @ is a domain; it may be half of a password that was logged by mistake.

        It is one if mail had it too, and if no other id of the authenticator is without a domain.
        """
        key = _key(account)
        if key.rpartition("@")[2] not in self._domains:
            return False
        return not any(
            key in accounts and any(each and "@" not in each for each in accounts)
            for accounts in self._through.values()
        )


def _key(address: str) -> str:
    return address.strip("<>").rstrip(".").casefold()
