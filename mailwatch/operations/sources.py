"""Sources: kept, looked at, paused, removed. What they were read of stays when they go."""

import logging
from dataclasses import dataclass, field

from django.db import transaction
from kombu.exceptions import OperationalError

from ingest import pipeline, syncing, tasks
from ingest.models import Source
from ingest.sources import sftp
from ingest.sources.places import Unreachable

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInput:
    """A source as somebody wants it. Empty credentials: those that are kept stay."""

    url: str
    log_host: str
    timezone: str
    patterns: str
    every_minutes: int
    password: str = field(default="", repr=False)
    private_key: str = field(default="", repr=False)
    host_key: str = ""


@transaction.atomic
def save(wanted: SourceInput, source: Source | None = None) -> Source:
    """Keep a new source, or change one; what is asked of it is read soon.

    Credentials that are kept go to the machine and the user that they were entered for, and to no other.
    Raises ValueError, with one sentence, for a log host or a zone that cannot be.
    """
    log_host, _ = pipeline.log_host(wanted.log_host, wanted.timezone or None)
    source = source or Source()
    if source.pk and _peer(source.url) != _peer(wanted.url):
        source.sealed_password = source.sealed_private_key = source.host_key = source.offered_host_key = ""
    source.log_host = log_host
    source.url, source.patterns, source.every_minutes = wanted.url, wanted.patterns, wanted.every_minutes
    if wanted.password:
        source.set_password(wanted.password)
    if wanted.private_key:
        source.set_private_key(wanted.private_key)
    if wanted.host_key:
        source.host_key, source.offered_host_key = wanted.host_key, ""
    source.save()
    return source


def _peer(url: str) -> tuple[str, str, int | None, str]:
    place = syncing.place_of(url)
    return place.scheme, place.host, place.port, place.username


def ask_host_key(source: Source) -> str:
    """Keep the key that the server shows now, to be confirmed; a sentence where it cannot be asked."""
    try:
        offered = sftp.offered_key(syncing.place_of(source.url))
    except Unreachable as reason:
        return str(reason)
    Source.objects.filter(pk=source.pk).update(offered_host_key="" if offered == source.host_key else offered)
    return ""


def confirm_host_key(source: Source, fingerprint: str) -> bool:
    """Pin the key that was shown; False where another one was offered meanwhile."""
    if not source.offered_host_key or sftp.fingerprint(source.offered_host_key) != fingerprint:
        return False
    offered = Source.objects.filter(pk=source.pk, offered_host_key=source.offered_host_key)
    if not offered.update(host_key=source.offered_host_key, offered_host_key="", error=""):
        return False
    sync_now(source)
    return True


def sync_now(source: Source) -> None:
    """Let a pass begin; a broker that is away costs seconds only, since beat looks at what is due."""
    syncing.ask(source)
    try:
        transaction.on_commit(lambda: tasks.sync_source.delay(source_id=source.pk))
    except OperationalError:
        log.warning("The broker did not answer; %s is looked at when it is back.", source)


def read_again(source: Source) -> None:
    """Forget how far its files were read; what is known already counts once."""
    source.files.all().delete()
    sync_now(source)


def pause(source: Source, *, is_paused: bool) -> None:
    """No passes any more, or again."""
    Source.objects.filter(pk=source.pk).update(is_paused=is_paused)


def remove(source: Source) -> None:
    """Forget it, with its credentials."""
    source.delete()
