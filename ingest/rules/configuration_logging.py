"""The rule on what is logged: an answer needs lines to stand on."""

from collections.abc import Iterator

from ingest.exim.configuration import Configuration
from ingest.exim.split_configuration import line_words
from ingest.languages import say, say_of
from ingest.rules.definition import Check, Limits, Rule, Scope, Severity, State
from ingest.rules.words import listing

_WANTED = ("received_recipients", "incoming_port", "incoming_interface", "smtp_no_mail", "arguments")
_SHOW = "exim -bP log_selector log_timezone"


def selected(selector: str) -> frozenset[str]:
    """Which of the wanted items a log_selector switches on; without it none of them is."""
    found: set[str] = set()
    for word in selector.replace("+", " +").replace("-", " -").split():
        names = set(_WANTED) if word[1:] == "all" else {word[1:]}
        found = found | names if word.startswith("+") else found - names
    return frozenset(found & set(_WANTED))


def _is_readable(selector: str) -> bool:
    """Whether it holds no macro that the text does not define."""
    return all(word[0] in "+-" for word in selector.replace("=", " ").split())


def _weak_logging(configuration: Configuration, _limits: Limits) -> Iterator[Check]:
    selector = configuration.settings.get("log_selector")
    if (selector and (selector.doubt or not _is_readable(selector.value))) or not configuration.tells(
        "log_selector"
    ):
        why = say("The setting does not stand in this text. Run this on the host.")
        yield Check(
            State.UNDECIDED, say(WEAK_LOGGING.title), "log_selector", why, command=_SHOW, where="log_selector"
        )
        return
    value = selector.value if selector else ""
    missing = [item for item in _WANTED if item not in selected(value)]
    has_zone = configuration.get("log_timezone") == "true"
    line = selector.line if selector else 0
    where = say("{name}, {line}", name="log_selector", line=line_words(line)) if line else "log_selector"
    evidence = f"log_selector = {value}" if value else say("{option} is not set", option="log_selector")
    if not missing and (has_zone or not configuration.tells("log_timezone")):
        text = say("The log holds what an answer needs.")
        yield Check(
            State.OK, say("Enough is logged"), "log_selector", text, where=where, evidence=evidence, line=line
        )
        return
    yield Check(
        State.BAD,
        say(WEAK_LOGGING.title),
        "log_selector",
        _missing(missing, has_zone),
        _repaired(value, missing, has_zone),
        _SHOW,
        None,
        where,
        evidence,
        line,
    )


def _missing(missing: list[str], has_zone: bool) -> str:
    text = say("Some questions about an attack stay open then (S01).")
    if not has_zone:
        text = say("The lines do not say in which time zone they are (log_timezone). {more}", more=text)
    if missing:
        names = listing(tuple(missing), shown=len(_WANTED))
        text = say_of(
            len(missing),
            "{names} is not logged. {more}",
            "{names} are not logged. {more}",
            names=names,
            more=text,
        )
    return text


def _repaired(value: str, missing: list[str], has_zone: bool) -> str:
    words = [*value.split(), *(f"+{item}" for item in missing)]
    lines = [f"log_selector = {' '.join(words)}"] if missing else []
    return "\n".join([*lines, *([] if has_zone else ["log_timezone = true"])])


WEAK_LOGGING = Rule(
    code="X20",
    title="The log leaves questions open",
    severity=Severity.LOW,
    scope=Scope.CONFIGURATION,
    explanation=(
        "Exim logs neither all recipients of a message, nor ports, nor from where a program was run, unless "
        "log_selector says so. Without them the log cannot answer who relayed, and which script sent."
    ),
    guards=("Subjects (+subject) would help too, but are private; they are not asked for.",),
    next_steps=("Add what is missing and reload Exim. It helps from then on.",),
    configuration=_weak_logging,
)
