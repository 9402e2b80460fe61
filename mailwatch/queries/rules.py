"""The catalogue of rules, with what each has found in all that is stored."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from ingest.models import Finding, MessageFinding
from ingest.rules.rule import RULES, Rule, Scope

_TITLES = {
    Scope.SUBJECT: "Who sends: addresses, accounts, local users",
    Scope.MESSAGE: "Single messages",
    Scope.LOG_HOST: "The log host as a whole",
    Scope.CONFIGURATION: "The configuration of Exim",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedRule:
    """A rule and its findings; None: it does not judge such things."""

    rule: Rule
    suspects: int | None
    messages: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    title: str
    rules: Sequence[CountedRule]


def catalogue() -> list[Group]:
    """All rules by what they judge, in the order of their codes."""
    suspects = dict(Finding.objects.values_list("rule").annotate(count=Count("*")))
    messages = dict(MessageFinding.objects.values_list("rule").annotate(count=Count("*")))
    counted = [
        CountedRule(
            rule=rule,
            suspects=suspects.get(code, 0) if rule.watch else None,
            messages=messages.get(code, 0) if rule.message else None,
        )
        for code, rule in sorted(RULES.items())
    ]
    groups = [
        Group(title=title, rules=[row for row in counted if row.rule.scope is scope])
        for scope, title in _TITLES.items()
    ]
    return [group for group in groups if group.rules]
