"""Addresses of the house behind which the whole world comes in (R03)."""

from ingest.languages import say
from ingest.rules.definition import Evidence, Rule, Scope, Severity, SubjectFinding
from ingest.rules.signs import Sign, Signs, Told, summed
from ingest.rules.words import count, listing, together


def _gateway(signs: Signs) -> SubjectFinding | None:
    chosen = [
        told for told in signs.of(Sign.GATEWAY) if len(_strangers(told, signs)) >= signs.limits.gateway_names
    ]
    if not chosen:
        return None
    worst_day = max(chosen, key=lambda told: (len(_strangers(told, signs)), told.value))
    names = sorted(_strangers(worst_day, signs))
    addresses = tuple(dict.fromkeys(told.value for told in chosen))
    text = say(
        "{addresses} called itself by {number} or more names of foreign servers on one day ({names}): it is a gateway "
        "that hides who connects.",
        addresses=listing(addresses),
        number=len(names),
        names=listing(names),
    )
    relayed = sum(told.total for told in chosen)
    is_relaying = any(told.total > signs.limits.gateway_relayed * told.count for told in chosen)
    severity = Severity.HIGH
    if is_relaying:
        severity = Severity.CRITICAL
        left = say("{messages} of it left for other servers.", messages=count(relayed, "message"))
        text = together((text, left))
    return summed(GATEWAY, chosen, Evidence(severity, text))


def _strangers(told: Told, signs: Signs) -> frozenset[str]:
    """Names of servers that are not ours."""
    own = signs.host.local_domains | {signs.host.name.lower()}
    return frozenset(
        name for name in told.seen if name not in own and not any(name.endswith(f".{of}") for of in own)
    )


GATEWAY = Rule(
    code="R03",
    title="Everybody comes from one trusted address",
    severity=Severity.CRITICAL,
    scope=Scope.LOG_HOST,
    explanation=(
        "All connections seem to come from one private address: a container network or a router in front hides the "
        "real client. If that network is trusted, everybody on the Internet may send through this host."
    ),
    guards=(
        "Only private addresses, and only arrivals without a login.",
        "Twenty-one names of foreign servers on one day: a smarthost, an application or a filter has one name.",
        "Names under local domains, and names that are none on the Internet (printer, pc.lan), do not count.",
        "Critical if more than a fifth of it went on to other servers, high otherwise.",
        "A trusted network of public addresses that is too wide is found in the configuration (X09).",
    ),
    next_steps=(
        "Let the gateway pass the client's address on: network mode host, or the PROXY protocol (hosts_proxy).",
        "Take the gateway's network out of relay_from_hosts: exim -bP +relay_from_hosts.",
    ),
    log_host=_gateway,
)
