"""What a client calls itself (H01)."""

from ingest.rules.definition import (
    Evidence,
    Limits,
    MessageFinding,
    Rule,
    Scope,
    Severity,
    SubjectFinding,
    Watch,
    Worth,
)
from ingest.rules.facts import LogHostFacts, MessageFacts, SubjectKind, read_address
from ingest.rules.tallies import Tally, TallyWatch
from ingest.rules.words import count


def _literal_is_not_peer(message: MessageFacts, host: LogHostFacts, limits: Limits) -> Evidence | None:
    address, helo_name = message.sender_host_address, message.helo_name
    if address is None or helo_name is None:
        return None
    claimed = read_address(helo_name.strip("[]").removeprefix("IPv6:"))
    peer = read_address(address)
    if claimed is None or peer is None or claimed == peer:
        return None
    text = f"Calls itself {helo_name}, but connected from {address}."
    severity = Severity.LOW
    if message.authenticator is not None:
        severity = Severity.INFO
        text += " It logged in: mail programs behind a home router do this too."
    return Evidence(severity, text, (helo_name,))


def _summed_up(tally: Tally, host: LogHostFacts, limits: Limits) -> Evidence:
    names = "address" if len(tally.values) == 1 else "addresses"
    text = (
        f"Called itself by {tally.values} {names} that {'is' if len(tally.values) == 1 else 'are'} not its "
        f"own ({tally.values.listing()}), on {count(tally.count, 'message')}."
    )
    return Evidence(tally.worst, text)


def _watch(host: LogHostFacts, limits: Limits) -> Watch:
    return TallyWatch(HELO_LITERAL, _summed_up, host, limits)


HELO_LITERAL = Rule(
    code="H01",
    title="HELO is an address, and not the client's own",
    severity=Severity.LOW,
    scope=Scope.MESSAGE,
    explanation=(
        "A client may call itself by its own address in brackets. This one named another address. Mail "
        "servers do not do that; programs that send spam often do."
    ),
    guards=("Mail programs behind a router name their private address. With a login it is only noted.",),
    next_steps=("Nothing by itself; look at the other findings.",),
    message=_literal_is_not_peer,
    watch=_watch,
    kinds=(SubjectKind.SENDER_HOST_ADDRESS,),
    worth_judging=frozenset({Worth.FOUND_ON_MESSAGE}),
)


def is_only_noted(finding: SubjectFinding | MessageFinding) -> bool:
    """The address that a mail program behind a home router gives itself: nearly every customer does so."""
    return finding.rule == HELO_LITERAL.code and finding.severity is Severity.INFO
