"""A text of which stretches are hidden one after the other, and what has been decided once stays."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC

from ingest.exim.glossary import explain

type Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a line. ``masked``: it stands for something hidden; ``matters``: the glossary marks it."""

    text: str
    masked: bool = False
    matters: bool = False


class Cut:
    """``source`` with decisions: (start, end, text shown instead), in order, never overlapping."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._decided: list[tuple[int, int, str]] = []

    def hide(self, start: int, end: int, shown: str) -> None:
        """Show ``shown`` in place of a stretch, as far as nothing was decided about it before."""
        for begin, stop in list(self._open(start, end)):
            self._decided.append((begin, stop, shown))
            shown = ""
        self._decided.sort()

    def keep(self, start: int, end: int) -> None:
        """Decide that a stretch stays as it is."""
        for begin, stop in list(self._open(start, end)):
            self._decided.append((begin, stop, self.source[begin:stop]))
        self._decided.sort()

    def found(self, pattern: re.Pattern[str], *, end: int | None = None) -> list[tuple[int, str]]:
        """Every match in undecided text up to ``end``, or its group 1 where there is one: (start, text)."""
        matches = []
        for begin, stop in self._open(0, len(self.source) if end is None else end):
            for match in pattern.finditer(self.source, begin, stop):
                group = 1 if pattern.groups else 0
                matches.append((match.start(group), match.group(group)))
        return matches

    def open(self) -> list[Span]:
        """The stretches that nothing was decided about."""
        return list(self._open(0, len(self.source)))

    def each(self, pattern: re.Pattern[str], shown: Callable[[str], str]) -> None:
        """Hide every match behind what ``shown`` says for it."""
        for start, text in self.found(pattern):
            instead = shown(text)
            if instead != text:
                self.hide(start, start + len(text), instead)

    def joined(self) -> str:
        return "".join(shown for _, _, shown in self._all())

    def parts(self, marks: Iterable[Span]) -> tuple[Part, ...]:
        """The text in parts, those within ``marks`` (in order, not overlapping) marked as what matters."""
        spans = list(marks)
        parts: list[Part] = []
        for start, end, shown in self._all():
            if shown != self.source[start:end]:
                parts.append(Part(shown, True, any(a < end and start < b for a, b in spans)))
                continue
            for begin, stop, matters in _split(start, end, spans):
                parts.append(Part(self.source[begin:stop], False, matters))
        return tuple(_merged(parts))

    def _open(self, start: int, end: int) -> Iterator[Span]:
        at = start
        for begin, stop, _ in self._decided:
            if stop <= at:
                continue
            if begin >= end:
                break
            if begin > at:
                yield at, begin
            at = stop
        if at < end:
            yield at, end

    def _all(self) -> list[tuple[int, int, str]]:
        rest = [(start, end, self.source[start:end]) for start, end in self._open(0, len(self.source))]
        return sorted(self._decided + rest)


def _split(start: int, end: int, spans: list[Span]) -> Iterator[tuple[int, int, bool]]:
    at = start
    for span in spans:
        begin, stop = max(span[0], at), min(span[1], end)
        if begin >= stop:
            continue
        if begin > at:
            yield at, begin, False
        yield begin, stop, True
        at = stop
    if at < end:
        yield at, end, False


def _merged(parts: list[Part]) -> Iterator[Part]:
    """Neighbours of one kind as one; a mask stays apart, since each stands for one thing."""
    last: Part | None = None
    for part in parts:
        if not part.text:
            continue
        if last and not (last.masked or part.masked) and last.matters == part.matters:
            last = Part(last.text + part.text, False, last.matters)
            continue
        if last:
            yield last
        last = part
    if last:
        yield last


def marks(text: str, raw: bytes) -> Iterator[Span]:
    """Where the glossary's tokens that matter stand in the line."""
    end = 0
    for token in explain(raw, zone=UTC).tokens:
        start = text.find(token.text, end)
        if start < 0:
            continue
        end = start + len(token.text)
        if token.matters:
            yield start, end
