"""The advisory locks of PostgreSQL that this application takes. Each is one for a log host, or one for all of them."""

from enum import IntEnum, unique


@unique
class Lock(IntEnum):
    """The first key of a lock; the second, where there is one, is the log host's."""

    PARTITIONS = 4_820_001  # one maker of partitions at a time
    JUDGING = 4_820_002  # of two who judge one subject, the later one sees all that was committed
    ZONE = 4_820_003  # the zone of a log stays while a batch is stored
    REBUILD = 4_820_004  # one that makes all rows again
    RETENTION = 4_820_005  # one that deletes old lines
    JUDGING_AHEAD = 4_820_006  # one worker that judges days before somebody asks
    SIGNS = 4_820_007  # one that counts hours anew
    ALERTING = 4_820_009  # one that says which attacks of a log host are new


WHOLE_LOG = 0
"""The second key where the log host's comes first: who takes it works on the log host alone (ingest.known_lines).

Keys of days, their ordinals, lie between it and the first key of an hour. A log host's key stays far below a ``Lock``.
"""
FIRST_HOUR = 10_000_000
