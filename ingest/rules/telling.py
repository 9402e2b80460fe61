"""What a verdict says first, before it stands beside the questions."""

from dataclasses import dataclass

from ingest.rules.answers import Answer, Fact, NextStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The one answer, in words."""

    relaying: Answer
    headline: str
    lead: str
    basis: str
    facts: tuple[Fact, ...] = ()
    next_steps: tuple[NextStep, ...] = ()
    rule: str | None = None  # that it rests on
