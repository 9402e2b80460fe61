"""Words of verdicts and findings."""

from django import template

from ingest.languages import ENGLISH, language, later, say
from ingest.rules.facts import SubjectKind
from ingest.rules.rule import RULES
from ingest.rules.verdict import Answer
from mailwatch.stored_words import word

register = template.Library()

_ANSWERS = {
    Answer.YES: later("Yes"),
    Answer.SUSPECTED: later("Suspected"),
    Answer.NO: later("No"),
    Answer.UNKNOWN: later("Cannot tell"),
}
_KINDS = {
    SubjectKind.SENDER_HOST_ADDRESS: later("Sender host"),
    SubjectKind.AUTHENTICATED_ID: later("Account"),
    SubjectKind.LOCAL_USER: later("Local user"),
}

_LINES = {
    "arrival": later("arrival"),
    "delivery": later("delivery"),
    "deferral": later("deferral"),
    "bounce": later("bounce"),
    "completion": later("completion"),
    "rejection": later("rejection"),
    "auth_failure": later("failed login"),
    "connection": later("connection"),
    "note": later("note"),
    "unreadable": later("unreadable"),
}


@register.filter
def answer_word(answer: str) -> str:
    """The word for an answer; "" for what is none."""
    return say(_ANSWERS[Answer(answer)]) if answer in list(Answer) else ""


@register.filter
def kind_word(kind: str) -> str:
    """What a suspect is."""
    return say(_KINDS[SubjectKind(kind)])


@register.filter
def rule_title(code: str) -> str:
    """The title of a rule; "" for a code that this version does not know (a finding of an older one)."""
    rule = RULES.get(code)
    return say(rule.title) if rule else ""


@register.filter
def rule_guards(code: str) -> tuple[str, ...]:
    """Why a finding of this rule may be wrong, and what was done about that."""
    rule = RULES.get(code)
    return tuple(say(guard) for guard in rule.guards) if rule else ()


@register.filter
def rule_steps(code: str) -> tuple[str, ...]:
    """What to do about a finding of this rule."""
    rule = RULES.get(code)
    return tuple(say(step) for step in rule.next_steps) if rule else ()


@register.filter
def kind_of_line(kind: str) -> str:
    """A kind of log line in words."""
    return say(_LINES[kind]) if kind in _LINES else word(kind)


@register.filter
def kind_term(term: str) -> str:
    """What the glossary calls a kind of line, ``note: frozen``; in English it stays, as ``--json`` names it."""
    kind, colon, topic = term.partition(": ")
    if language() == ENGLISH:
        return term
    return f"{kind_of_line(kind)}: {word(topic)}" if colon else kind_of_line(kind)
