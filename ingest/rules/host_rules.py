"""The rules that judge a log host as a whole, by what its hours show."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ingest.rules.allowed import Allowance, allowances_of_log_host, covering
from ingest.rules.authenticators import (
    CLEARTEXT,
    NEVER_REFUSED,
    NOT_ADVERTISED,
    PASSWORDS_LOGGED,
    UNKNOWN_ID,
    UNRECORDED_ID,
)
from ingest.rules.definition import Limits, Rule, SubjectFinding
from ingest.rules.facts import Coverage, LogHostFacts
from ingest.rules.gateways import GATEWAY
from ingest.rules.inbound import DICTIONARY, LISTED_CLIENTS, PROTOCOL_ERRORS, SENDERS_REFUSED
from ingest.rules.queue import BUILD_UP, FROZEN, RETRY_TIMEOUTS
from ingest.rules.reputation import BACKSCATTER, JOE_JOB, THROTTLED
from ingest.rules.scripts import OWN_MAIL, SCRIPT
from ingest.rules.signs import Signs, Told

HOST_RULES: tuple[Rule, ...] = (
    GATEWAY,
    PASSWORDS_LOGGED,
    UNKNOWN_ID,
    NEVER_REFUSED,
    SCRIPT,
    OWN_MAIL,
    UNRECORDED_ID,
    THROTTLED,
    BACKSCATTER,
    BUILD_UP,
    CLEARTEXT,
    DICTIONARY,
    FROZEN,
    RETRY_TIMEOUTS,
    JOE_JOB,
    NOT_ADVERTISED,
    SENDERS_REFUSED,
    LISTED_CLIENTS,
    PROTOCOL_ERRORS,
)


def host_findings(
    told: Sequence[Told],
    host: LogHostFacts,
    coverage: Coverage,
    sent: Mapping[str, int],
    limits: Limits | None = None,
    known_ids: frozenset[str] = frozenset(),
    allowances: Iterable[Allowance] = (),
) -> tuple[SubjectFinding, ...]:
    """The findings on a log host, worst first; what is allowed is marked.

    ``sent``: messages by sender, of those who got bounces; ``known_ids``: who logged in before.
    """
    signs = Signs(
        told=told,
        host=host,
        coverage=coverage,
        limits=limits or host.limits,
        sent=sent,
        known_ids=known_ids,
    )
    found = [rule.log_host(signs) for rule in HOST_RULES if rule.log_host]
    of_host = allowances_of_log_host(allowances)
    marked = (
        replace(finding, allowed_by=covering(of_host, finding.rule, finding.last_at))
        for finding in found
        if finding is not None
    )
    return tuple(sorted(marked, key=lambda finding: finding.severity.rank))
