"""Relaying without a login: done (R01, R02, R05) and refused (R04)."""

import re
from ipaddress import ip_network

from ingest.exim.events import Stage
from ingest.languages import later, say, say_of
from ingest.rules.definition import Evidence, Limits, Refusals, Rule, Scope, Severity, Watch, Worth
from ingest.rules.facts import (
    LogHostFacts,
    MessageFacts,
    Outcome,
    RecipientFacts,
    RejectionFacts,
    SubjectKind,
    domain_of,
    read_address,
)
from ingest.rules.replies import says_relay_refused
from ingest.rules.tallies import Tally, TallyWatch
from ingest.rules.words import listing, together

PRIVATE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
"""Networks of RFC 1918 and RFC 4193."""
ROUTED = "[%!@/|]"
"""What an address has before its last @ that once told servers to send on, as a regular expression."""
_ROUTED = re.compile(ROUTED)  # what Exim's default ACL refuses in the local part of strangers' recipients
_IS_PRIVATE = later("The address is private: if it is a machine of yours, add its network as trusted.")
_IS_INFERRED = later("Which domains are local was inferred from the log: give them to be sure.")
_REWRITTEN_SENDERS = ("srs0=", "srs0+", "srs0-", "srs1=", "srs1+", "srs1-")


def is_rewritten(sender: str) -> bool:
    """Whether SRS wrote the sender: forwarded mail."""
    return sender.lower().startswith(_REWRITTEN_SENDERS)


def is_stranger(message: MessageFacts, host: LogHostFacts) -> bool:
    """Whether it came by network from outside, from somebody who did not log in and hands in nothing for others."""
    address = message.sender_host_address
    if address is None or message.authenticator is not None:
        return False
    return not host.is_trusted(address) and not host.is_smarthost(address)


def relayed_recipients(message: MessageFacts, host: LogHostFacts) -> tuple[str, ...]:
    """Foreign recipients that the message was to be handed on to, unchanged.

    A recipient whose address was redirected is forwarded mail of ours. The "for" list counts only for
    addresses without an outcome yet, or put off before a server was tried, and only where local domains are
    known at all.
    """
    relayed = [
        recipient.recipient
        for recipient in message.recipients
        if recipient.is_remote
        and recipient.recipient.lower() == recipient.original_recipient.lower()
        and domain_of(recipient.recipient)
        and not host.is_local(recipient.recipient)
    ]
    if message.listed_recipients and host.local_domains:
        told = {item.original_recipient.lower() for item in message.recipients if not _is_untried(item)}
        relayed += [
            address
            for address in message.listed_recipients
            if address.lower() not in told and domain_of(address) and not host.is_local(address)
        ]
    return tuple(dict.fromkeys(relayed))


def _is_untried(told: RecipientFacts) -> bool:
    """Whether nothing is known but that it waits, as where the retry time of all servers is not reached."""
    is_unchanged = told.recipient.lower() == told.original_recipient.lower()
    return told.outcome is Outcome.DEFERRED and not told.is_remote and is_unchanged


def _relayed(message: MessageFacts, host: LogHostFacts, limits: Limits) -> Evidence | None:
    sender = message.envelope_sender
    if sender is None or not is_stranger(message, host):
        return None
    if sender and (host.is_local(sender) or sender.lower().startswith(_REWRITTEN_SENDERS)):
        return None
    recipients = relayed_recipients(message, host)
    if not recipients:
        return None
    domains = tuple(dict.fromkeys(domain_of(recipient) for recipient in recipients))
    text = say(
        "{address} did not log in and is in none of the trusted networks, and its message from {sender} was accepted "
        "for {recipients}.",
        address=message.sender_host_address,
        sender=sender or say("the null sender"),
        recipients=listing(recipients),
    )
    is_private = is_private_address(message.sender_host_address or "")
    return _as_sure_as_known(text, domains, is_private, host, limits)


def is_private_address(address: str) -> bool:
    """Whether the address is one of RFC 1918 or RFC 4193: probably a machine of the same house."""
    ip = read_address(address)
    return ip is not None and any(ip in network for network in PRIVATE)


def _as_sure_as_known(
    text: str, domains: tuple[str, ...], is_private: bool, host: LogHostFacts, limits: Limits
) -> Evidence:
    """Less severe, and said so, where local domains were only inferred or the address is private.

    Probable up to one recipient domain.
    """
    severity, parts = Severity.CRITICAL, [text]
    if is_private:
        severity = severity.milder.milder
        parts.append(say(_IS_PRIVATE))
    if host.local_domains_inferred:
        severity = severity.milder
        is_unknown = later("Which domains are local is not known: give them to be sure.")
        parts.append(say(_IS_INFERRED if host.local_domains else is_unknown))
    title = None
    if is_private or len(domains) < limits.relayed_domains:
        title = say("Probably an open relay")
    if len(domains) < limits.relayed_domains:
        parts.append(say("One recipient domain only: it may be a domain that this host is a gateway for."))
    return Evidence(severity, together(parts), domains, title)


def _relayed_by_subject(tally: Tally, host: LogHostFacts, limits: Limits) -> Evidence:
    text = say_of(
        tally.count,
        "{number:,} message from a foreign address that did not log in was accepted for recipients at {domains} "
        "({names}); {senders}, none of them local.",
        "{number:,} messages from a foreign address that did not log in were accepted for recipients at {domains} "
        "({names}); {senders}, none of them local.",
        domains=_foreign_domains(tally),
        names=tally.values.listing(),
        senders=say_of(
            len(tally.envelope_senders),
            "{senders} envelope sender",
            "{senders} envelope senders",
            senders=tally.envelope_senders,
        ),
    )
    is_private = tally.worst.rank >= Severity.MEDIUM.rank
    evidence = _as_sure_as_known(text, tally.values.most(), is_private, host, limits)
    if host.local_domains_inferred and len(tally.values) < limits.relayed_domains:
        backup = say("A domain that this host takes mail for as a backup looks the same: list it.")
        return evidence._replace(severity=Severity.LOW, text=together((evidence.text, backup)))
    return evidence


def _foreign_domains(tally: Tally) -> str:
    """How many."""
    return say_of(
        len(tally.values), "{domains} foreign domain", "{domains} foreign domains", domains=tally.values
    )


def _watch_relayed(host: LogHostFacts, limits: Limits) -> Watch:
    return TallyWatch(OPEN_RELAY, _relayed_by_subject, host, limits)


OPEN_RELAY = Rule(
    code="R01",
    title="Open relay",
    severity=Severity.CRITICAL,
    scope=Scope.MESSAGE,
    explanation=(
        "A stranger who did not log in handed in a message from a foreign sender to a foreign recipient, and "
        "it was accepted. Spammers look for such servers all day."
    ),
    guards=(
        "Forwarded mail is not relaying: recipients whose address was redirected do not count, nor senders "
        "rewritten by SRS.",
        "Trusted networks, loopback and the host's own addresses do not count, nor smarthosts that were given; "
        "neither do local senders.",
        "A gateway or backup MX accepts mail for domains it does not store: add them as local domains. Until "
        "two recipient domains are seen the finding is called probable.",
        "Where local domains are only inferred from the log, the severity is one step lower, and low until the address "
        "sent to two recipient domains.",
        "Clients admitted by certificate or by POP-before-SMTP look the same in the log: add their networks "
        "as trusted.",
    ),
    next_steps=(
        "Find the ACL statement that accepts: exim -bh 203.0.113.1, then MAIL FROM and RCPT TO with foreign "
        "addresses.",
        "Look at relay_from_hosts: exim -bP +relay_from_hosts. List exact addresses only.",
        "Remove what waits in the queue, reload Exim, and see that the next attempt is refused.",
    ),
    message=_relayed,
    watch=_watch_relayed,
    kinds=(SubjectKind.SENDER_HOST_ADDRESS,),
    worth_judging=frozenset({Worth.FOUND_ON_MESSAGE}),
)


def _local_sender(message: MessageFacts, host: LogHostFacts, limits: Limits) -> Evidence | None:
    sender, address = message.envelope_sender, message.sender_host_address
    if not sender or not host.is_local(sender) or address is None or not is_stranger(message, host):
        return None
    recipients = relayed_recipients(message, host)
    if not recipients or sender.lower().startswith(_REWRITTEN_SENDERS):
        return None
    text = say(
        "{address} did not log in, and its message from {sender}, a local address, was accepted for {recipients}. It "
        "is in none of the trusted networks.",
        address=address,
        sender=sender,
        recipients=listing(recipients),
    )
    is_own = is_private_address(address) or not host.trusted_networks
    severity = Severity.LOW if is_own else Severity.HIGH
    return Evidence(severity, text, tuple(dict.fromkeys(domain_of(recipient) for recipient in recipients)))


def _local_sender_by_subject(tally: Tally, host: LogHostFacts, limits: Limits) -> Evidence:
    text = say_of(
        tally.count,
        "{number:,} message with a local sender was accepted without a login for recipients at {domains}.",
        "{number:,} messages with a local sender were accepted without a login for recipients at {domains}.",
        domains=_foreign_domains(tally),
    )
    if not host.trusted_networks:
        unknown = say("The trusted networks are not known: if this is a machine of yours, add its network.")
        text = together((text, unknown))
    return Evidence(tally.worst, text)


def _watch_local_sender(host: LogHostFacts, limits: Limits) -> Watch:
    return TallyWatch(LOCAL_SENDER, _local_sender_by_subject, host, limits)


LOCAL_SENDER = Rule(
    code="R02",
    title="Relayed because the sender is local",
    severity=Severity.HIGH,
    scope=Scope.MESSAGE,
    explanation=(
        "A foreign address that did not log in sent to a foreign recipient under a local sender address. "
        "Anyone can write such a sender address; it must not open the door."
    ),
    guards=(
        "Your own machines do exactly this: while the trusted networks are not known it is low, and the "
        "answer about the open relay is then that it cannot be told.",
        "Private addresses are low as well.",
    ),
    next_steps=(
        "Show who may relay: exim -bP +relay_from_hosts. Give these networks as trusted.",
        "Remove ACL statements that accept because of the sender's domain.",
    ),
    message=_local_sender,
    watch=_watch_local_sender,
    kinds=(SubjectKind.SENDER_HOST_ADDRESS,),
    worth_judging=frozenset({Worth.FOUND_ON_MESSAGE}),
)


def _refused(rejection: RejectionFacts, host: LogHostFacts, limits: Limits) -> Evidence | None:
    if rejection.stage is not Stage.RCPT or not says_relay_refused(rejection.text):
        return None
    return Evidence(Severity.INFO, "")


def _refused_by_subject(tally: Tally, host: LogHostFacts, limits: Limits) -> Evidence:
    text = say_of(
        tally.count,
        "{number:,} relay attempt was refused. That is how it should be.",
        "{number:,} relay attempts were refused. That is how it should be.",
    )
    return Evidence(Severity.INFO, text)


def _watch_refused(host: LogHostFacts, limits: Limits) -> Watch:
    return TallyWatch(RELAY_REFUSED, _refused_by_subject, host, limits, _refused)


RELAY_REFUSED = Rule(
    code="R04",
    title="Relay attempt refused",
    severity=Severity.INFO,
    scope=Scope.SUBJECT,
    explanation=(
        "Somebody tried to send to a foreign domain without a login and was refused. This is healthy, and it "
        "is the proof that relaying is closed. Thousands a day are ordinary noise."
    ),
    guards=("If the same address also relayed a message (R01), that finding stands beside this one.",),
    next_steps=("Nothing has to be done.",),
    watch=_watch_refused,
    kinds=(SubjectKind.SENDER_HOST_ADDRESS,),
    refusals=frozenset({Refusals.RELAYING}),
    worth_judging=frozenset({Worth.REFUSED}),
)


# --- R05 ------------------------------------------------------------------------------------------


def is_routed(recipient: str) -> bool:
    """Whether a local part holds what once told servers to send on: ``victim%remote.example@ours``."""
    return _ROUTED.search(recipient.rpartition("@")[0]) is not None


def _routed(message: MessageFacts, host: LogHostFacts, limits: Limits) -> Evidence | None:
    address = message.sender_host_address
    if address is None or not is_stranger(message, host):
        return None
    routed = [item for item in message.recipients if is_routed(item.original_recipient)]
    if not routed:
        return None
    sent_on = [item for item in routed if _is_sent_on(item)]
    names = tuple(dict.fromkeys(item.original_recipient for item in sent_on or routed))
    text = say(
        "{address} did not log in, and its message was accepted for {recipients}.",
        address=address,
        recipients=listing(names),
    )
    if not sent_on:
        stayed = say("It was not handed on to the server that the local part names.")
        return Evidence(Severity.LOW, together((text, stayed)), names)
    domains = listing(tuple(dict.fromkeys(domain_of(item.recipient) for item in sent_on)))
    text = together((text, say("It was handed on to {domains}.", domains=domains)))
    if is_private_address(address):
        return Evidence(Severity.LOW, together((text, say(_IS_PRIVATE))), names)
    return Evidence(Severity.HIGH, text, names)


def _is_sent_on(told: RecipientFacts) -> bool:
    """Whether another server took, or is to take, the message for the domain that the local part names."""
    domain = domain_of(told.recipient)
    local_part = told.original_recipient.rpartition("@")[0].lower()
    return told.is_remote and told.outcome is not Outcome.BOUNCED and bool(domain) and domain in local_part


def _routed_by_subject(tally: Tally, host: LogHostFacts, limits: Limits) -> Evidence:
    text = say_of(
        tally.count,
        "{number:,} message for recipients whose local part names another destination was accepted ({names}).",
        "{number:,} messages for recipients whose local part names another destination were accepted ({names}).",
        names=tally.values.listing(),
    )
    return Evidence(tally.worst, text)


def _watch_routed(host: LogHostFacts, limits: Limits) -> Watch:
    return TallyWatch(ROUTED_RECIPIENT, _routed_by_subject, host, limits)


ROUTED_RECIPIENT = Rule(
    code="R05",
    title="Percent hack accepted",
    severity=Severity.HIGH,
    scope=Scope.MESSAGE,
    explanation=(
        "A recipient like victim%remote.example@your.domain asks the server to send the message on to "
        "remote.example. If it does, strangers send through it although the domain is local. Exim's default "
        "ACL refuses such recipients."
    ),
    guards=(
        "Low unless another server took it, or is to take it, for the domain that the local part names: an "
        "alias with a slash in its name may lead anywhere.",
        "Clients that logged in and trusted networks may use such addresses; from a private address it is low.",
        "Refused attempts do not count: that is how it should be.",
    ),
    next_steps=(
        "Look for percent_hack_domains: exim -bP percent_hack_domains. It should be empty.",
        "Put back what the default ACL has: deny local_parts = ^.*[@%!/|] for strangers.",
    ),
    message=_routed,
    watch=_watch_routed,
    kinds=(SubjectKind.SENDER_HOST_ADDRESS,),
    worth_judging=frozenset({Worth.FOUND_ON_MESSAGE}),
)
