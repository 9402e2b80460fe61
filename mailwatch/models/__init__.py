"""What pages keep of their own: reports, uploads, searches, alerts, tokens, how somebody reads, and who was invited."""

from mailwatch.models.abuse_contacts import AbuseContact
from mailwatch.models.alerts import Alert, AlertChoice, AlertDelivery, SeenAttack, Webhook
from mailwatch.models.api_tokens import ApiToken, Scope
from mailwatch.models.daily_reports import DailyMail, DailyRecipient
from mailwatch.models.incidents import (
    Incident,
    IncidentEvidence,
    IncidentNote,
    IncidentStep,
    IncidentVerdict,
    evidence_digest,
)
from mailwatch.models.invitations import Invitation
from mailwatch.models.people import Access, Preferences, Role
from mailwatch.models.saved_searches import SavedSearch
from mailwatch.models.shared_reports import (
    ReportOpening,
    SharedReport,
    SharedReportQuerySet,
    SharingStop,
    WrongGuess,
    digest_of,
    new_token,
)
from mailwatch.models.trail import TrailEntry, TrailKind, TrailOutcome
from mailwatch.models.uploads import Upload, UploadPiece

__all__ = [
    "AbuseContact",
    "Access",
    "Alert",
    "AlertChoice",
    "AlertDelivery",
    "ApiToken",
    "DailyMail",
    "DailyRecipient",
    "Incident",
    "IncidentEvidence",
    "IncidentNote",
    "IncidentStep",
    "IncidentVerdict",
    "Invitation",
    "Preferences",
    "ReportOpening",
    "Role",
    "SavedSearch",
    "Scope",
    "SeenAttack",
    "SharedReport",
    "SharedReportQuerySet",
    "SharingStop",
    "TrailEntry",
    "TrailKind",
    "TrailOutcome",
    "Upload",
    "UploadPiece",
    "Webhook",
    "WrongGuess",
    "digest_of",
    "evidence_digest",
    "new_token",
]
