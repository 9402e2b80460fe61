"""Mails to somebody about their own account: what was changed, when, and from where."""

import logging
from collections.abc import Callable
from datetime import datetime
from threading import Thread
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ingest.languages import ENGLISH
from mailwatch.models import Preferences

_log = logging.getLogger(__name__)

# What somebody did themselves, by the names that django-allauth has for it.
CHANGED: dict[str, Any] = {
    "account/email/password_changed": _("Your password was changed."),
    "account/email/password_set": _("A password was set for you."),
    "account/email/password_reset": _("Your password was replaced, by a link that was mailed to you."),
    "mfa/email/totp_activated": _("An app for codes was added to your account."),
    "mfa/email/totp_deactivated": _("The app for codes was removed from your account."),
    "mfa/email/webauthn_added": _("A passkey was added to your account."),
    "mfa/email/webauthn_removed": _("A passkey was removed from your account."),
    "mfa/email/recovery_codes_generated": _("New recovery codes were made for your account."),
    "socialaccount/email/account_connected": _("An identity provider was connected with your account."),
}
PASSWORD_BY_ADMINISTRATOR = _("An administrator made a new password for you.")
FACTORS_BY_ADMINISTRATOR = _("An administrator removed your second factor, passkeys and recovery codes.")


def tell(user: User, what: Any, *, address: str, at: datetime) -> None:
    """Mail somebody, in their language, what was changed. Nothing without a mail server or a mail address."""
    if not (settings.MAIL_SERVER and user.email):
        return
    with translation.override(_language(user)):
        context = {"what": str(what), "name": user.get_username(), "address": address, "at": at}
        text = render_to_string("users/changed_mail.txt", context)
        mail = EmailMessage(gettext("Your account in Mailwatch was changed"), text, to=[user.email])
    send_beside(lambda: mail)


def send_beside(made: Callable[[], EmailMessage]) -> None:
    """Make and send a mail beside the answer, which would else take longer where there is somebody to mail."""
    Thread(target=_sent, args=[made, translation.get_language()], daemon=True).start()


def _sent(made: Callable[[], EmailMessage], language: str) -> None:
    try:
        with translation.override(language):
            made().send()
    except OSError as error:  # smtplib's errors are of it too
        _log.warning("a mail about an account was not sent: %s", error)


def _language(user: User) -> str:
    return Preferences.objects.filter(user=user).values_list("language", flat=True).first() or ENGLISH
