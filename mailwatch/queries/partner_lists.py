"""The lists of partners that pages of subjects choose from, and the search behind a row of each."""

from collections.abc import Callable, Mapping

from ingest.languages import later
from ingest.models import Status
from mailwatch.queries.partners import Of, PartnerList
from mailwatch.queries.terms import TermKind


def domain_of(address: str | None) -> str | None:
    """What stands behind the last @, in small letters; None without one, and for the null sender."""
    return address.rpartition("@")[2].lower() if address and "@" in address else None


def _also(kind: TermKind, role: str = "") -> Callable[[str], Mapping[str, str]]:
    """A second thing that a message must meet (``search_forms``: also)."""
    return lambda value: {"also": value, "also_kind": str(kind)} | ({"also_role": role} if role else {})


def _filter(name: str) -> Callable[[str], Mapping[str, str]]:
    return lambda value: {name: value}


SENDER_HOSTS = PartnerList(
    name="sender_hosts", title=later("Sender hosts"), of=Of.MESSAGES, field="sender_host_address", page="sender",
    none=later("this server itself"), search=_also(TermKind.NETWORK),
)  # fmt: skip
HOST_NAMES = PartnerList(
    name="host_names", title=later("Verified names"), of=Of.MESSAGES, field="sender_host_name",
    none=later("none"),
    is_partner=False,
)  # fmt: skip
HELO_NAMES = PartnerList(
    name="helo_names", title=later("HELO names"), of=Of.MESSAGES, field="helo_name",
    none=later("none, or the verified name"), is_partner=False,
)  # fmt: skip
AUTHENTICATORS = PartnerList(
    name="authenticators", title=later("Authenticators"), of=Of.MESSAGES, field="authenticator",
    none=later("not logged in"), is_partner=False,
)  # fmt: skip
ACCOUNTS = PartnerList(
    name="accounts", title=later("Accounts"), of=Of.MESSAGES, field="authenticated_id", page="account",
    none=later("not logged in, or not named"), empty=later("no user name"), search=_filter("account"),
)  # fmt: skip
ENVELOPE_SENDERS = PartnerList(
    name="envelope_senders", title=later("Envelope senders"), of=Of.MESSAGES, field="envelope_sender", page="address",
    none=later("not in this log"), empty=later("null sender"), search=_also(TermKind.ADDRESS, "sender"),
)  # fmt: skip
SENDER_DOMAINS = PartnerList(
    name="sender_domains", title=later("Sender domains"), of=Of.MESSAGES, field="envelope_sender", page="domain",
    reading=domain_of, search=_also(TermKind.DOMAIN, "sender"),
)  # fmt: skip
RECIPIENT_DOMAINS = PartnerList(
    name="recipient_domains", title=later("Recipient domains"), of=Of.RECIPIENTS, field="recipient", page="domain",
    reading=domain_of, none=later("without a domain: on this server"), search=_also(TermKind.DOMAIN, "recipient"),
)  # fmt: skip
RECIPIENTS = PartnerList(
    name="recipients", title=later("Recipients"), of=Of.RECIPIENTS, field="recipient", page="address",
    search=_also(TermKind.ADDRESS, "recipient"),
)  # fmt: skip
TRANSPORTS = PartnerList(
    name="transports", title=later("Transports"), of=Of.RECIPIENTS, field="transport", page="transport",
    none=later("not delivered yet, or not logged"), search=_filter("transport"),
)  # fmt: skip
REMOTE_HOST_NAMES = PartnerList(
    name="remote_host_names", title=later("Its names"), of=Of.RECIPIENTS, field="remote_host_name", none=later("none"),
    is_partner=False,
)  # fmt: skip
REMOTE_HOSTS = PartnerList(
    name="remote_hosts", title=later("Remote hosts"), of=Of.RECIPIENTS, field="remote_host", page="remote_host",
    none=later("on this server, or none reached"), search=_filter("remote_host"),
)  # fmt: skip
ACCOUNTS_TRIED = PartnerList(
    name="accounts_tried", title=later("Tried to log in as"), of=Of.LOGINS, field="account", page="account",
    search=lambda value: {"account": value, "status": str(Status.REJECTED)},
)  # fmt: skip
REFUSED_HOSTS = PartnerList(
    name="refused_hosts", title=later("Refused, or failed to log in"), of=Of.REFUSALS, field="sender_host_address",
    page="sender", search=lambda value: {**_also(TermKind.NETWORK)(value), "status": str(Status.REJECTED)},
)  # fmt: skip
REASONS = PartnerList(
    name="reasons", title=later("Refused because"), of=Of.REJECTIONS, field="reason", is_partner=False,
    search=lambda reason: {"status": str(Status.REJECTED), "reason": reason},
)  # fmt: skip
