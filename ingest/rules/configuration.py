"""Audits a configuration: who gets in, who may relay, what is logged.

Static reading of text, so three states: bad, ok, or undecided with the command that decides. The rules stand
beside this module, by subject.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from ingest.exim.configuration import Authenticator, Configuration
from ingest.exim.split_configuration import Origins, line_words
from ingest.languages import say
from ingest.rules.allowed import Allowance, allowances_of_log_host, covering
from ingest.rules.authenticator_texts import SHOW, doubted
from ingest.rules.configuration_lists import ALL_DOMAINS, POP_BEFORE_SMTP, TRUSTS_STRANGERS
from ingest.rules.configuration_logging import WEAK_LOGGING
from ingest.rules.configuration_logins import ID_NOT_RECORDED, NO_TLS, WRONG_ID
from ingest.rules.configuration_passwords import ALWAYS_TRUE, EMPTY_ALLOWED, EMPTY_LOOKUP, FALLBACK
from ingest.rules.configuration_relaying import (
    ACCEPTS_STRANGERS,
    NO_RCPT_ACL,
    NO_RECIPIENT_CHECK,
    PERCENT_HACK,
)
from ingest.rules.configuration_sending import LOCAL_SENDERS, NO_LIMIT, SHARED_LIMIT, SUBMISSION
from ingest.rules.configuration_sql import UNQUOTED_SQL
from ingest.rules.definition import Check, Limits, Rule, Severity, State

__all__ = [
    "ACCEPTS_STRANGERS",
    "ALL_DOMAINS",
    "ALWAYS_TRUE",
    "CONFIGURATION_RULES",
    "EMPTY_LOOKUP",
    "FALLBACK",
    "TRUSTS_STRANGERS",
    "UNQUOTED_SQL",
    "WRONG_ID",
    "ConfigurationFinding",
    "audit",
]

_DEFAULTS = Limits()

CONFIGURATION_RULES: tuple[Rule, ...] = (
    EMPTY_LOOKUP,
    ALWAYS_TRUE,
    UNQUOTED_SQL,
    FALLBACK,
    EMPTY_ALLOWED,
    ID_NOT_RECORDED,
    WRONG_ID,
    NO_TLS,
    TRUSTS_STRANGERS,
    ALL_DOMAINS,
    ACCEPTS_STRANGERS,
    NO_RCPT_ACL,
    PERCENT_HACK,
    NO_RECIPIENT_CHECK,
    SUBMISSION,
    LOCAL_SENDERS,
    SHARED_LIMIT,
    NO_LIMIT,
    POP_BEFORE_SMTP,
    WEAK_LOGGING,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationFinding:
    """What one rule says about one authenticator, list, ACL or setting."""

    rule: str
    state: State
    severity: Severity  # info where the state is ok
    title: str
    where: str  # "authenticator plain, line 4, server_condition"
    evidence: str  # the text as it stands, passwords masked
    explanation: str
    fix: str  # the repaired text, "" if there is nothing to repair
    command: str
    authenticator: str = ""
    line: int = 0  # in the text that was read, from 1; 0 where there is no such line
    allowed_by: Allowance | None = None  # the entry that silences it; None: it counts

    def as_json(self) -> dict[str, str]:
        """One entry of ``findings`` in ``audit_config --json``."""
        return {
            "rule": self.rule,
            "state": str(self.state),
            "severity": str(self.severity),
            "title": self.title,
            "where": self.where,
            "evidence": self.evidence,
            "explanation": self.explanation,
            "fix": self.fix,
            "command": self.command,
        }


def allowing(
    findings: Iterable[ConfigurationFinding], allowances: Iterable[Allowance], last_at: datetime | None
) -> tuple[ConfigurationFinding, ...]:
    """The same findings; bad ones that are allowed at the end of the log are marked."""
    of_host = allowances_of_log_host(allowances)
    return tuple(
        replace(finding, allowed_by=covering(of_host, finding.rule, last_at))
        if finding.state is State.BAD
        else finding
        for finding in findings
    )


def audit(configuration: Configuration, limits: Limits = _DEFAULTS) -> tuple[ConfigurationFinding, ...]:
    """All findings: bad ones first, worst first, then what cannot be decided, then what is fine."""
    origins = Origins(configuration.text)
    found = [
        replace(finding, where=_placed(finding, origins))
        for rule in CONFIGURATION_RULES
        for finding in _judged(rule, configuration, limits)
    ]
    order = (State.BAD, State.UNDECIDED, State.OK)
    return tuple(sorted(found, key=lambda finding: (order.index(finding.state), finding.severity.rank)))


def _placed(finding: ConfigurationFinding, origins: Origins) -> str:
    """Where it stands, with the file that the line is of."""
    line = rf"(?<!\d){re.escape(line_words(finding.line))}(?!\d)"
    return re.sub(line, lambda _: origins.place(finding.line), finding.where, count=1)


def _judged(rule: Rule, configuration: Configuration, limits: Limits) -> Iterator[ConfigurationFinding]:
    if rule.configuration:
        yield from (_finding(rule, check) for check in rule.configuration(configuration, limits))
    if rule.authenticator:
        yield from _judged_authenticators(rule, configuration)


def _judged_authenticators(rule: Rule, configuration: Configuration) -> Iterator[ConfigurationFinding]:
    servers = [item for item in configuration.authenticators if item.is_server]
    if not servers:
        yield _finding(rule, _unseen(rule, configuration))
    for authenticator in servers:
        check = rule.authenticator(authenticator, configuration) if rule.authenticator else None
        if check is not None:
            yield _finding_on(rule, doubted(check, authenticator, rule), authenticator)


def _finding_on(rule: Rule, check: Check, authenticator: Authenticator) -> ConfigurationFinding:
    option = authenticator.options.get(check.option)
    line = option.line if option else authenticator.line
    where = say(
        "authenticator {name}, {line}, {option}",
        name=authenticator.name,
        line=line_words(line),
        option=check.option,
    )
    evidence = (
        f"{check.option} = {option.value}" if option else say("{option} is not set", option=check.option)
    )
    return _finding(rule, check._replace(where=where, evidence=evidence, line=line), authenticator.name)


def _finding(rule: Rule, check: Check, authenticator: str = "") -> ConfigurationFinding:
    return ConfigurationFinding(
        rule=rule.code,
        state=check.state,
        severity=Severity.INFO if check.state is State.OK else check.severity or rule.severity,
        title=check.title,
        where=check.where,
        evidence=check.evidence,
        explanation=check.explanation,
        fix=check.fix,
        command=check.command,
        authenticator=authenticator,
        line=check.line,
    )


def _unseen(rule: Rule, configuration: Configuration) -> Check:
    if {"acl", "routers"} <= configuration.sections and not configuration.includes:
        text = say("The whole configuration has no authenticator for clients.")
        return Check(State.OK, say("Nobody can log in"), "", text, where=say("authenticators"))
    text = say("The text holds no authenticator. Run this on the host and add what it prints.")
    return Check(State.UNDECIDED, say(rule.title), "", text, command=SHOW, where=say("authenticators"))
