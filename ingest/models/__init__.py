"""The tables."""

from ingest.assembly import Status
from ingest.models.findings import (
    AddressLogin,
    Finding,
    HourlyVolume,
    HourSign,
    Mark,
    ScriptRuns,
    SubjectState,
    Suspect,
)
from ingest.models.hour_counts import Counted, HourCount
from ingest.models.judged_ranges import JudgedRange, KeptReading
from ingest.models.knowledge import AllowEntry, KnownAccount, Reevaluation
from ingest.models.log_hosts import LocalDomain, LogHost, LoginCount, StoredConfiguration
from ingest.models.messages import Delivery, Message, MessageFinding, Rejection
from ingest.models.pages import LineShare, LogPage
from ingest.models.runs import RETRIED, UNFINISHED, IngestRun, LogFile, Piece, SetAside, State
from ingest.models.sources import Source, SourceFile
from ingest.models.unfinished import Unfinished
from ingest.rules.facts import Outcome

__all__ = [
    "RETRIED",
    "UNFINISHED",
    "AddressLogin",
    "AllowEntry",
    "Counted",
    "Delivery",
    "Finding",
    "HourCount",
    "HourSign",
    "HourlyVolume",
    "IngestRun",
    "JudgedRange",
    "KeptReading",
    "KnownAccount",
    "LineShare",
    "LocalDomain",
    "LogFile",
    "LogHost",
    "LogPage",
    "LoginCount",
    "Mark",
    "Message",
    "MessageFinding",
    "Outcome",
    "Piece",
    "Reevaluation",
    "Rejection",
    "ScriptRuns",
    "SetAside",
    "Source",
    "SourceFile",
    "State",
    "Status",
    "StoredConfiguration",
    "SubjectState",
    "Suspect",
    "Unfinished",
]
