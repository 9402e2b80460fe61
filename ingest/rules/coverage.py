"""What this log cannot tell (S01): which question stays open, and what to set so that the next log answers "
"it."""

from ingest.languages import later, say
from ingest.rules.definition import CoverageGap, Rule, Scope, Severity
from ingest.rules.facts import Coverage, LogHostFacts


def gaps(coverage: Coverage, host: LogHostFacts | None = None) -> tuple[CoverageGap, ...]:
    """The open questions of a log, worst first; none for a log without lines, of which nothing is known."""
    if coverage.first_at is None:
        return ()
    asked = (*_questions(coverage), *(_of_host(host) if host else ()))
    return tuple(_said(gap) for is_there, gap in asked if not is_there)


def _said(gap: CoverageGap) -> CoverageGap:
    return gap._replace(why=say(gap.why), remedy=say(gap.remedy))


def _of_host(host: LogHostFacts) -> tuple[tuple[bool, CoverageGap], ...]:
    """What somebody must say, since no log does."""
    return (
        (bool(host.local_domains), _NO_LOCAL_DOMAINS),
        (not host.local_domains or not host.local_domains_inferred, _INFERRED_DOMAINS),
        (bool(host.known_accounts), _NO_ACCOUNTS),
    )


def _questions(coverage: Coverage) -> tuple[tuple[bool, CoverageGap], ...]:
    return (
        (coverage.has_arrivals, _NO_ARRIVALS),
        (coverage.has_deliveries, _NO_DELIVERIES),
        (coverage.has_rejections, _NO_REJECTIONS),
        (coverage.has_listed_recipients, _NO_LISTED_RECIPIENTS),
        (coverage.has_ports, _NO_PORTS),
        (coverage.has_arguments, _NO_ARGUMENTS),
        (not coverage.has_gaps, _GAPS),
        (coverage.has_history is not False, _NO_HISTORY),
        (coverage.has_countries is not False, _NO_COUNTRIES),
        (coverage.has_networks is not False, _NO_NETWORKS),
    )


_NO_ARRIVALS = CoverageGap(
    "A01",
    later("There are no arrival lines: nobody can be named who sent through this host."),
    later("Add the mainlog."),
)
_NO_DELIVERIES = CoverageGap(
    "R01",
    later("There are no delivery lines: where messages went is not known, so relaying cannot be excluded."),
    later("Add the mainlog of the hours after the arrivals."),
)
_NO_REJECTIONS = CoverageGap(
    "R04",
    later("Nothing was refused in this log: whether a stranger who tries to relay is refused is not proven."),
    later("Try it on the host: exim -bh 203.0.113.1. Or add the rejectlog."),
)
_NO_LISTED_RECIPIENTS = CoverageGap(
    "C09",
    later(
        "Arrivals do not list their recipients: a recipient is known only once it was tried, and the first "
        "address before aliasing only where the delivery shows it."
    ),
    "log_selector = +received_recipients",
    "+received_recipients",
)
_NO_PORTS = CoverageGap(
    "C12",
    later("The log has no ports: messages of one connection cannot be told from those of another."),
    "log_selector = +incoming_port",
    "+incoming_port",
)
_GAPS = CoverageGap(
    "S01",
    later(
        "There are hours without a single line: what happened in them is not known, and messages that were completed "
        "then look as if they still waited (Q02)."
    ),
    later("Add the logs of these hours. If the host was off, nothing is missing."),
)
_NO_LOCAL_DOMAINS = CoverageGap(
    "R01",
    later(
        "Which domains are local is not known: relaying is only suspected, and false senders are not judged (L04)."
    ),
    later("Give the local domains, or the configuration."),
)
_INFERRED_DOMAINS = CoverageGap(
    "R01",
    later(
        "Which domains are local was inferred from what was delivered here: what rests on it is one step less severe."
    ),
    later("Give the local domains, or the configuration."),
)
_NO_ACCOUNTS = CoverageGap(
    "A03",
    later(
        "Which accounts there are is not known: a login under a name that is no account cannot be told (A03)."
    ),
    later("Compare the names that logged in with your accounts."),
)
_NO_ARGUMENTS = CoverageGap(
    "S01",
    later(
        "The log does not say which directory a program ran in that sent mail: a local script cannot be named."
    ),
    "log_selector = +arguments",
    "+arguments",
)

_NO_HISTORY = CoverageGap(
    "C07",
    later(
        "The log spans less than two weeks: whether an account came from a new place, sent far more than usual, "
        "wrote to new domains, or logged in under a name that is none is not judged (C05, C07, C08; A03 without the "
        "accounts)."
    ),
    later("Add the older logs too."),
)
_NO_COUNTRIES = CoverageGap(
    "C04",
    later(
        "There is no readable file of countries: whether an account was used from several countries is not judged."
    ),
    later("MAILWATCH_COUNTRY_DB names the file; manage.py check says what is wrong with it."),
)
_NO_NETWORKS = CoverageGap(
    "C04",
    later(
        "There is no file of networks (AS): accounts are compared by countries, but not by operators' networks."
    ),
    later("MAILWATCH_ASN_DB names such a file."),
)


def log_selector(found: tuple[CoverageGap, ...]) -> str | None:
    """One setting that closes all gaps that a setting can close, None if there are none."""
    items = [gap.selector for gap in found if gap.selector]
    return f"log_selector = {' '.join(items)}" if items else None


COVERAGE = Rule(
    code="S01",
    title="What this log cannot tell",
    severity=Severity.INFO,
    scope=Scope.LOG_HOST,
    explanation=(
        "Exim logs what log_selector asks for. What is not logged cannot be judged, so it is said beside "
        "every verdict."
    ),
    guards=("Missing recipients, ports or directories do not weaken the answer about the open relay.",),
    next_steps=("Extend log_selector as shown and reload Exim. Lines already written do not change.",),
    coverage=gaps,
)
