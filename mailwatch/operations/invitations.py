"""Invitations: made by an administrator, handed over as a link that holds once, withdrawn."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.utils.translation import gettext

from ingest import granted
from ingest.granted import Granted
from mailwatch import trail
from mailwatch.access import Permission, may
from mailwatch.models import Access, Invitation, Role, digest_of, new_token
from mailwatch.operations.users import NotChanged, Wanted, check_granted

_log = logging.getLogger(__name__)


@transaction.atomic
def invite(*, by: User, email: str, wanted: Wanted, giver: Granted, at: datetime) -> tuple[Invitation, str]:
    """An invitation and the token of its link, which is kept nowhere in clear. Raises NotChanged."""
    check_granted(wanted, giver)
    token = new_token()
    invitation = Invitation.objects.create(
        token_digest=digest_of(token),
        email=email,
        role=wanted.role,
        has_all_log_hosts=wanted.has_all_log_hosts,
        made_by=by,
        made_at=at,
        expires_at=at + timedelta(days=settings.MAILWATCH_INVITATION_DAYS),
    )
    invitation.log_hosts.set(() if wanted.has_all_log_hosts else wanted.log_hosts)
    trail.tell(subject=email or f"invitation {invitation.pk}", details={"role": str(wanted.role)})
    return invitation, token


def send(invitation: Invitation, link: str) -> bool:
    """Mail the link. Says whether it went out: not without a mail server, an address, or an address of the pages."""
    if not (settings.MAIL_SERVER and settings.MAILWATCH_URL and invitation.email):
        return False
    context = {"invitation": invitation, "link": link}
    text = render_to_string("users/invitation_mail.txt", context)
    mail = EmailMessage(gettext("Invitation to Mailwatch"), text, to=[invitation.email])
    try:
        mail.send()
    except OSError as error:  # smtplib's errors are of it too
        _log.warning("invitation to %s: %s", invitation.email, error)
        return False
    return True


def opened(token: str, *, at: datetime) -> Invitation | None:
    """The invitation of a link; None for what never was, is over, was used or withdrawn, or whose maker is gone."""
    invitation = Invitation.objects.select_related("made_by").filter(token_digest=digest_of(token)).first()
    if invitation is None or not invitation.is_open(at):
        return None
    return invitation if may(invitation.made_by, Permission.USERS) else None


@transaction.atomic
def join(token: str, *, username: str, password: str, at: datetime) -> User:
    """Make the invited somebody a user. Raises NotChanged where the link no longer holds, or the name is taken."""
    list(Invitation.objects.select_for_update().filter(token_digest=digest_of(token)))  # of two at once, one
    invitation = opened(token, at=at)
    if invitation is None:
        raise NotChanged(gettext("This invitation no longer holds."))
    try:
        with transaction.atomic():
            user = User.objects.create_user(username, invitation.email, password)
    except IntegrityError:
        raise NotChanged(gettext("This name is taken. Choose another one.")) from None
    user.is_superuser = user.is_staff = invitation.role == Role.ADMINISTRATOR
    user.save(update_fields=["is_superuser", "is_staff"])
    access = Access.objects.create(
        user=user, role=invitation.role, has_all_log_hosts=invitation.has_all_log_hosts
    )
    with granted.everything():
        access.log_hosts.set(invitation.log_hosts.all())
    invitation.used_at, invitation.used_by = at, user
    invitation.save(update_fields=["used_at", "used_by"])
    trail.tell(details={"role": invitation.role, "invited by": invitation.made_by.get_username()})
    return user


def withdraw(invitation: Invitation, *, at: datetime) -> None:
    Invitation.objects.filter(pk=invitation.pk, used_at=None, withdrawn_at=None).update(withdrawn_at=at)


def is_seen(person_reads: Granted, invitation: Invitation) -> bool:
    """An administrator sees invitations to no more than they may read themselves."""
    ids = Invitation.log_hosts.through._default_manager.filter(invitation_id=invitation.pk)
    found = frozenset(ids.values_list("loghost_id", flat=True))
    return person_reads.covers(Granted(None if invitation.has_all_log_hosts else found))
