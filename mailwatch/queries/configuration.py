"""What a configuration text shows, and what is kept of each log host."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.classification import configuration_findings
from ingest.exim.configuration import MASK, Configuration, read
from ingest.models import LogHost, StoredConfiguration
from ingest.rules.configuration import ConfigurationFinding, audit
from ingest.rules.definition import SEVERITIES, Limits, Severity, State
from ingest.rules.verdict import Answer
from ingest.stored_log_hosts import stored_configuration

_DEFAULTS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """The findings on one configuration, by what they say."""

    configuration: Configuration
    findings: Sequence[ConfigurationFinding]

    @property
    def bad(self) -> list[ConfigurationFinding]:
        """Worst first; those that count."""
        found = [
            finding for finding in self.findings if finding.state is State.BAD and finding.allowed_by is None
        ]
        return sorted(found, key=lambda finding: finding.severity.rank)

    @property
    def allowed(self) -> list[ConfigurationFinding]:
        """Bad ones that somebody has allowed: they do not count."""
        return [finding for finding in self.findings if finding.allowed_by is not None]

    @property
    def undecided(self) -> list[ConfigurationFinding]:
        return [finding for finding in self.findings if finding.state is State.UNDECIDED]

    @property
    def fine(self) -> list[ConfigurationFinding]:
        return [finding for finding in self.findings if finding.state is State.OK]

    @property
    def answer(self) -> Answer:
        """Whether strangers get in, or may relay, by this text: what a critical rule says of it."""
        if any(finding.severity is Severity.CRITICAL for finding in self.bad):
            return Answer.YES
        if any(finding.severity is Severity.CRITICAL for finding in self.undecided):
            return Answer.UNKNOWN
        return Answer.NO

    @property
    def severities(self) -> list[tuple[Severity, int]]:
        """How many bad findings there are of each severity, worst first."""
        counts = Counter(finding.severity for finding in self.bad)
        return [(severity, counts[severity]) for severity in SEVERITIES if counts[severity]]

    @property
    def masked_lines(self) -> list[str]:
        """The lines in which something was hidden; they no longer hold it."""
        return [line.strip() for line in self.configuration.text.splitlines() if MASK in line]


def audited(text: str, limits: Limits = _DEFAULTS) -> Audit:
    """Read and judge a text; nothing is stored, nothing is run."""
    configuration = read(text)
    return Audit(configuration=configuration, findings=audit(configuration, limits))


def stored() -> list[StoredConfiguration]:
    """What is kept, by log host."""
    return list(StoredConfiguration.objects.select_related("log_host").order_by("log_host__name", "pk"))


def audited_log_host(log_host: LogHost) -> Audit | None:
    """The audit of everything kept for a log host; None where nothing is."""
    findings = configuration_findings(log_host)
    return Audit(configuration=stored_configuration(log_host), findings=findings) if findings else None
