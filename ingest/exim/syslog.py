"""Lines that came through syslog in pieces.

syslog takes about 1,000 characters; Exim cuts what is longer and numbers the pieces, ``[1/3]``. A backslash for
the slash means that a newline stood behind the piece. Source: log.c, write_syslog().
"""

import re

from ingest.exim.line import readable

_PIECE = re.compile(
    r"(?P<head>[^\n]{0,64}? [^ ]{1,255} (?P<process>[^ :]{1,255}): )\[(?P<number>[0-9]{1,4})(?P<cut>[\\/])"
    r"(?P<count>[0-9]{1,4})\] (?P<text>.*+)"
)


def first_line(entry: bytes) -> bytes:
    """The stamped line of an entry, without the unstamped lines below it, and with its pieces put together.

    Pieces belong to it as long as they follow without a gap, from the same process and with the same count. Where
    lines of other processes stand between them, they belong to those lines and the first piece stands alone.
    """
    head, newline, rest = entry.partition(b"\n")
    if not newline or b"[1" not in head[:400]:
        return head
    first = _PIECE.match(readable(head))
    if first is None or first["number"] != "1":
        return head
    whole = [first["head"], first["text"]]
    before = first
    for number, line in enumerate(rest.split(b"\n"), start=2):
        piece = _PIECE.match(readable(line))
        if piece is None or not _follows(first, piece, number):
            break
        whole += ["\\n" if before["cut"] == "\\" else "", piece["text"]]
        before = piece
    return head if before is first else "".join(whole).encode()


def _follows(first: re.Match[str], piece: re.Match[str], number: int) -> bool:
    return (piece["process"], piece["count"], piece["number"]) == (
        first["process"],
        first["count"],
        str(number),
    )
