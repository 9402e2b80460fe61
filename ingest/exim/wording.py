"""The parts of a line without a flag, and their meanings: clients, fields, known words, and the reason that ends it."""

import re
from collections.abc import Iterator, Mapping

from ingest.exim import fields, hosts, meanings, replies
from ingest.exim.line import Line
from ingest.exim.meanings.entry import Entry, Known, Where
from ingest.exim.parts import Part, accepted, client, encryption, login, reason
from ingest.exim.replies import Meaning, of

_LOOSE_ENDS = (" H=", " U=", ": ", " authenticator failed")
_GIVES_REASON = (
    "rejected",
    "temporarily",
    "discarded",
    "dropped by",
    "sender verify",
    "Warning",
    "authenticator",
)
_ANSWER = re.compile(r'C=("(?:[^"\\]|\\.)*+")')
_FIELDS: Mapping[Where, Mapping[str, Entry]] = {
    Where.DELIVERY: meanings.DELIVERY,
    Where.DKIM: meanings.DKIM_FIELDS,
    Where.PANEL: meanings.PANEL_FIELDS,
}
"""What letters mean behind some words."""
_EXPECTS_CLIENT = (" from", " for", " on", " to")


def parts(line: Line, *, is_remote: bool) -> Iterator[Part]:
    """Take apart what stands behind the id; ``is_remote``: the host is one that this server spoke to."""
    return _Reader(line.text, line.start, is_remote=is_remote).parts()


class _Reader:
    """Goes through a line from left to right; what a word means depends on the words before it."""

    def __init__(self, text: str, start: int, *, is_remote: bool) -> None:
        self.text = text
        self.pos = self.start = start
        self.is_remote = is_remote and " from cutthrough after " not in text
        self.spoken: Known | None = None  # the last words that were known
        self.fields: Mapping[str, Entry] = meanings.FIELDS
        self.expects_client = self.is_remote  # the words before end with "from", "for" or "on"
        self.has_client = False

    def parts(self) -> Iterator[Part]:
        while self.pos < len(self.text):
            if self.text[self.pos] == " ":
                self.pos += 1
                continue
            found = self._next()
            if self.text.startswith(": ", found[-1].end):  # the colon ends the part before it
                found[-1] = found[-1]._replace(end=found[-1].end + 1)
            yield from found
            self.pos = found[-1].end

    def _next(self) -> list[Part]:
        if self.text[self.pos] == ":":
            return [Part(self.pos, self.pos + 1, of(meanings.FREE[":"]))]
        return self._why() or self._client() or self._phrase() or self._pair() or [self._loose()]

    def _why(self) -> list[Part]:
        """The reason of a refusal, in the words of this server's configuration."""
        if self.spoken is None or self.text[self.pos - 2 : self.pos] != ": ":
            return []
        if not self.spoken.entry.term.startswith(_GIVES_REASON) or self._is_own_reason():
            return []
        term = "remark of a rule" if self.spoken.entry.term == "Warning:" else "this server's reason"
        return [Part(self.pos, len(self.text), self._reason(meanings.FREE[term]))]

    def _is_own_reason(self) -> bool:
        """Whether Exim's own words follow, or what another part of this module reads."""
        found = _find(self.text, self.pos)
        terms = meanings.REFUSED_FOR
        return self.text[self.pos] == '"' or (
            found is not None
            and (found.entry.term in terms or found.entry.term.startswith(("535", "435", "(set_id")))
        )

    def _reason(self, otherwise: Entry) -> Meaning:
        """Advice would be for the other side here: it was refused, not this server."""
        known = replies.answer(self.text[self.pos :])
        if known is None:
            return of(otherwise)
        return Meaning(known.entries[0].fact, known.entries, known.matters)

    def _client(self) -> list[Part]:
        is_tagged = self.text.startswith("H=", self.pos)
        may_follow = not self.has_client and (self.text[self.pos] in "([" or self.expects_client)
        if not (is_tagged or may_follow) or self.fields is not meanings.FIELDS:
            return []
        host = hosts.read_host(self.text, self.pos + 2 if is_tagged else self.pos)
        if host is None:
            return []
        self.has_client, self.expects_client = True, False
        if self.is_remote and self.pos == self.start:
            term = "[server]" if self.text[self.pos] == "[" else "remote host"
            return [Part(self.pos, host.end, of(meanings.HOST[term]))]
        return client(host, self.pos)

    def _phrase(self) -> list[Part]:
        found = _find(self.text, self.pos)
        if found is None:
            return []
        match = found.pattern.match(self.text, self.pos)
        end = len(self.text) if match is None else match.end()
        if found.entry.where is not Where.TEXT:
            self.spoken = found
        self.fields = _FIELDS.get(found.entry.where, self.fields)
        self.expects_client = self.text[:end].endswith(_EXPECTS_CLIENT)
        return [Part(self.pos, end, of(found.entry, matters=found.matters))]

    def _pair(self) -> list[Part]:
        pair = fields.read_pair(self.text, self.pos)
        if pair is None:
            return []
        end = pair.end
        if pair.key == "I" and self.text.startswith(":", end) and not self.text.startswith(": ", end):
            end = (self.text + " ").index(" ", end)  # a port that is none
        if pair.key == "A" and self.fields is meanings.FIELDS:
            return [Part(pair.start, end, login(pair.value, meanings.FIELDS))]
        entry = self.fields.get(f"{pair.key}=")
        if entry is None:
            return []
        answer = _ANSWER.match(self.text, self.pos)
        if answer is not None:
            return [Part(pair.start, answer.end(), accepted(answer[1]))]
        if pair.key == "X":
            return [Part(pair.start, end, encryption(entry, pair.value))]
        return [Part(pair.start, end, of(entry))]

    def _loose(self) -> Part:
        """Text that nothing else takes: what was named, the reason, or words that nobody knows."""
        text, pos = self.text, self.pos
        term = "" if self.spoken is None else self.spoken.entry.term
        if self.has_client and (self.is_remote or term == "authenticator failed H="):
            return next(reason(text, pos, len(text)))
        if term in meanings.REST:
            return Part(pos, len(text), of(meanings.REST[term]))
        if text[pos - 2 : pos] == ": " and self.spoken is not None:
            return Part(pos, len(text), self._reason(meanings.FREE["this server's reason"]))
        if self.expects_client:
            return self._local_user()
        end = min((at for mark in _LOOSE_ENDS if (at := text.find(mark, pos + 1)) > 0), default=len(text))
        if text.startswith(" authenticator failed", end):
            return Part(pos, end, of(meanings.NAMED["authenticator"]))
        if term.startswith(("rejected", "temporarily")):
            return Part(pos, end, of(meanings.NAMED["argument"]))
        known = replies.failure(text[pos:]) if self.spoken is not None else None
        return Part(pos, len(text), known) if known else Part(pos, end, self._unknown(text[pos:]))

    def _local_user(self) -> Part:
        self.expects_client, self.has_client = False, True
        end = self.pos + len("local process" if self.text.startswith("local process", self.pos) else "")
        if end == self.pos:
            end = min(
                (self.text + " ").index(" ", self.pos), (self.text + ":").index(":", self.pos) or self.pos
            )
        return Part(self.pos, max(end, self.pos + 1), of(meanings.HOST["local user"]))

    def _unknown(self, text: str) -> Meaning:
        limit = next((each for each in meanings.LIMITS if each.pattern.search(text[:1_000])), None)
        return of(meanings.FREE["unknown words"] if limit is None else limit.entry, matters=limit is not None)


def _find(text: str, pos: int) -> Known | None:
    return next((each for each in meanings.PHRASES if each.pattern.match(text, pos)), None)


def first(text: str) -> Known | None:
    """The known words with which a line without a flag begins."""
    return _find(text, 0)
