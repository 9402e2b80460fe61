"""What came after an attack: is it over, and has the repair worked? The end of the log is "now"."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ingest.languages import say, say_of
from ingest.rules.answers import Answer, Case, Way
from ingest.rules.attacks import OF_PROGRAMS, Attack, trail_of, trick_of
from ingest.rules.broken_logins import holes
from ingest.rules.configuration import WRONG_ID
from ingest.rules.definition import State
from ingest.rules.traces import Refused, Sent, Trail, Trick, Waiting
from ingest.rules.words import day_and_minute, listing, together

_SHORT_LOG = timedelta(hours=6)
_USUAL = timedelta(days=7)
"""So long before an attack it is asked whether others were refused anyway."""
_OF_ANYBODY = frozenset({Way.NAMELESS, Way.RELAY, Way.GATEWAY, Way.ACCOUNT, Way.GUESSED})
"""Where a stranger's refusal proves something too: the way in stood open to everybody."""
_SIGNS_COME_LATE = frozenset({Way.ACCOUNT, Way.GUESSED, Way.SCRIPT, Way.OWN_MAIL})
"""Where messages are told by what became of them, so that those that wait give no sign yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Has the repair worked? Refusals of the same trick after its last success tell."""

    answer: Answer  # yes, no or unknown
    because: str
    refused: int = 0  # attempts of the same trick since, by anybody
    refused_at: datetime | None = None
    line: int | None = None  # of one of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """All of it."""

    first_at: datetime  # of the attack, as far as the log goes back
    last_at: datetime
    sent: Sent
    waiting: Waiting
    repair: Repair
    is_over: Answer  # suspected: probably


def aftermath(attack: Attack, case: Case) -> Aftermath:
    """Reads what the log has of it."""
    trail = trail_of(attack, case)
    refused = _refused(attack, case)
    over = _is_over(attack, case, refused is not None and _is_proof(attack, case, refused))
    sent = case.traces.sent(trail, case.host) if trail else Sent()
    waiting = _waiting(attack, trail, sent, case) if trail else Waiting()
    return Aftermath(
        first_at=attack.first_at,
        last_at=attack.last_at,
        sent=replace(sent, waiting=waiting.total),
        waiting=waiting,
        repair=_repair(attack, case, refused, over),
        is_over=over,
    )


def _waiting(attack: Attack, trail: Trail, sent: Sent, case: Case) -> Waiting:
    """What an account or a program sent after its last sign waits too, and is likely the same."""
    end = case.coverage.last_at
    if attack.way in _SIGNS_COME_LATE and end is not None and end > trail.until:
        return case.traces.waiting(replace(trail, until=end))
    return case.traces.waiting(trail) if sent.waiting else Waiting()


def _is_over(attack: Attack, case: Case, is_refused: bool) -> Answer:
    """Yes, no, suspected (probably) or unknown; the clock does not matter."""
    first_at, last_at = case.coverage.first_at, case.coverage.last_at
    if first_at is None or last_at is None:
        return Answer.UNKNOWN
    quiet, span = last_at - attack.last_at, last_at - first_at
    if _is_quiet(attack, case):
        return Answer.YES if is_refused else Answer.SUSPECTED
    if is_refused:
        return Answer.SUSPECTED
    if span < min(_SHORT_LOG, case.limits.over_after) and quiet * 2 >= span:
        return Answer.UNKNOWN
    return Answer.NO


# --- has the repair worked ------------------------------------------------------------------------


def _refused(attack: Attack, case: Case) -> Refused | None:
    trick = trick_of(attack)
    if trick is None or case.coverage.last_at is None:
        return None
    return case.traces.refused(trick, attack.last_at, case.coverage.last_at)


def _is_proof(attack: Attack, case: Case, refused: Refused) -> bool:
    """Those who got in are refused; or others are, where nobody was refused while it worked."""
    return refused.count > 0 and not _doubt(attack, case, refused)


def _doubt(attack: Attack, case: Case, refused: Refused) -> str:
    """Why the refusals prove nothing, "" if they do."""
    trick = trick_of(attack)
    if trick is None or (not refused.by_attackers and attack.way not in _OF_ANYBODY):
        return say("but none from an address that had got in.")
    if not refused.by_attackers and attack.way is Way.NAMELESS and not _logs_names(attack, case):
        return say(
            "but {names} logs no names at all, so these may have been ordinary wrong passwords.",
            names=listing(attack.authenticators),
        )
    before = case.traces.refused(trick, attack.first_at, attack.last_at)
    if not refused.by_attackers and before.count:
        return say("but others were refused even while it worked for those who got in.")
    if not refused.by_attackers and _were_others_refused_before(attack, case, trick):
        return say(
            "but others than those who got in, and others were refused before it began as well: perhaps it never "
            "worked for them."
        )
    if before.by_attackers and not _is_quiet(attack, case):
        return say("but so they were now and then before, and got in again.")
    return ""


def _were_others_refused_before(attack: Attack, case: Case, trick: Trick) -> bool:
    """Whether the way in may have been closed to them all the time, as where too wide a network is trusted."""
    usual = case.traces.refused(trick, attack.first_at - _USUAL, attack.first_at)
    return usual.count > usual.by_attackers


def _is_quiet(attack: Attack, case: Case) -> bool:
    last_at = case.coverage.last_at
    return last_at is not None and last_at - attack.last_at >= case.limits.over_after


def _logs_names(attack: Attack, case: Case) -> bool:
    """Whether a failed login without a name was one without a name; else names may just not be logged."""
    is_set = set(case.configured(WRONG_ID.code, State.OK))
    return all(
        name in is_set or (name in case.host.logins and case.host.logins[name].named > 0)
        for name in attack.authenticators
    )


def _repair(attack: Attack, case: Case, refused: Refused | None, over: Answer) -> Repair:
    if attack.way in OF_PROGRAMS or refused is None:
        text = say("Exim does not refuse programs of the host itself: only the hours that follow will tell.")
        return _without_proof(attack, case, over, text)
    if not refused.count:
        text = say("Nobody has tried the same again since, so nothing was refused.")
        return _without_proof(attack, case, over, text)
    number = refused.count
    told = say_of(
        number,
        "Since the last success {number:,} attempt of the same kind was refused",
        "Since the last success {number:,} attempts of the same kind were refused",
    )
    if not _is_proof(attack, case, refused):
        doubt = say("{refused}, {doubt}", refused=told, doubt=_doubt(attack, case, refused))
        return replace(_without_proof(attack, case, over, doubt), refused=number)
    if refused.by_attackers:
        own = refused.by_attackers
        told = say("{refused}, {number:,} of them from addresses that had got in", refused=told, number=own)
    if refused.first_at is not None:
        at = day_and_minute(refused.first_at, case.host.zone)
        told = say("{refused}, the first on {at}", refused=told, at=at)
    return Repair(
        answer=Answer.YES,
        because=say("{refused}.", refused=told),
        refused=number,
        refused_at=refused.first_at,
        line=refused.line,
    )


def _without_proof(attack: Attack, case: Case, over: Answer, text: str) -> Repair:
    if over is Answer.NO:
        return Repair(answer=Answer.NO, because=say("It went on until the log ends."))
    if (attack.way is Way.NAMELESS and set(attack.authenticators) & set(holes(case))) or (
        attack.way is Way.RELAY and case.relay_holes()
    ):
        text = together((text, say("The configuration that was given still has the hole.")))
    return Repair(answer=Answer.UNKNOWN, because=text)
