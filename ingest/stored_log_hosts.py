"""What is known of a log host, read from rows: said by somebody, by its configuration, or by what its files held."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import ip_network
from itertools import pairwise

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Max, Min

from ingest import countries
from ingest.exim.configuration import Configuration, read
from ingest.models import HourlyVolume, KnownAccount, LogFile, LogHost, LoginCount, Unfinished
from ingest.rules.definition import Limits
from ingest.rules.facts import Coverage, LogHostFacts, LoginCounts
from ingest.rules.limits import kept
from ingest.rules.thresholds import threshold

FEATURES = (
    "arrivals",
    "deliveries",
    "listed_recipients",
    "ports",
    "interface",
    "subjects",
    "arguments",
    "rejections",
    "connections",
    "local_arrivals",
)
"""What LogFile.features may name: each is Coverage.has_NAME."""


def log_host_facts(log_host: LogHost) -> LogHostFacts:
    """What is known of a log host now: typed in, from its configuration, or inferred from its log."""
    configuration = stored_configuration(log_host)
    domains, inferred = local_domains(log_host.local_domains, configuration, log_host.inferred_local_domains)
    networks = tuple(ip_network(text, strict=False) for text in log_host.trusted_networks)
    limits = limits_of(log_host)
    logins = LoginCount.objects.filter(log_host=log_host)
    addresses = [
        *LogFile.objects.filter(log_host=log_host).values_list("own_addresses", flat=True),
        *Unfinished.objects.filter(log_host=log_host).values_list("own_addresses", flat=True),
    ]
    return LogHostFacts(
        name=log_host.name,
        local_domains=domains,
        local_domains_inferred=inferred,
        trusted_networks=networks + configuration.trusted_networks(limits.strangers_network),
        own_addresses=frozenset(log_host.own_addresses).union(*addresses),
        smarthosts=tuple(map(ip_network, log_host.smarthosts)),
        known_accounts=_known_accounts(log_host.pk, log_host.knowledge_changed_at),
        limits=limits,
        logins={
            count.authenticator: LoginCounts(count.named, count.nameless, count.unrecorded)
            for count in logins
        },
        zone=log_host.zone,
        origins=countries.edition(),
    )


@lru_cache(maxsize=8)  # asked for with each batch; a list may be long
def _known_accounts(log_host_id: int, changed_at: datetime | None) -> frozenset[str]:
    """As of the last change, or a later one."""
    if changed_at is None:
        return frozenset()
    return frozenset(KnownAccount.objects.filter(log_host_id=log_host_id).values_list("account", flat=True))


def limits_of(log_host: LogHost) -> Limits:
    """The thresholds that hold for a log host: its own, else those of MAILWATCH_LIMITS, else the defaults."""
    return limits_of_all().changed(log_host.limits)


def limits_of_all() -> Limits:
    """The thresholds of all log hosts that have none of their own. Raises ImproperlyConfigured."""
    try:
        typed = {name: kept(threshold(name).read(text)) for name, text in settings.MAILWATCH_LIMITS.items()}
    except ValueError as error:
        raise ImproperlyConfigured(f"MAILWATCH_LIMITS: {error}") from error
    return Limits().changed(typed)


def stored_configuration(log_host: LogHost) -> Configuration:
    """All stored texts of a log host read as one: an authenticator may stand in another text than the options."""
    return read("\n".join(stored.text for stored in log_host.configurations.all()))


def local_domains(
    given: Iterable[str], configuration: Configuration, inferred: Iterable[str]
) -> tuple[frozenset[str], bool]:
    """The local domains, and whether the log had to help: only a typed list or a list of a configuration is whole."""
    typed = frozenset(given)
    if typed:
        return typed, False
    if "local_domains" in configuration.named_lists:
        return configuration.local_domains, False
    return configuration.local_domains | frozenset(inferred), True


def coverage(log_host: LogHost, since: datetime | None = None, until: datetime | None = None) -> Coverage:
    """What the files of a log host contained, of a range if one is given."""
    files = LogFile.objects.filter(log_host=log_host, first_at__isnull=False)
    if since is not None:
        files = files.filter(last_at__gte=since)
    if until is not None:
        files = files.filter(first_at__lt=until)
    features = files.values_list("features", "unfinished__features")
    seen = {feature for of_file in features for of_part in of_file for feature in of_part or ()}
    span = files.aggregate(first_at=Min("first_at"), last_at=Max("last_at"))
    first_at, last_at = span["first_at"], span["last_at"]
    first_at = max(first_at, since) if first_at and since else first_at
    last_at = min(last_at, until) if last_at and until else last_at
    return Coverage(
        **{f"has_{feature}": feature in seen for feature in FEATURES},
        **known_beside(first_at, last_at, limits_of(log_host)),
        has_gaps=_has_gaps(log_host, since, until),
        first_at=first_at,
        last_at=last_at,
    )


def _has_gaps(log_host: LogHost, since: datetime | None, until: datetime | None) -> bool:
    """Whether there are so many hours on end without a line, between two with some."""
    hours = HourlyVolume.objects.filter(log_host=log_host)
    if since is not None:
        hours = hours.filter(hour__gte=since)
    if until is not None:
        hours = hours.filter(hour__lt=until)
    silence = limits_of(log_host).silence
    return any(
        later - earlier > silence
        for earlier, later in pairwise(hours.order_by("hour").values_list("hour", flat=True))
    )


def known_beside(
    first_at: datetime | None, last_at: datetime | None, limits: Limits | None = None
) -> dict[str, bool]:
    """What is known besides the lines: fields of ``Coverage``. Takes the span that is judged."""
    span = last_at - first_at if first_at and last_at else timedelta()
    return {
        "has_countries": countries.country_file().is_read,
        "has_networks": countries.knows_networks(),
        "has_history": span >= (limits or Limits()).history,
    }
