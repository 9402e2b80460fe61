"""The queue: what is frozen (Q01), what piles up (Q02), what was given up (Q03)."""

from datetime import timedelta

from ingest.languages import say, say_of
from ingest.rules.definition import Evidence, Rule, Scope, Severity, SubjectFinding
from ingest.rules.signs import Sign, Signs, Told, summed
from ingest.rules.words import listing

_EDGE = timedelta(hours=1)


def _frozen(signs: Signs) -> SubjectFinding | None:
    chosen = signs.of(Sign.FROZEN)
    number = sum(told.count for told in chosen)
    if not number:
        return None
    is_much = max(told.peak for told in chosen) >= signs.limits.frozen_messages
    text = say_of(
        number,
        "{number:,} message was frozen, at most {peak:,} of one hour.",
        "{number:,} messages were frozen, at most {peak:,} of one hour.",
        peak=max(told.peak for told in chosen),
    )
    return summed(FROZEN, chosen, Evidence(Severity.LOW if is_much else Severity.INFO, text))


FROZEN = Rule(
    code="Q01",
    title="Frozen messages",
    severity=Severity.LOW,
    scope=Scope.LOG_HOST,
    explanation=(
        "Exim froze messages: it can neither deliver them nor tell the sender. Most are bounces to forged senders, "
        "which a spam wave leaves behind."
    ),
    guards=(
        "Some are ordinary: it is only noted below a number within one hour. Counted when they came in.",
    ),
    next_steps=("List them: exiqgrep -z. Remove them: exiqgrep -z -i | xargs exim -Mrm.",),
    log_host=_frozen,
)


def _open(signs: Signs) -> SubjectFinding | None:
    """What came in during the last hour of the log may have been completed behind its end."""
    chosen = [told for told in signs.of(Sign.OPEN) if not _is_at_the_edge(told, signs)]
    number = sum(told.count for told in chosen)
    if number < signs.limits.open_messages:
        return None
    text = say_of(
        number,
        "{number:,} message has no completion in this log, those of its last hour left out.",
        "{number:,} messages have no completion in this log, those of its last hour left out.",
    )
    return summed(BUILD_UP, chosen, Evidence(Severity.MEDIUM, text))


def _is_at_the_edge(told: Told, signs: Signs) -> bool:
    last_at = signs.coverage.last_at
    return last_at is not None and told.last_at > last_at - _EDGE


BUILD_UP = Rule(
    code="Q02",
    title="The queue grows",
    severity=Severity.MEDIUM,
    scope=Scope.LOG_HOST,
    explanation="Many messages came in and were not completed. A wave of spam fills the queue first.",
    guards=(
        "Messages of the last hour of the log do not count: their end may stand behind its end.",
        "Messages whose arrival is not in the log are not known, and not counted.",
        "A log with a gap looks the same: see its coverage.",
    ),
    next_steps=("See what waits: exim -bp | exiqsumm. Senders of the most: exiqgrep -f.",),
    log_host=_open,
)


def _given_up(signs: Signs) -> SubjectFinding | None:
    chosen = signs.of(Sign.RETRIES)
    number = sum(told.count for told in chosen)
    if not number:
        return None
    is_much = max(told.peak for told in chosen) >= signs.limits.retry_timeouts
    text = say_of(
        number,
        "{number:,} recipient was given up after days of trying ({domains}).",
        "{number:,} recipients were given up after days of trying ({domains}).",
        domains=listing(tuple(told.value for told in chosen if told.value)) or say("no domain"),
    )
    return summed(RETRY_TIMEOUTS, chosen, Evidence(Severity.LOW if is_much else Severity.INFO, text))


RETRY_TIMEOUTS = Rule(
    code="Q03",
    title="Given up after all retries",
    severity=Severity.LOW,
    scope=Scope.LOG_HOST,
    explanation="Exim tried for days and gave up: the other servers were away, or do not want our mail.",
    guards=("Mistyped domains end like that every day: it is only noted below a number within one hour.",),
    next_steps=("See whether one of them refuses this host: exim -bt and the deferrals before.",),
    log_host=_given_up,
)
