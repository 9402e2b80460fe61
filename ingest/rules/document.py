"""``docs/rules.md``, made from the rules themselves."""

from dataclasses import fields
from datetime import timedelta

from ingest.rules.definition import VERSION, Limits, Rule, Scope
from ingest.rules.rule import RULES
from ingest.rules.words import duration

_SCOPES = {
    Scope.MESSAGE: "each message, and what one address, account or local user sent in all",
    Scope.SUBJECT: "what one address, account or local user did over time",
    Scope.LOG_HOST: "the log host as a whole",
    Scope.CONFIGURATION: "a configuration: its authenticators, lists, ACLs and settings",
}


def document() -> str:
    """The text of the document, ending with a newline."""
    parts = [
        "# Rules",
        "Generated from `ingest/rules` by `manage.py document_rules`; do not edit.",
        f"Version {VERSION}. Findings and shared reports name the version that made them. “Now” is the end "
        "of the log, never the clock. A severity may differ from the usual one: the evidence says why.",
        _contents(),
        *(_rule(rule) for rule in RULES.values()),
        _limits(),
    ]
    return "\n\n".join(parts) + "\n"


def _contents() -> str:
    rows = [f"| {rule.code} | {rule.title} | {rule.severity} |" for rule in RULES.values()]
    return "\n".join(["| rule | title | severity |", "| --- | --- | --- |", *rows])


def _rule(rule: Rule) -> str:
    parts = [
        f"## {rule.code} {rule.title}",
        f"Usually {rule.severity}. Judges {_SCOPES[rule.scope]}.",
        rule.explanation,
        "Why it may be wrong, and what was done about that:",
        _list(rule.guards),
        "What to do:",
        _list(rule.next_steps),
    ]
    return "\n\n".join(parts)


def _list(items: tuple[str, ...]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _limits() -> str:
    rows = [f"| `{field.name}` | {_value(getattr(Limits(), field.name))} |" for field in fields(Limits)]
    return "\n".join(["## Limits", "", "| limit | value |", "| --- | --- |", *rows])


def _value(value: object) -> str:
    return duration(value) if isinstance(value, timedelta) else str(value)
