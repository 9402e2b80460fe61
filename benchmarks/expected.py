"""What is in the story, counted from its finished lines by plain splitting, without the grammar."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

LOGIN_WITHOUT_NAME = " A=plain: "
OUTCOMES = {"=>": "delivered", "->": "delivered", "==": "deferred", "**": "bounced"}
CLIENT = re.compile(r"\[([0-9a-f.:]+)\] P=")

type Lines = Sequence[tuple[int, str]]  # POSIX second, line with its newline


@dataclass(slots=True)
class Intruder:
    """An address that logged in without a name, and what came of its messages."""

    arrived_at: dict[str, int] = field(default_factory=dict)  # message id -> POSIX second
    outcomes: dict[tuple[str, str], str] = field(
        default_factory=dict
    )  # (message id, recipient) -> the last one
    held: int = 0

    def counts(self) -> dict[str, Any]:
        moments = self.arrived_at.values()
        attempted = {message_id for message_id, _ in self.outcomes}
        counted = Counter(self.outcomes.values())
        return {
            "messages": len(self.arrived_at),
            "recipients": len(self.outcomes),
            "delivered": counted["delivered"],
            "deferred": counted["deferred"],
            "bounced": counted["bounced"],
            "held_by_connection_limit": self.held,
            "never_attempted": len(self.arrived_at.keys() - attempted),
            "first_at": moment(min(moments)),
            "last_at": moment(max(moments)),
        }


def expectations(files: Mapping[str, str], lines: Lines) -> dict[str, Any]:
    """Counts of one log host as a JSON object; `files` hold what `lines` hold."""
    text = "".join(files.values())
    flags = Counter(line.rstrip("\n").split(" ", 4)[3] for _, line in lines)
    return {
        "files": {name: content.count("\n") for name, content in files.items()},
        "lines": text.count("\n"),
        "unstamped_lines": text.count("\n") - len(lines),
        "first_at": moment(lines[0][0]),
        "last_at": moment(lines[-1][0]),
        "messages": flags["<="],
        "deliveries": flags["=>"] + flags["->"],
        "deferrals": flags["=="],
        "bounces": flags["**"],
        "completed": flags["Completed"],
        "rejected_recipients": text.count(" rejected RCPT <"),
        "relay_attempts_refused": text.count(": relay not permitted\n"),
        "failed_logins": text.count(" authenticator failed for "),
        "logins_without_name": {address: found.counts() for address, found in intruders(lines).items()},
    }


def intruders(lines: Lines) -> dict[str, Intruder]:
    """Every address that logged in without a name."""
    found: dict[str, Intruder] = {}
    by_message: dict[str, Intruder] = {}
    for second, line in lines:
        message_id, flag, *rest = line.rstrip("\n").split(" ", 5)[2:]
        if LOGIN_WITHOUT_NAME in line and (client := CLIENT.search(line)):
            by_message[message_id] = found.setdefault(client[1], Intruder())
            by_message[message_id].arrived_at[message_id] = second
        elif (intruder := by_message.get(message_id)) is not None:
            if flag in OUTCOMES:
                intruder.outcomes[message_id, rest[0].rstrip(":")] = OUTCOMES[flag]
            intruder.held += flag == "no"  # no immediate delivery
    return found


def moment(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()
