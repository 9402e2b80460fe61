"""Rules on the lists of a configuration: whom it trusts, and whose mail it takes."""

import re
from collections.abc import Iterator

from ingest.exim.configuration import Configuration, Option
from ingest.exim.lists import holds_strangers, is_too_wide, items_of, joined, network, split_list
from ingest.exim.split_configuration import line_words
from ingest.languages import say
from ingest.rules.acl_texts import place_in
from ingest.rules.definition import Check, Limits, Rule, Scope, Severity, State
from ingest.rules.list_matching import Kind, item_matches, matches
from ingest.rules.password_checks import SQL
from ingest.rules.words import listing

TRY_TO_RELAY = (
    r"printf 'EHLO client.example\r\nMAIL FROM:<a@sender.example>\r\nRCPT TO:<b@recipient.example>\r\nQUIT\r\n' "
    "| exim -bh 203.0.113.1"
)
"""A session as of a stranger; nothing is sent. RCPT must be answered 550."""

_TRUSTED = "relay_from_hosts"


def place(name: str, option: Option | None) -> str:
    """Where a list or a setting stands."""
    return say("{name}, {line}", name=name, line=line_words(option.line)) if option else name


def show_list(name: str) -> str:
    """The command that prints a named list."""
    return f"exim -bP +{name}"


def undecided_list(rule: Rule, name: str, option: Option | None, why: str) -> Check:
    """Cannot tell; the command prints the list."""
    check = Check(State.UNDECIDED, say(rule.title), name, why, command=show_list(name), where=name)
    return _on_list(check, option) if option else check


def _on_list(check: Check, option: Option) -> Check:
    """The check, with its place and text."""
    where, text = place(option.name, option), f"{option.name} = {option.value}"
    return check._replace(where=where, evidence=text, line=option.line)


# --- X09 ------------------------------------------------------------------------------------------


def _trusts_strangers(configuration: Configuration, limits: Limits) -> Iterator[Check]:
    option = configuration.named_lists.get(_TRUSTED)
    if option is None:
        yield _no_list(configuration)
        return
    if option.doubt:
        yield undecided_list(
            TRUSTS_STRANGERS, _TRUSTED, option, say("It stands behind {condition}.", condition=option.doubt)
        )
        return
    wide = tuple(_too_wide(split_list(option.value), configuration, limits))
    if not wide and matches(option.value, Kind.HOSTS, configuration):
        wide = ((split_list(option.value)[-1], say("everybody else")),)
    if wide:
        yield _too_wide_check(option, wide, configuration, limits)
    elif matches(option.value, Kind.HOSTS, configuration) is None:
        why = say(
            "The list asks for something that this text does not hold: a file, a lookup, a macro or another list."
        )
        yield undecided_list(TRUSTS_STRANGERS, _TRUSTED, option, why)
    elif gateways := _docker(option.value):
        why = say(
            "{networks} holds the gateway of Docker's networks. If a container publishes its port by "
            "Docker's proxy, everybody comes from there and is trusted. Try it from outside.",
            networks=listing(gateways),
        )
        yield undecided_list(TRUSTS_STRANGERS, _TRUSTED, option, why)._replace(
            severity=Severity.MEDIUM,
            command="swaks --server SERVER --to b@recipient.example --quit-after RCPT",
        )
    else:
        title = say("Only single machines and own networks may relay")
        yield _on_list(Check(State.OK, title, _TRUSTED, say("No network of strangers is trusted.")), option)


def _no_list(configuration: Configuration) -> Check:
    if {"acl", "routers"} <= configuration.sections and not configuration.includes:
        text = say("There is no such list. What the ACLs accept is judged by X11.")
        return Check(State.OK, say("No list of trusted hosts"), _TRUSTED, text, where=_TRUSTED)
    return undecided_list(TRUSTS_STRANGERS, _TRUSTED, None, say("The list does not stand in this text."))


def _too_wide(items: list[str], configuration: Configuration, limits: Limits) -> Iterator[tuple[str, str]]:
    """Items that hold strangers, and why; those of the lists that they name too, each list once."""
    seen: set[str] = set()
    waiting = items[::-1]
    while waiting:
        item = waiting.pop()
        if item.startswith("+"):
            name = item.removeprefix("+")
            other = configuration.named_lists.get(name)
            if other and name not in seen:
                seen.add(name)
                waiting += split_list(other.value)[::-1]
        elif reason := _why_too_wide(item, configuration, limits):
            yield item, reason


def _why_too_wide(item: str, configuration: Configuration, limits: Limits) -> str | None:
    if item.startswith("!"):
        return None
    known = network(item)
    if item == "*" or (known and known.prefixlen == 0):
        return say("everybody")
    if known and is_too_wide(known):
        size = _size(known.prefixlen, known.max_prefixlen)
        return say("a network of {size} addresses", size=size)
    if known and holds_strangers(known, limits.strangers_network):
        return say("{size} addresses of the Internet", size=_size(known.prefixlen, 32))
    if item_matches(item, Kind.HOSTS, configuration):
        return say("everybody")
    if re.fullmatch(r"\*[\w.-]*\.[\w.-]+", item):
        return say("every customer of a provider whose addresses have such names")
    return None


def _size(length: int, longest: int) -> str:
    bits = longest - length
    return f"{2**bits:,}" if bits <= 32 else f"2^{bits}"


def _docker(value: str) -> tuple[str, ...]:
    """Networks that hold the gateway of Docker's usual networks."""
    found = []
    for item in split_list(value):
        known = network(item)
        if (
            known
            and known.version == 4
            and str(known).startswith("172.")
            and known.prefixlen <= 16
            and known.is_private
        ):
            found.append(item)
    return tuple(found)


def _too_wide_check(
    option: Option, wide: tuple[tuple[str, str], ...], configuration: Configuration, limits: Limits
) -> Check:
    reasons = tuple(f"{item} ({reason})" for item, reason in wide)
    bad = {item for item, _ in wide}
    kept = [item for item in split_list(option.value) if not any(_too_wide([item], configuration, limits))]
    while kept and kept[-1].startswith("!"):  # a list that ends so holds all others
        kept.pop()
    is_everybody = any(not item.startswith("*.") and _is_everybody(item) for item in bad)
    text = say(
        "It holds {networks}. Whoever sends from there may send to any address without a login. Name "
        "single machines; people log in.",
        networks=listing(reasons),
    )
    title, fix = say(TRUSTS_STRANGERS.title), f"hostlist {_TRUSTED} = {joined(kept or ['127.0.0.1', '::1'])}"
    severity = None if is_everybody else Severity.HIGH
    return _on_list(Check(State.BAD, title, _TRUSTED, text, fix, TRY_TO_RELAY, severity), option)


def _is_everybody(item: str) -> bool:
    known = network(item)
    return item == "*" or known is None or is_too_wide(known)


TRUSTS_STRANGERS = Rule(
    code="X09",
    title="Strangers may relay: relay_from_hosts is too wide",
    severity=Severity.CRITICAL,
    scope=Scope.CONFIGURATION,
    explanation=(
        "Hosts in relay_from_hosts send to any address without a login. A list that holds strangers makes an "
        "open relay. Such a network is never counted as trusted when the log is judged."
    ),
    guards=(
        "Private networks are trusted, up to a /8. A public network is too wide from a /15 on, an IPv6 network "
        "from a /32 on, and so is a name with a star, which belongs to the customers of a provider.",
        "Networks of Docker, lists in files and lookups are not decided.",
    ),
    next_steps=(
        "Write down the machines that really relay through this host, and let people log in.",
        "Prove it with exim -bh from an address outside.",
    ),
    configuration=_trusts_strangers,
)

# --- X10 ------------------------------------------------------------------------------------------

_OURS = ("relay_to_domains", "local_domains")


def _takes_all_domains(configuration: Configuration, _limits: Limits) -> Iterator[Check]:
    if _without_lists(configuration):
        text = say("There are no such lists. What the ACLs accept is judged by X11.")
        yield Check(State.OK, say("No lists of own domains"), _OURS[1], text, where=_OURS[1])
    for name in _OURS:
        option = configuration.named_lists.get(name)
        if option is None:
            if not ({"acl", "routers"} <= configuration.sections) or configuration.includes:
                yield undecided_list(ALL_DOMAINS, name, None, say("The list does not stand in this text."))
            continue
        if option.doubt:
            yield undecided_list(
                ALL_DOMAINS, name, option, say("It stands behind {condition}.", condition=option.doubt)
            )
        else:
            yield _domains_check(name, option, configuration)


def _without_lists(configuration: Configuration) -> bool:
    """Whether the text is whole and has neither list."""
    is_whole = {"acl", "routers"} <= configuration.sections and not configuration.includes
    return is_whole and not any(name in configuration.named_lists for name in _OURS)


def _domains_check(name: str, option: Option, configuration: Configuration) -> Check:
    severity = Severity.CRITICAL if name == "relay_to_domains" else Severity.HIGH
    unquoted = _unquoted(option.value)
    if unquoted:
        text = say(
            "The domain goes into the query as the client sent it. It must be quoted for the database."
        )
        fix = f"domainlist {name} = {unquoted}"
        title = say(ALL_DOMAINS.title)
        return _on_list(Check(State.BAD, title, name, text, fix, show_list(name), Severity.HIGH), option)
    open_items = [item for item in items_of(option.value) if item and not item.startswith("!")]
    bad = [
        item
        for item in open_items
        if item_matches(item, Kind.DOMAINS, configuration) or item.startswith("@mx")
    ]
    if matches(option.value, Kind.DOMAINS, configuration) or any(item.startswith("@mx") for item in bad):
        return _all_domains(name, option, bad, severity)
    if matches(option.value, Kind.DOMAINS, configuration) is None:
        why = say("A lookup, a pattern, a macro or another list decides, which this text does not show.")
        return undecided_list(ALL_DOMAINS, name, option, why)._replace(severity=severity)
    title, text = say("{name} names domains", name=name), say("It holds no domain of others.")
    return _on_list(Check(State.OK, title, name, text), option)


def _all_domains(name: str, option: Option, bad: list[str], severity: Severity) -> Check:
    is_mx = bool(bad) and all(item.startswith("@mx") for item in bad)
    told = listing(tuple(bad)) or option.value
    text = say("{items} holds any domain, so mail for every address is accepted.", items=told)
    if is_mx:
        text = say(
            "{items} holds every domain whose owner names this host as MX: strangers can make it relay for theirs.",
            items=told,
        )
    kept = [item for item in split_list(option.value) if item not in bad and "$" not in item]
    while kept and kept[-1].startswith("!"):  # a list that ends so holds all others
        kept.pop()
    fallback = ["@"] if name == "local_domains" else []
    title, fix = say(ALL_DOMAINS.title), f"domainlist {name} = {joined(kept or fallback)}".rstrip()
    severity = Severity.MEDIUM if is_mx else severity
    return _on_list(Check(State.BAD, title, name, text, fix, TRY_TO_RELAY, severity), option)


def _unquoted(value: str) -> str | None:
    """The list with the domain quoted, where a query of SQL takes it as it is."""
    pattern = re.compile(
        rf"(?P<kind>{'|'.join(sorted(SQL))})(?P<between>\s*[;{{](?:(?!quote_).)*?)(?P<name>\$\{{?domain\}}?)",
        re.DOTALL,
    )
    if not pattern.search(value):
        return None
    return pattern.sub(
        lambda match: f"{match['kind']}{match['between']}${{quote_{match['kind']}:$domain}}", value
    )


ALL_DOMAINS = Rule(
    code="X10",
    title="Mail for any domain is accepted",
    severity=Severity.CRITICAL,
    scope=Scope.CONFIGURATION,
    explanation=(
        "local_domains and relay_to_domains say for whom this host takes mail from strangers. A list that holds "
        "every domain makes it take, and pass on, mail for everybody."
    ),
    guards=(
        "Files and directories are taken to hold own domains only, as long as the whole name is looked up.",
        "Patterns, lookups with a default (*) and queries that do not compare the whole domain are not decided.",
    ),
    next_steps=("Name the domains, or look the whole domain up, quoted.",),
    configuration=_takes_all_domains,
)

# --- X19 ------------------------------------------------------------------------------------------

_POP_LISTS = re.compile(
    r"(?:/etc/)?(?:relayhosts(?:users)?|pophosts|popauth|pop[-_]?b(?:efore|4)?[-_]?smtp|popbsmtp)\b"
)


def _pop_before_smtp(configuration: Configuration, _limits: Limits) -> Iterator[Check]:
    found = False
    for where, line, text in _host_texts(configuration):
        match = _POP_LISTS.search(text)
        if match is None:
            continue
        found = True
        explanation = say(
            "{file} lists addresses from which somebody fetched mail lately. For that time everybody behind "
            "the same address relays without a login; programs fill such lists also for stolen accounts.",
            file=match[0],
        )
        fix = "# leave this list out, and accept by a login:\n  accept authenticated = *"
        yield Check(
            State.BAD,
            say(POP_BEFORE_SMTP.title),
            "hosts",
            explanation,
            fix,
            TRY_TO_RELAY,
            None,
            where,
            text,
            line,
        )
    if found:
        return
    if configuration.acls and not configuration.includes:
        text = say("No list of addresses that fetched mail is trusted.")
        yield Check(State.OK, say("No POP before SMTP"), "hosts", text, where=say("hosts of the ACLs"))
    else:
        yield Check(
            State.UNDECIDED,
            say(POP_BEFORE_SMTP.title),
            "hosts",
            say("The ACLs do not all stand in this text. Run this on the host and add what it prints."),
            command="exim -bP config | grep -nE 'relayhosts|pophosts|popauth'",
            where=say("hosts of the ACLs"),
        )


def _host_texts(configuration: Configuration) -> Iterator[tuple[str, int, str]]:
    for option in configuration.named_lists.values():
        yield place(option.name, option), option.line, f"{option.name} = {option.value}"
    for acl in configuration.acls:
        for statement in acl.statements:
            for item in statement.named("hosts"):
                yield place_in(acl, item.line, "hosts"), item.line, f"hosts = {item.value}"


POP_BEFORE_SMTP = Rule(
    code="X19",
    title="Whoever fetched mail may relay",
    severity=Severity.MEDIUM,
    scope=Scope.CONFIGURATION,
    explanation=(
        "POP before SMTP trusts an address for a while after somebody fetched mail from it. All others behind "
        "that address are trusted too, and stale entries stay."
    ),
    guards=("Known by the names of the usual files: relayhosts, pophosts, popauth.",),
    next_steps=("Let people log in, and leave the list out.",),
    configuration=_pop_before_smtp,
)
