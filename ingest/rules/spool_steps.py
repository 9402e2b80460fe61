"""What to do with an attack's messages that still stand on the spool: freeze, look, remove. Nothing is run here."""

import re
from collections.abc import Iterator, Sequence

from ingest.languages import say, say_of
from ingest.rules.answers import NextStep, Way
from ingest.rules.attacks import OF_PROGRAMS, Attack
from ingest.rules.traces import Waiting
from ingest.rules.words import shell

_FEW_SENDERS = 3
_MOST_CONDITIONS = 10
_ID = re.compile(r"[0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}")
_SPECIAL = re.compile(r"[^\w@<>=-]", re.ASCII)


def spool_steps(attack: Attack, waiting: Waiting) -> Iterator[NextStep]:
    """By id, so that nobody else's mail is touched; all that are too many to name by what they have in common."""
    ids = [message_id for message_id in waiting.message_ids if _ID.fullmatch(message_id)]
    if not ids:
        return
    named = " ".join(ids)
    is_all = len(ids) == waiting.total
    yield NextStep(text=_stop(ids, waiting), command=f"exim -Mf {named}")
    if not is_all:
        yield from _the_rest(attack, waiting)
    yield NextStep(
        text=say_of(
            waiting.total,
            "Look at it, to be sure that it is spam.",
            "Look at one of them, to be sure that it is spam.",
        ),
        command=f"exim -Mvh {ids[0]}; exim -Mvb {ids[0]} | head -n 40",
    )
    yield NextStep(
        text=say_of(
            waiting.total,
            "Remove it when you are sure. No bounce is sent, and nothing brings it back.",
            "Remove them when you are sure. No bounce is sent, and nothing brings them back.",
        ),
        command=f"exim -Mrm {named}",
    )


def _stop(ids: Sequence[str], waiting: Waiting) -> str:
    if len(ids) == waiting.total:
        return say_of(
            waiting.total,
            "Stop the {number:,} message of it that still waits. A frozen message stays where it is, and nothing is "
            "lost by this.",
            "Stop the {number:,} messages of it that still wait. A frozen message stays where it is, and nothing is "
            "lost by this.",
        )
    return say(
        "Stop what still waits, here the first {first} of {number:,} messages. A frozen message stays where it is, "
        "and nothing is lost by this.",
        first=len(ids),
        number=waiting.total,
    )


def _the_rest(attack: Attack, waiting: Waiting) -> Iterator[NextStep]:
    for command in _selecting(attack, waiting):
        yield NextStep(
            text=say(
                "Stop all of them, as they stand on the spool now. Mail that has the same in common is stopped too; "
                "exim -Mt lets it go on. With -Mrm in place of -Mf the same command removes them: look first."
            ),
            command=f"{command} | xargs -r exim -Mf",
        )


def _selecting(attack: Attack, waiting: Waiting) -> Iterator[str]:
    """Commands that print ids: by sender where there are few, else by who handed them in."""
    senders = waiting.envelope_senders
    if 0 < len(senders) <= _FEW_SENDERS:
        for sender in senders:
            yield f"exiqgrep -i -f {shell(_pattern(sender))}"
        return
    variable = "$sender_host_address"
    if attack.way is Way.ACCOUNT:
        variable = "$authenticated_id"
    elif attack.way is Way.SCRIPT:
        variable = "$sender_ident"
    elif attack.way in OF_PROGRAMS:
        return
    conditions = [shell(f"{variable} eq {name}") for name in attack.names[:_MOST_CONDITIONS]]
    any_of = "--or " if len(conditions) > 1 else ""
    yield f"exipick -i {any_of}{' '.join(conditions)}"


def _pattern(sender: str) -> str:
    """A regular expression of exiqgrep for exactly this sender."""
    escaped = _SPECIAL.sub(lambda found: f"\\{found.group()}", sender)
    return f"^<{escaped}>$"
