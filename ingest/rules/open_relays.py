"""The question about relaying: does the log host send for strangers who do not log in?

"No" needs three things: no accepted message of a stranger for strangers, somebody who tried and was refused, and
arrivals and deliveries in the log. Recipients, ports or directories that are not logged never weaken it.
"""

from collections.abc import Iterator

from ingest.languages import say, say_of
from ingest.rules.answers import Answer, Case, Pair, Question, Suspicion, Untold, Way, worst_suspicion
from ingest.rules.coverage import COVERAGE
from ingest.rules.definition import Severity
from ingest.rules.facts import SubjectKind
from ingest.rules.gateways import GATEWAY
from ingest.rules.relaying import LOCAL_SENDER, OPEN_RELAY, RELAY_REFUSED, ROUTED_RECIPIENT
from ingest.rules.words import count, listing, shell, together

_ADDRESS = SubjectKind.SENDER_HOST_ADDRESS


def try_as_stranger(sender: str = "") -> str:
    """Lets Exim judge a stranger's recipient, and say which statement decided. Nothing is sent.

    The null sender passes where senders are verified, so that a refusal is one of the recipient.
    """
    told = shell(rf"EHLO probe.example\r\nMAIL FROM:<{sender}>\r\nRCPT TO:<probe@example.net>\r\nQUIT\r\n")
    return f"printf {told} | exim -bh 203.0.113.1"


type _Told = tuple[Answer, str, tuple[str, ...]]


def open_relay(case: Case) -> Question:
    """Does it send for strangers who do not log in?"""
    worst = worst_suspicion(suspicions(case))
    answer, because, rules = (worst.answer, worst.because, worst.rules) if worst else _not_relayed(case)
    return Question(
        name=say("Open relay"),
        answer=answer,
        because=because,
        rules=rules,
        against=tuple(_against(case, answer)),
        untold=tuple(_untold(case, answer)),
    )


def refused(case: Case) -> list[Pair]:
    """Those whose attempts to relay were refused."""
    return case.found(RELAY_REFUSED.code, _ADDRESS)


def suspicions(case: Case) -> Iterator[Suspicion]:
    """Why it may relay for strangers, in the order in which the reasons explain an attack."""
    yield from _relayed(case)
    yield from _through_gateway(case)
    yield from _routed(case)
    yield from _as_local_sender(case)
    if holes := case.relay_holes():
        text = say(
            "The configuration lets strangers relay: {title} ({where}). In this log no message of a "
            "stranger left for a foreign domain.",
            title=holes[0].title,
            where=holes[0].where,
        )
        codes = tuple(dict.fromkeys(item.rule for item in holes))
        yield Suspicion(answer=Answer.SUSPECTED, because=text, rules=codes)


def _relayed(case: Case) -> Iterator[Suspicion]:
    pairs = tuple(case.found(OPEN_RELAY.code, _ADDRESS))
    if not pairs:
        return
    findings = [finding for _, finding in pairs]
    domains = _domains(pairs)
    if not case.relay_holes() and _may_be_backup(case, domains):
        return
    is_sure = len(domains) >= case.limits.relayed_domains and any(
        finding.severity.rank <= Severity.HIGH.rank for finding in findings
    )
    number = sum(finding.count for finding in findings)
    text = say_of(
        number,
        "{number:,} message of foreign senders from {addresses} that did not log in was accepted for {domains}.",
        "{number:,} messages of foreign senders from {addresses} that did not log in were accepted for {domains}.",
        addresses=count(len(pairs), "address", "addresses"),
        domains=count(len(domains), "foreign domain"),
    )
    answer, rules, more = Answer.SUSPECTED, [OPEN_RELAY.code], ""
    if holes := case.relay_holes():
        answer, rules = Answer.YES, [OPEN_RELAY.code, *dict.fromkeys(item.rule for item in holes)]
        hole = {"title": holes[0].title, "where": holes[0].where}
        more = say("The configuration explains it: {title} ({where}).", **hole)
    elif is_sure and case.host.local_domains:
        answer = Answer.YES
    elif not case.host.local_domains:
        more = say("Which domains are local is not known: give them to be sure.")
    else:
        more = say(
            "It may be a domain that this host is a gateway for, or an own machine: give both to be sure."
        )
    text = together((text, more))
    yield Suspicion(answer=answer, because=text, rules=tuple(rules), way=Way.RELAY, pairs=pairs)


def _domains(pairs: tuple[Pair, ...]) -> set[str]:
    return {domain for _, finding in pairs for domain in finding.values}


def _may_be_backup(case: Case, domains: set[str]) -> bool:
    """Whether all that strangers sent on went to so few domains that it may be ours as a backup, which nobody told."""
    return case.host.local_domains_inferred and len(domains) < case.limits.relayed_domains


def _through_gateway(case: Case) -> Iterator[Suspicion]:
    if finding := case.of_host(GATEWAY.code):
        yield Suspicion(
            answer=Answer.YES if finding.severity is Severity.CRITICAL else Answer.SUSPECTED,
            because=finding.evidence,
            rules=(GATEWAY.code,),
            way=Way.GATEWAY,
            of_host=finding,
        )


def _routed(case: Case) -> Iterator[Suspicion]:
    pairs = tuple(
        pair for pair in case.found(ROUTED_RECIPIENT.code, _ADDRESS) if pair[1].severity is Severity.HIGH
    )
    if pairs:
        yield Suspicion(
            answer=Answer.YES,
            because=pairs[0][1].evidence,
            rules=(ROUTED_RECIPIENT.code,),
            way=Way.ROUTED,
            pairs=pairs,
        )


def _as_local_sender(case: Case) -> Iterator[Suspicion]:
    """A sender address of ours opens the door: certain where the trusted networks are known, and two domains told."""
    pairs = tuple(
        pair
        for pair in case.found(LOCAL_SENDER.code, _ADDRESS)
        if pair[1].severity.rank <= Severity.HIGH.rank
    )
    if not pairs:
        return
    domains = {domain for _, finding in pairs for domain in finding.values}
    is_sure = len(domains) >= case.limits.relayed_domains
    is_sure = is_sure and bool(case.host.trusted_networks) and not case.host.local_domains_inferred
    text = _of_local_senders(pairs)
    if not is_sure:
        more = say("It may be a machine of yours that is missing among the trusted networks.")
        text = together((text, more))
    yield Suspicion(
        answer=Answer.YES if is_sure else Answer.SUSPECTED,
        because=text,
        rules=(LOCAL_SENDER.code,),
        way=Way.LOCAL_SENDER,
        pairs=pairs,
    )


def _of_local_senders(pairs: tuple[Pair, ...]) -> str:
    number = sum(finding.count for _, finding in pairs)
    return say_of(
        number,
        "{number:,} message with a local sender left for foreign domains from {addresses} that did not log in.",
        "{number:,} messages with a local sender left for foreign domains from {addresses} that did not log in.",
        addresses=count(len(pairs), "address", "addresses"),
    )


def _not_relayed(case: Case) -> _Told:
    if perhaps := tuple(case.found(LOCAL_SENDER.code, _ADDRESS)):
        whose = say(
            "Whether these are your own machines, the trusted networks tell: exim -bP +relay_from_hosts."
        )
        return Answer.UNKNOWN, together((_of_local_senders(perhaps), whose)), (LOCAL_SENDER.code,)
    if relayed := tuple(case.found(OPEN_RELAY.code, _ADDRESS)):
        text = say(
            "Strangers who did not log in sent to {domains} only. A domain that "
            "this host takes mail for as a backup looks the same: give the configuration, or list the domain with "
            "log_host --local-domain.",
            domains=listing(tuple(sorted(_domains(relayed)))),
        )
        return Answer.UNKNOWN, text, (OPEN_RELAY.code,)
    if not case.coverage.has_arrivals or not case.coverage.has_deliveries:
        missing = say("There are no arrivals in this log.")
        if case.coverage.has_arrivals:
            missing = say("There are no deliveries in this log.")
        return Answer.UNKNOWN, missing, (OPEN_RELAY.code, COVERAGE.code)
    attempts = sum(finding.count for _, finding in refused(case))
    kept = say("No message left {host} for a foreign domain without a login.", host=case.name)
    if not attempts:
        untried = say(
            "But nobody tried, so whether a stranger is refused is not proven: exim -bh 203.0.113.1."
        )
        return Answer.UNKNOWN, together((kept, untried)), (OPEN_RELAY.code, RELAY_REFUSED.code)
    tried = say_of(
        attempts,
        "{number:,} relay attempt from {addresses}, all refused.",
        "{number:,} relay attempts from {addresses}, all refused.",
        addresses=count(len(refused(case)), "address", "addresses"),
    )
    text = together((tried, kept))
    return Answer.NO, text, (RELAY_REFUSED.code, OPEN_RELAY.code)


def _against(case: Case, answer: Answer) -> Iterator[str]:
    attempts = sum(finding.count for _, finding in refused(case))
    if attempts and answer is not Answer.NO:
        yield say_of(
            attempts,
            "{number:,} relay attempt from {addresses} was refused: not everybody gets through.",
            "{number:,} relay attempts from {addresses} were refused: not everybody gets through.",
            addresses=count(len(refused(case)), "address", "addresses"),
        )
    networks = [str(network) for network in case.host.trusted_networks]
    if networks and answer is not Answer.NO:
        yield say(
            "Messages from the trusted networks ({networks}) were not counted.", networks=listing(networks)
        )


def _untold(case: Case, answer: Answer) -> Iterator[Untold]:
    if not case.host.local_domains or case.host.local_domains_inferred:
        yield Untold(
            say("Which domains are local was not given."), "exim -bP +local_domains +relay_to_domains"
        )
    if not case.host.trusted_networks:
        yield Untold(
            say("Which networks may send without a login is not known."), "exim -bP +relay_from_hosts"
        )
    if answer is not Answer.NO:
        yield Untold(
            say(
                "Whether a stranger is refused now. RCPT TO must be answered 550; Exim names the statement that "
                "decided."
            ),
            try_as_stranger(),
        )
