"""The attack that a verdict tells of: who takes part, by which way, from when to when, and where it left traces."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ingest.rules.answers import Answer, Case, Suspicion, Way
from ingest.rules.definition import SubjectFinding
from ingest.rules.relays import SubjectReport
from ingest.rules.traces import Trail, Trick

_BY_RULE = frozenset({Way.NAMELESS, Way.RELAY, Way.LOCAL_SENDER, Way.ROUTED})
WITHOUT_LOGIN = frozenset({Way.RELAY, Way.LOCAL_SENDER, Way.ROUTED, Way.GATEWAY})
"""Ways in that need no login."""
OF_PROGRAMS = frozenset({Way.SCRIPT, Way.DIRECTORY, Way.OWN_MAIL})
"""Ways of programs on the host itself."""
_LOOPBACK = ("127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One attack. ``reports`` is empty where a rule found it on the log host as a whole."""

    way: Way
    answer: Answer  # yes or suspected
    rule: str
    names: tuple[str, ...]  # addresses, accounts, local users, directories or senders
    reports: tuple[SubjectReport, ...]  # the one with the most messages first
    findings: tuple[SubjectFinding, ...]
    authenticators: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The same for all who take part, as in ``SubjectReport.attack``."""
        return (
            self.reports[0].attack if self.reports else f"{self.rule}:{self.names[0] if self.names else ''}"
        )

    @property
    def count(self) -> int:
        """Messages, as the rule counted them."""
        return sum(finding.count for finding in self.findings if finding.rule == self.rule)

    @property
    def first_at(self) -> datetime:
        """When it began, as far as the log goes back."""
        return min(finding.first_at for finding in self.findings)

    @property
    def last_at(self) -> datetime:
        """The last message or login of it."""
        return max(finding.last_at for finding in self.findings)

    @property
    def guessed_ids(self) -> tuple[str, ...]:
        """The accounts whose password was guessed."""
        if self.way is not Way.GUESSED:
            return ()
        return tuple(dict.fromkeys(name for finding in self.findings for name in finding.values))

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that were used."""
        return self.names if self.way is Way.ACCOUNT else self.guessed_ids

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses that it came from, as far as they were kept."""
        if self.way in OF_PROGRAMS:
            return ()
        if self.way is Way.ACCOUNT:
            found = (address for report in self.reports for address in report.sender_host_addresses)
            return tuple(dict.fromkeys(found))
        return self.names


def attacks(suspicions: Iterable[Suspicion]) -> tuple[Attack, ...]:
    """The attacks, what is certain before what is suspected; else in the order in which they were suspected."""
    found = [_attack(suspicion) for suspicion in suspicions if suspicion.way is not None]
    return tuple(sorted(found, key=lambda attack: attack.answer is not Answer.YES))


def _attack(suspicion: Suspicion) -> Attack:
    assert suspicion.way is not None  # attacks() looked
    findings = tuple(finding for _, finding in suspicion.pairs)
    if suspicion.of_host is not None:
        findings = (suspicion.of_host,)
    reports = {(report.kind, report.value): report for report, _ in suspicion.pairs}
    names = [report.value for report in reports.values()] or findings[0].values
    return Attack(
        way=suspicion.way,
        answer=suspicion.answer,
        rule=findings[0].rule,
        names=tuple(names),
        reports=tuple(reports.values()),
        findings=findings,
        authenticators=suspicion.authenticators,
    )


# --- traces ---------------------------------------------------------------------------------------


def trail_of(attack: Attack, case: Case) -> Trail | None:
    """Which messages are the attack's; None where the log does not tie messages to it."""
    since, until, names = attack.first_at, attack.last_at, attack.names
    match attack.way:
        case way if way in _BY_RULE:
            return Trail(since=since, until=until, rule=attack.rule, sender_host_addresses=names)
        case Way.ANY_NAME:
            return Trail(since=since, until=until, sender_host_addresses=names, has_login=True)
        case Way.GATEWAY:
            return Trail(since=since, until=until, sender_host_addresses=names, has_login=False)
        case Way.ACCOUNT:
            return Trail(since=since, until=until, authenticated_ids=names)
        case Way.GUESSED:
            return Trail(
                since=since, until=until, sender_host_addresses=names, authenticated_ids=attack.guessed_ids
            )
        case Way.SCRIPT:
            return Trail(since=since, until=until, local_users=names)
        case Way.OWN_MAIL:
            own = (*_LOOPBACK, *sorted(case.host.own_addresses))
            senders = tuple(name.lower() for name in names)
            return Trail(
                since=since, until=until, sender_host_addresses=own, envelope_senders=senders, has_login=False
            )
        case _:
            return None


def trick_of(attack: Attack) -> Trick | None:
    """Which refusals are of the same trick; None where Exim has nothing to refuse."""
    if attack.way in OF_PROGRAMS:
        return None
    if attack.way in WITHOUT_LOGIN:
        return Trick(is_login=False, attackers=attack.addresses)
    return Trick(
        is_login=True,
        authenticators=attack.authenticators,
        accounts=attack.accounts,
        is_nameless=attack.way is Way.NAMELESS,
        attackers=attack.addresses,
    )
