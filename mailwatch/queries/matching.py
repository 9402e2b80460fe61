"""Conditions on messages, deliveries and rejections, each answered by an index of the ingest tables.

Addresses are indexed backwards and in lower case (``reverse(lower(address)) COLLATE "C"``), so that one index
serves the whole address (equality) and its domain (prefix); and by their first characters, forwards.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_

from django.db.models import (
    BooleanField,
    Case,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Collate, Left, Lower, Reverse
from django.db.models.lookups import Exact, IsNull, Lookup, StartsWith

from ingest.exim.message_id import first_id
from ingest.models import Delivery, Message, Rejection
from mailwatch.queries.ranges import Bounds
from mailwatch.queries.terms import Network, Term, TermKind

type Condition = Q | Combinable | Lookup[bool]

# A message may wait on the spool for days before the first line of it that we have.
_WAITS_AT_MOST = timedelta(days=31)
_CLOCK_ERROR = timedelta(days=1)  # a zone that is set wrongly
_FEW = 5_000  # delivery lines
BEGINNING = 8  # characters of an address that are indexed
_REJECTION_KEY = re.compile(r"(\d{8}T\d{6}(?:\.\d{6})?Z)-([0-9a-f]{16})-([0-9]{1,4})", re.ASCII)


def messages_within(bounds: Bounds, *, prefix: str = "") -> Q:
    """Messages whose earliest line lies in the range; ids are bounded too, so that partitions are skipped.

    ``prefix`` leads from rows that have the id to their message.
    """
    within = Q()
    if bounds.since:
        within &= Q(
            **{f"{prefix}first_at__gte": bounds.since}, message_id__gte=id_at(bounds.since - _WAITS_AT_MOST)
        )
    if bounds.until:
        within &= Q(
            **{f"{prefix}first_at__lt": bounds.until}, message_id__lt=id_at(bounds.until + _CLOCK_ERROR)
        )
    return within


def attempts_about(bounds: Bounds) -> Q:
    """Delivery lines of all messages in the range, and of few others: what can be said without their messages."""
    within = Q()
    if bounds.since:
        within &= Q(logged_at__gte=bounds.since, message_id__gte=id_at(bounds.since - _WAITS_AT_MOST))
    if bounds.until:
        before = Message.objects.filter(
            log_host_id=OuterRef("log_host_id"), message_id=OuterRef("message_id"), first_at__lt=bounds.until
        )
        within &= Q(message_id__lt=id_at(bounds.until)) | Q(
            Exists(before), message_id__lt=id_at(bounds.until + _CLOCK_ERROR)
        )
    return within


def rejections_within(bounds: Bounds) -> Q:
    within = Q()
    if bounds.since:
        within &= Q(logged_at__gte=bounds.since)
    if bounds.until:
        within &= Q(logged_at__lt=bounds.until)
    return within


def id_at(at: datetime) -> str:
    """``first_id``, or an id before or behind all others where no id holds that time."""
    try:
        return first_id(at)
    except ValueError:
        return "" if at.year < 2000 else "zzzzzz"


def address_is(field: str, address: str) -> Condition:
    return Exact(_backwards(field), address.lower()[::-1])


def domain_is(field: str, domain: str) -> Condition:
    return StartsWith(_backwards(field), f"@{domain}".lower()[::-1])


def begins_with(field: str, beginning: str) -> Q:
    """By the index of the first characters; what is longer is compared row by row."""
    beginning = beginning.lower()
    first = Collate(Left(Lower(F(field)), BEGINNING), "C")
    if len(beginning) < BEGINNING:
        return Q(StartsWith(first, beginning))
    # the planner takes the two for independent, and so few for found that it reads them again for each message;
    # of a CASE it thinks that half are
    rest = StartsWith(Collate(Lower(F(field)), "C"), beginning)
    is_so = Case(When(rest, then=Value(True)), default=Value(False), output_field=BooleanField())
    return Q(Exact(first, beginning[:BEGINNING])) & Q(is_so)


def header_is(header_message_id: str) -> Q:
    """Messages with a Message-ID, by the index of its hash."""
    same_hash = Exact(_Hash("header_message_id"), _Hash(Value(header_message_id)))
    return Q(header_message_id=header_message_id) & Q(same_hash)


class _Hash(Func):
    function = "hashtext"
    output_field = IntegerField()


def host_in(field: str, network: Network) -> Q:
    if network.num_addresses == 1:
        return Q(**{field: str(network.network_address)})
    return Q(**{f"{field}__range": (str(network[0]), str(network[-1]))})


def message_branches(term: Term, *, role: str = "") -> Sequence[Condition]:
    """Conditions of which a message must meet at least one; one query each, because OR defeats the indexes.

    ``role`` narrows an address or domain to "sender" or "recipient".
    """
    match term.kind:
        case TermKind.ADDRESS | TermKind.DOMAIN | TermKind.BEGINNING:
            return _correspondents(term, role)
        case TermKind.NETWORK:
            return (host_in("sender_host_address", _of(term)),)
        case TermKind.ACCOUNT:
            return (Q(authenticated_id=term.value), *((_local_user(term),) if term.value else ()))
        case TermKind.HEADER:
            return (header_is(term.value),)
        case TermKind.MESSAGE_ID:
            return (Q(message_id=term.value), Q(parent_message_id=term.value))
    return (Q(),)


def rejection_branches(term: Term, *, role: str = "") -> Sequence[Condition]:
    """As ``message_branches``, for rejections. Empty: no rejection can match."""
    match term.kind:
        case TermKind.ADDRESS | TermKind.DOMAIN | TermKind.BEGINNING:
            fields = {"sender": ("envelope_sender",), "recipient": ("recipient",)}
            matches = _matcher(term)
            found = [
                matches(field, term.value) for field in fields.get(role, ("envelope_sender", "recipient"))
            ]
            return (*found, Q(account=term.value)) if _is_account_too(term, role) else found
        case TermKind.NETWORK:
            return (host_in("sender_host_address", _of(term)),)
        case TermKind.ACCOUNT:
            return (Q(account=term.value),) if term.value else ()
        case TermKind.EVERYTHING:
            return (Q(),)
    return ()


def delivery_matches(term: Term) -> Condition | None:
    """The deliveries that made a message match, to show that recipient of many; None: any."""
    if term.kind not in CORRESPONDENTS:
        return None
    matches = _matcher(term)
    return _either(matches("recipient", term.value), matches("original_recipient", term.value))


def with_delivery(condition: Condition) -> Condition:
    """Messages with a delivery line that meets ``condition``.

    The planner cannot know how frequent a domain is, so this looks: of few lines the messages are named by their
    keys, which it can count; where there are many, going through the messages in the order of the list finds a page
    soonest. (A scalar subquery, because PostgreSQL turns EXISTS into a join of everything.)
    """
    lines = Delivery.objects.filter(condition)
    keys = list(lines.values_list("log_host_id", "message_id")[: _FEW + 1])
    if len(keys) <= _FEW:
        return _of_keys(keys)
    of_message = lines.filter(log_host_id=OuterRef("log_host_id"), message_id=OuterRef("message_id"))
    return IsNull(Subquery(of_message.values("digest")[:1]), False)


def _of_keys(keys: Iterable[tuple[int, str]]) -> Q:
    ids: dict[int, set[str]] = {}
    for log_host_id, message_id in keys:
        ids.setdefault(log_host_id, set()).add(message_id)
    named = (Q(one_of("message_id", sorted(known)), log_host_id=host) for host, known in ids.items())
    return reduce(or_, named, Q(pk__in=[]))


class _AnyOf(Func):
    """One of some thousand ids, handed over as one text: to write and read a list takes longer than the search."""

    template = "%(expressions)s, ' '))"
    arg_joiner = " = ANY(string_to_array("
    output_field = BooleanField()


def one_of(name: str, ids: Iterable[str]) -> Condition:
    """Rows whose ``name`` is one of many message ids."""
    return _AnyOf(F(name), Value(" ".join(ids), output_field=TextField()))


def is_walked(condition: Condition) -> bool:
    """Whether ``with_delivery`` goes through the messages: too many lines meet it."""
    return isinstance(condition, IsNull)


def delivery_lines(term: Term, *, role: str = "") -> list[QuerySet[Delivery]]:
    """The delivery lines to a recipient of CORRESPONDENTS, each list by an index of its own."""
    if role == "sender":
        return []
    matches = _matcher(term)
    return [
        Delivery.objects.filter(matches(field, term.value)) for field in ("recipient", "original_recipient")
    ]


def findable_rejections(term: Term) -> QuerySet[Rejection]:
    """The rejections of a list that are not in it as a message.

    What was refused after its text is a message without an arrival: a list of everything has it, and no search by
    sender, recipient, client or account finds it.
    """
    if term.kind is TermKind.EVERYTHING:
        return Rejection.objects.filter(message_id=None)
    return Rejection.objects.all()


def rejection_key(rejection: Rejection) -> str:
    """What names a rejection in a URL, on its log host: "20260302T110000Z-9f3c12ab34cd56ef-0"."""
    at = rejection.logged_at.astimezone(UTC).replace(tzinfo=None).isoformat()
    digest = rejection.digest & (1 << 64) - 1
    return f"{at.replace('-', '').replace(':', '')}Z-{digest:016x}-{rejection.copy}"


def rejection_is(key: str) -> Q | None:
    """The rejection that ``rejection_key`` names; None for text that is no such name."""
    match = _REJECTION_KEY.fullmatch(key)
    if match is None:
        return None
    try:
        at = datetime.fromisoformat(match[1])
    except ValueError:
        return None
    digest = int.from_bytes(bytes.fromhex(match[2]), signed=True)
    return Q(logged_at=at, digest=digest, copy=int(match[3]))


def _correspondents(term: Term, role: str) -> Sequence[Condition]:
    if role == "sender":
        return sent_branches(term, role=role)
    matches = _matcher(term)
    recipients = [with_delivery(matches(field, term.value)) for field in ("recipient", "original_recipient")]
    return (*sent_branches(term, role=role), *recipients)


def sent_branches(term: Term, *, role: str = "") -> Sequence[Condition]:
    """Those of ``message_branches`` that look at the message itself: who sent it, as whom it was handed in."""
    if role == "recipient":
        return ()
    sender = _matcher(term)("envelope_sender", term.value)
    return (sender, Q(authenticated_id=term.value)) if _is_account_too(term, role) else (sender,)


def _is_account_too(term: Term, role: str) -> bool:
    """People log in with their address."""
    return term.kind is TermKind.ADDRESS and not role


def _matcher(term: Term) -> Callable[[str, str], Condition]:
    return _MATCHERS[term.kind]


_MATCHERS: Mapping[TermKind, Callable[[str, str], Condition]] = {
    TermKind.ADDRESS: address_is,
    TermKind.DOMAIN: domain_is,
    TermKind.BEGINNING: begins_with,
}
CORRESPONDENTS = frozenset(_MATCHERS)  # kinds that name who writes to whom


def _local_user(term: Term) -> Q:
    return Q(local_user=term.value, sender_host_address=None)


def _of(term: Term) -> Network:
    assert term.network is not None
    return term.network


def _either(one: Condition, other: Condition) -> Q:
    return Q(one) | Q(other)


def _backwards(field: str) -> Collate:
    return Collate(Reverse(Lower(F(field))), "C")
