"""What narrows a list of messages beside the term, the range and the status.

Only the account has an index that answers it. The others are looked at message by message, from the newest on, so a
list that uses them is read in steps (``mailwatch.queries.stepwise``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q

from ingest.languages import later, say
from ingest.models import Delivery, MessageFinding, Outcome
from mailwatch.queries.matching import (
    Condition,
    is_walked,
    message_branches,
    rejection_branches,
    with_delivery,
)
from mailwatch.queries.terms import Term


class Direction(StrEnum):
    """Which way a message went, by what its rows hold. A message with several recipients may go several ways."""

    IN = "in"
    OUT = "out"
    RELAY = "relay"
    LOCAL = "local"
    BOUNCE = "bounce"


_MEANINGS = {
    Direction.IN: later("“In” is a message from a client that had not logged in, delivered on this host."),
    Direction.OUT: later(
        "“Out” is a message handed in with a login or by a program on this host, sent on to another host."
    ),
    Direction.RELAY: later(
        "“Relay” is a message from a client that had not logged in, sent on to another host."
    ),
    Direction.LOCAL: later(
        "“Local” is a message handed in with a login or by a program on this host, delivered on this host."
    ),
    Direction.BOUNCE: later(
        "“Bounce” is a message with the null sender, as reports about other messages have."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Empty or None: not narrowed. Sizes in bytes, both included.

    ``also`` is a second term that a message must meet too: a sender host or network, an address, a domain.
    """

    direction: str = ""
    account: str = ""
    transport: str = ""
    remote_host: str = ""
    also: Term | None = None
    also_role: str = ""  # "sender" or "recipient", as of the first term
    size_from: int | None = None
    size_to: int | None = None
    rule: str = ""

    @property
    def direction_sentence(self) -> str:
        """What is meant by the direction; "" without one."""
        return say(_MEANINGS[Direction(self.direction)]) if self.direction else ""

    @property
    def need_messages(self) -> bool:
        """Whether only an accepted message can meet them: a refusal has no size, transport, direction or rule."""
        only_messages = (self.direction, self.transport, self.remote_host, self.rule)
        return any(only_messages) or self._has_size

    @property
    def need_looking(self) -> bool:
        """Whether no index answers all of them together."""
        return self.need_messages or self.also is not None

    @property
    def are_set(self) -> bool:
        return self.need_looking or bool(self.account)

    @property
    def _has_size(self) -> bool:
        return self.size_from is not None or self.size_to is not None

    def by_index(self) -> Q:
        """What an index answers."""
        wanted = Q(authenticated_id=self.account) if self.account else Q()
        if self.remote_host:
            wanted &= _if_indexed([with_delivery(Q(remote_host_address=self.remote_host))])
        if self.also:
            wanted &= _if_indexed(message_branches(self.also, role=self.also_role))
        return wanted

    def by_looking(self) -> Q:
        """What each message has to be looked at for."""
        wanted = Q()
        if self.size_from is not None:
            wanted &= Q(size__gte=self.size_from)
        if self.size_to is not None:
            wanted &= Q(size__lte=self.size_to)
        if self.transport:
            wanted &= Q(_delivery(Q(transport=self.transport)))
        if self.remote_host:
            wanted &= Q(_delivery(Q(remote_host_address=self.remote_host)))
        if self.also:
            wanted &= _any_of(message_branches(self.also, role=self.also_role))
        if self.rule:
            wanted &= Q(Exists(MessageFinding.objects.filter(_of_message(), rule=self.rule)))
        return wanted & _DIRECTIONS[Direction(self.direction)]() if self.direction else wanted

    def of_rejections(self) -> Q:
        """What a rejection has to meet."""
        wanted = Q(account=self.account) if self.account else Q()
        return wanted & _any_of(rejection_branches(self.also, role=self.also_role)) if self.also else wanted


def _if_indexed(branches: Sequence[Condition]) -> Q:
    """One branch that an index answers; else nothing is said, and ``by_looking`` decides."""
    (branch, *others) = branches
    return Q() if others or is_walked(branch) else Q(branch)


def _any_of(branches: Sequence[Condition]) -> Q:
    """Looked at row by row, so no index has to serve each branch. Without a branch nothing is met."""
    return reduce(or_, (Q(branch) for branch in branches), Q(pk__in=[]))


def _of_message() -> Q:
    return Q(log_host_id=OuterRef("log_host_id"), message_id=OuterRef("message_id"))


def _delivery(wanted: Q) -> Exists:
    return Exists(Delivery.objects.filter(_of_message(), wanted))


def _from_outside() -> Q:
    return Q(sender_host_address__isnull=False, authenticated_id=None, received_at__isnull=False)


def _from_here() -> Q:
    return Q(received_at__isnull=False) & (Q(sender_host_address=None) | Q(authenticated_id__isnull=False))


def _stayed() -> Q:
    return Q(_delivery(Q(outcome=Outcome.DELIVERED, remote_host_address=None)))


def _left() -> Q:
    return Q(_delivery(Q(remote_host_address__isnull=False)))


_DIRECTIONS = {
    Direction.IN: lambda: _from_outside() & _stayed(),
    Direction.OUT: lambda: _from_here() & _left(),
    Direction.RELAY: lambda: _from_outside() & _left(),
    Direction.LOCAL: lambda: _from_here() & _stayed(),
    Direction.BOUNCE: lambda: Q(envelope_sender=""),
}
