"""A configuration text as found and as repaired, side by side, with what differs marked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from django import template

from mailwatch.printable import plain_lines

register = template.Library()

# Exim's expansions in pieces that a change keeps or replaces as a whole: names, numbers, space, single signs.
_PIECES = re.compile(r"\$?\w+|\s+|[^\w\s]")
_MOST_PIECES = 2000  # above, the comparison would take too long; both texts are shown unmarked


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of one of the two texts."""

    text: str
    differs: bool


@register.inclusion_tag("parts/before_after.html")
def before_after(found: str, repaired: str, element_id: str) -> dict[str, object]:
    """Both texts; ``element_id`` names the repaired one, for Copy."""
    before, after = compared(found, repaired)
    return {"before": before, "after": after, "id": element_id}


def compared(found: str, repaired: str) -> tuple[list[Stretch], list[Stretch]]:
    """The two texts, each cut into what both have and what only one has."""
    left, right = _PIECES.findall(found), _PIECES.findall(repaired)
    if len(left) > _MOST_PIECES or len(right) > _MOST_PIECES:
        return [Stretch(plain_lines(found), False)], [Stretch(plain_lines(repaired), False)]
    before: list[Stretch] = []
    after: list[Stretch] = []
    for operation, i, j, k, m in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        _add(before, left[i:j], differs=operation != "equal")
        _add(after, right[k:m], differs=operation != "equal")
    return before, after


def _add(stretches: list[Stretch], pieces: Sequence[str], *, differs: bool) -> None:
    if pieces:
        stretches.append(Stretch(plain_lines("".join(pieces)), differs))
