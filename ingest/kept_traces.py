"""Traces of attacks as ``ingest.stored_traces`` reads them; how much went out is read once."""

import hashlib
from collections.abc import Collection, Mapping

from ingest.judged_ranges import Bases
from ingest.kept_readings import kept
from ingest.rules.facts import LogHostFacts, SubjectKind
from ingest.rules.traces import Sent, Trail
from ingest.stored_traces import StoredTraces


class KeptTraces(StoredTraces):
    """Of one log host."""

    def __init__(self, bases: Bases) -> None:
        super().__init__(bases.log_host)
        self._bases = bases

    def sent(self, trail: Trail, host: LogHostFacts) -> Sent:
        """How much went out; kept where the messages are those of suspects."""
        return kept(
            self._bases,
            since=trail.since,
            until=trail.until,
            what=f"sent {_digest(trail)}",
            of=_senders(trail),
            classes=(Sent,),
            read=lambda: super(KeptTraces, self).sent(trail, host),
        )


def _senders(trail: Trail) -> Mapping[SubjectKind, Collection[str]]:
    """Those who sent every message of it: no message comes or goes without one of them being judged again."""
    if trail.sender_host_addresses:
        return {SubjectKind.SENDER_HOST_ADDRESS: trail.sender_host_addresses}
    if trail.authenticated_ids:
        return {SubjectKind.AUTHENTICATED_ID: trail.authenticated_ids}
    return {SubjectKind.LOCAL_USER: trail.local_users}


def _digest(trail: Trail) -> str:
    """Of what else restricts the messages."""
    return hashlib.blake2b(repr(trail).encode(), digest_size=6).hexdigest()
