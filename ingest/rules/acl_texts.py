"""What all rules on access control lists ask: which lists a setting names, and what they reach."""

from collections.abc import Iterator

from ingest.exim.access_lists import VERBS, Acl, Statement, read_acl
from ingest.exim.configuration import Configuration
from ingest.exim.preprocessing import INCLUDE, Line
from ingest.exim.split_configuration import line_words
from ingest.languages import say
from ingest.rules.definition import Check, Rule, State
from ingest.rules.strangers import acls_of

RCPT = "acl_smtp_rcpt"
LOCAL = ("acl_not_smtp", "acl_not_smtp_start", "acl_not_smtp_mime")


def rcpt_acls(configuration: Configuration) -> tuple[Acl, ...] | None:
    """The lists that judge a recipient; without the setting those whose names say so. None: cannot tell."""
    setting = configuration.settings.get(RCPT)
    if setting is None and not configuration.tells(RCPT):
        named = tuple(acl for acl in configuration.acls if "rcpt" in acl.name.lower())
        return named or None
    if setting and setting.value.split(maxsplit=1)[:1] and setting.value.split(maxsplit=1)[0] in VERBS:
        line = Line(setting.line, setting.value, setting.doubt)
        return (read_acl(RCPT, setting.line, [line]),)
    return acls_of(configuration, RCPT)


def reached(acl: Acl, configuration: Configuration) -> Iterator[tuple[Acl, Statement]]:
    """The statements of a list and of those that it asks."""
    todo, seen = [acl], {acl.name}
    while todo:
        current = todo.pop()
        for statement in current.statements:
            yield current, statement
            for item in statement.named("acl"):
                other = configuration.acl(item.value.split(maxsplit=1)[0]) if item.value else None
                if other and other.name not in seen:
                    seen.add(other.name)
                    todo.append(other)


def is_complete(acl: Acl, configuration: Configuration) -> bool:
    """Whether nothing of a list stands in a file that was not read, nor in a list that the text lacks."""
    for _, statement in reached(acl, configuration):
        if statement.verb == INCLUDE or any(item.name == INCLUDE for item in statement.items):
            return False
        if any(configuration.acl((item.value.split() or [""])[0]) is None for item in statement.named("acl")):
            return False
    return True


def place(acl: Acl, statement: Statement) -> str:
    """Where a statement stands."""
    return place_in(acl, statement.line, statement.verb)


def place_of(acl: Acl) -> str:
    """Where a list begins."""
    return say("acl {name}, {line}", name=acl.name, line=line_words(acl.line))


def place_in(acl: Acl, line: int, word: str) -> str:
    """Where a word of a list stands."""
    return say("acl {name}, {line}, {word}", name=acl.name, line=line_words(line), word=word)


def on_statement(
    rule: Rule,
    state: State,
    acl: Acl,
    statement: Statement,
    explanation: str,
    *,
    title: str = "",
    fix: str = "",
    command: str = "",
) -> Check:
    """What a rule says about one statement; explanation and title are in the reader's language."""
    return Check(
        state,
        title or say(rule.title),
        statement.verb,
        explanation,
        fix,
        command,
        where=place(acl, statement),
        evidence=statement.text,
        line=statement.line,
    )


def without_text(rule: Rule, where: str, why: str, command: str) -> Check:
    """Cannot tell, because the text does not hold what is asked."""
    return Check(State.UNDECIDED, say(rule.title), where, why, command=command, where=where)
