"""What a suspect shares with an incident: itself, its attack, an account, a network that only tries.

As the report puts suspects together (``mailwatch.queries.attacks``): a new suspect that has a tie with one of an
incident belongs to it.
"""

from ingest.models import LogHost
from ingest.rules.relays import SubjectReport
from mailwatch.queries.attacks import ties_of
from mailwatch.queries.suspects import Suspect


def ties(log_host: LogHost, report: SubjectReport) -> list[str]:
    """Of one suspect; those of two log hosts have nothing to do with each other."""
    own = f"is {report.kind} {report.value}"
    shared = ties_of(Suspect(log_host=log_host, report=report)) if report.findings else ()
    return sorted({own, *shared})
