"""What pages keep of their own: frozen reports, uploads still arriving, searches, and how somebody reads."""

from mailwatch.models.daily_reports import DailyMail, DailyRecipient
from mailwatch.models.people import Access, Preferences, Role
from mailwatch.models.saved_searches import SavedSearch
from mailwatch.models.shared_reports import (
    DEFAULT_DAYS,
    LONGEST_DAYS,
    SharedReport,
    SharedReportQuerySet,
    new_token,
)
from mailwatch.models.uploads import Upload, UploadPiece

__all__ = [
    "DEFAULT_DAYS",
    "LONGEST_DAYS",
    "Access",
    "DailyMail",
    "DailyRecipient",
    "Preferences",
    "Role",
    "SavedSearch",
    "SharedReport",
    "SharedReportQuerySet",
    "Upload",
    "UploadPiece",
    "new_token",
]
