"""The catalogue: every rule, by its code."""

from collections.abc import Mapping
from types import MappingProxyType

from ingest.rules.configuration import CONFIGURATION_RULES
from ingest.rules.coverage import COVERAGE
from ingest.rules.definition import VERSION, Limits, Rule, Scope, Severity
from ingest.rules.host_rules import HOST_RULES
from ingest.rules.messages import MESSAGE_RULES
from ingest.rules.subject_rules import SUBJECT_RULES

__all__ = ["RULES", "VERSION", "Limits", "Rule", "Scope", "Severity"]

_ALL = (*SUBJECT_RULES, *MESSAGE_RULES, *HOST_RULES, COVERAGE, *CONFIGURATION_RULES)

RULES: Mapping[str, Rule] = MappingProxyType(
    {rule.code: rule for rule in sorted(_ALL, key=lambda rule: rule.code)}
)
