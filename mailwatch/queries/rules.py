"""The catalogue of rules, with their thresholds and what each has found in all that is stored."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count

from ingest import classification
from ingest.languages import later, say
from ingest.models import Finding, LogHost, MessageFinding
from ingest.rules.definition import State
from ingest.rules.rule import RULES, Rule, Scope
from ingest.stored_log_hosts import limits_of, limits_of_all
from mailwatch.queries import thresholds
from mailwatch.queries.kept_answers import answers
from mailwatch.queries.ranges import Range
from mailwatch.queries.thresholds import CurrentLimit

_TITLES = {
    Scope.SUBJECT: later("Who sends: addresses, accounts, local users"),
    Scope.MESSAGE: later("Single messages"),
    Scope.LOG_HOST: later("The log host as a whole"),
    Scope.CONFIGURATION: later("The configuration of Exim"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedRule:
    """A rule, its thresholds and its findings; a count is None where it does not judge such things."""

    rule: Rule
    limits: Sequence[CurrentLimit]
    suspects: int | None  # without those of whom it is allowed
    allowed: int  # suspects of whom it is
    messages: int | None
    log_hosts: int | None  # on which it holds as a whole
    configurations: int | None  # bad places in those that are stored

    @property
    def title(self) -> str:
        return say(self.rule.title)

    @property
    def explanation(self) -> str:
        return say(self.rule.explanation)

    @property
    def guards(self) -> list[str]:
        return [say(guard) for guard in self.rule.guards]

    @property
    def next_steps(self) -> list[str]:
        return [say(step) for step in self.rule.next_steps]

    @property
    def has_counts(self) -> bool:
        counts = (self.suspects, self.messages, self.log_hosts, self.configurations)
        return any(count is not None for count in counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    title: str
    rules: Sequence[CountedRule]


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    groups: Sequence[Group]
    of_answer: Sequence[CurrentLimit]  # thresholds that no rule asks for: the answer does


def catalogue() -> Catalogue:
    """All rules by what they judge, in the order of their codes."""
    hosts = list(LogHost.objects.prefetch_related("configurations"))
    limits = thresholds.current(defaults=limits_of_all(), hosts={host: limits_of(host) for host in hosts})
    suspects = dict(Finding.objects.filter(allowed_by=None).values_list("rule").annotate(count=Count("*")))
    not_counted = Finding.objects.exclude(allowed_by=None)
    allowed = dict(not_counted.values_list("rule").annotate(count=Count("*")))
    messages = dict(MessageFinding.objects.values_list("rule").annotate(count=Count("*")))
    on_hosts = Counter(
        found.rule
        for answer in answers(log_host=None, asked=Range())
        for found in answer.host_findings
        if found.allowed_by is None
    )
    in_configurations = Counter(
        found.rule
        for host in hosts
        for found in classification.configuration_findings(host)
        if found.state is State.BAD and found.allowed_by is None
    )
    counted = [
        CountedRule(
            rule=rule,
            limits=limits.get(code, ()),
            suspects=suspects.get(code, 0) if rule.watch else None,
            allowed=allowed.get(code, 0),
            messages=messages.get(code, 0) if rule.message else None,
            log_hosts=on_hosts[code] if rule.log_host else None,
            configurations=in_configurations[code] if rule.scope is Scope.CONFIGURATION else None,
        )
        for code, rule in sorted(RULES.items())
    ]
    groups = [
        Group(title=say(title), rules=[row for row in counted if row.rule.scope is scope])
        for scope, title in _TITLES.items()
    ]
    return Catalogue(groups=[group for group in groups if group.rules], of_answer=limits.get("", ()))
