"""What pages keep of their own: frozen reports, uploads, searches, how somebody reads, and who was invited."""

from mailwatch.models.abuse_contacts import AbuseContact
from mailwatch.models.daily_reports import DailyMail, DailyRecipient
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
from mailwatch.models.uploads import Upload, UploadPiece

__all__ = [
    "AbuseContact",
    "Access",
    "DailyMail",
    "DailyRecipient",
    "Invitation",
    "Preferences",
    "ReportOpening",
    "Role",
    "SavedSearch",
    "SharedReport",
    "SharedReportQuerySet",
    "SharingStop",
    "Upload",
    "UploadPiece",
    "WrongGuess",
    "digest_of",
    "new_token",
]
