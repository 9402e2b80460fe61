"""What a client calls itself: another's address (H01), us (H02), no name at all (H03)."""

from ingest.languages import say, say_of
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
from ingest.rules.relaying import is_private_address, is_stranger
from ingest.rules.tallies import Tally, TallyWatch
from ingest.rules.words import count, together


def _literal_is_not_peer(message: MessageFacts, host: LogHostFacts, limits: Limits) -> Evidence | None:
    address, helo_name = message.sender_host_address, message.helo_name
    if address is None or helo_name is None:
        return None
    claimed = read_address(helo_name.strip("[]").removeprefix("IPv6:"))
    peer = read_address(address)
    if claimed is None or peer is None or claimed == peer:
        return None
    text = say(
        "Calls itself {helo_name}, but connected from {address}.", helo_name=helo_name, address=address
    )
    severity = Severity.LOW
    if message.authenticator is not None:
        severity = Severity.INFO
        text = together((text, say("It logged in: mail programs behind a home router do this too.")))
    return Evidence(severity, text, (helo_name,))


def _summed_up(tally: Tally, host: LogHostFacts, limits: Limits) -> Evidence:
    text = say_of(
        len(tally.values),
        "Called itself by {addresses} address that is not its own ({names}), on {messages}.",
        "Called itself by {addresses} addresses that are not its own ({names}), on {messages}.",
        addresses=tally.values,
        names=tally.values.listing(),
        messages=count(tally.count, "message"),
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


# --- H02 ------------------------------------------------------------------------------------------


def _claims_to_be_us(message: MessageFacts, host: LogHostFacts, limits: Limits) -> Evidence | None:
    helo_name, address = message.helo_name, message.sender_host_address
    if not helo_name or not host.is_own_name(helo_name):
        return None
    if address is None or not is_stranger(message, host) or is_private_address(address):
        return None
    text = say(
        "{address} calls itself {helo_name}, which is this host.", address=address, helo_name=helo_name
    )
    return Evidence(Severity.LOW, text, (helo_name,))


def _claims_summed_up(tally: Tally, host: LogHostFacts, limits: Limits) -> Evidence:
    text = say_of(
        tally.count,
        "{number:,} message was accepted from a client that called itself by a name or address of this host ({names}).",
        "{number:,} messages were accepted from a client that called itself by a name or address of this host "
        "({names}).",
        names=tally.values.listing(),
    )
    return Evidence(Severity.LOW, text)


def _watch_claims(host: LogHostFacts, limits: Limits) -> Watch:
    return TallyWatch(HELO_IS_OURS, _claims_summed_up, host, limits)


HELO_IS_OURS = Rule(
    code="H02",
    title="HELO claims to be this host",
    severity=Severity.LOW,
    scope=Scope.MESSAGE,
    explanation=(
        "A foreign client that did not log in called itself by a domain or address of this host. Nobody "
        "honest does that: it is a good sign of spam coming in. It says nothing of mail going out."
    ),
    guards=(
        "Clients that logged in, trusted networks and private addresses do not count: an own relay calls "
        "itself so. Give its network as trusted.",
        "Only exact names count: a machine may be called host.example.com where example.com is a local domain.",
    ),
    next_steps=("Refuse it: deny condition = ${if match_domain{$sender_helo_name}{+local_domains}}.",),
    message=_claims_to_be_us,
    watch=_watch_claims,
    kinds=(SubjectKind.SENDER_HOST_ADDRESS,),
    worth_judging=frozenset({Worth.FOUND_ON_MESSAGE}),
)

# --- H03 ------------------------------------------------------------------------------------------

_LOCALHOST = frozenset({"localhost", "localhost.localdomain", "127.0.0.1"})


def has_no_domain(helo_name: str) -> bool:
    """Whether a HELO name cannot be the name of a server on the Internet."""
    return helo_name.lower() in _LOCALHOST or not any(sign in helo_name for sign in ".:[")


def _no_real_name(message: MessageFacts, host: LogHostFacts, limits: Limits) -> Evidence | None:
    helo_name, address = message.helo_name, message.sender_host_address
    if not helo_name or not has_no_domain(helo_name):
        return None
    if address is None or not is_stranger(message, host) or is_private_address(address):
        return None
    text = say("{address} calls itself {helo_name}.", address=address, helo_name=helo_name)
    return Evidence(Severity.LOW, text, (helo_name,))


def _no_real_names(tally: Tally, host: LogHostFacts, limits: Limits) -> Evidence:
    text = say(
        "{messages} from a client that called itself {names}.",
        messages=count(tally.count, "message"),
        names=tally.values.listing(),
    )
    return Evidence(Severity.LOW, text)


def _watch_no_real_name(host: LogHostFacts, limits: Limits) -> Watch:
    return TallyWatch(HELO_WITHOUT_DOMAIN, _no_real_names, host, limits)


HELO_WITHOUT_DOMAIN = Rule(
    code="H03",
    title="HELO is localhost or has no domain",
    severity=Severity.LOW,
    scope=Scope.MESSAGE,
    explanation=(
        "A foreign client that did not log in called itself localhost, or by a single word. A mail server has "
        "a full name; infected machines often do not bother."
    ),
    guards=(
        "Printers, cameras and badly set up servers do it too, so it is low.",
        "Clients that logged in, trusted networks and private addresses do not count.",
    ),
    next_steps=("Nothing by itself; look at the other findings.",),
    message=_no_real_name,
    watch=_watch_no_real_name,
    kinds=(SubjectKind.SENDER_HOST_ADDRESS,),
    worth_judging=frozenset({Worth.FOUND_ON_MESSAGE}),
)


def is_only_noted(finding: SubjectFinding | MessageFinding) -> bool:
    """The address that a mail program behind a home router gives itself: nearly every customer does so."""
    return finding.rule == HELO_LITERAL.code and finding.severity is Severity.INFO
