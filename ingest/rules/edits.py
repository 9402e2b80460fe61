"""Changes to pieces of a text, applied together."""


class Edits:
    """Collects replacements and insertions by place in the original text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._edits: list[tuple[int, int, int, str]] = []

    def replace(self, start: int, end: int, replacement: str) -> None:
        """Replaces a piece; pieces must not overlap."""
        self._edits.append((start, end, len(self._edits), replacement))

    def insert(self, at: int, insertion: str) -> None:
        """Inserts before a character; several insertions stand in the order they were given."""
        self.replace(at, at, insertion)

    def result(self) -> str:
        """The changed text."""
        done, at = [], 0
        for start, end, _, replacement in sorted(self._edits):
            done += [self._text[at:start], replacement]
            at = max(at, end)
        return "".join(done) + self._text[at:]
