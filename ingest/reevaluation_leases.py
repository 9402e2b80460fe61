"""Re-evaluations that were asked for: who works on which, until when, and how far it is.

They stand in the database until they are done. One waits for a log host at most, and one runs: whoever changes
something meanwhile joins the one that waits.
"""

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils.timezone import now

from ingest.leases import LEASE, TakenOver, is_free
from ingest.models import LogHost, Reevaluation

State = Reevaluation.State
EVERYTHING, ALLOWED = Reevaluation.Scope.EVERYTHING, Reevaluation.Scope.ALLOWED
MOST_ATTEMPTS = 5  # workers that died over one; then it has failed


def ask(
    log_host: LogHost, why: str, *, scope: Reevaluation.Scope = EVERYTHING, is_new: bool = True
) -> Reevaluation:
    """Ask for a re-evaluation, in the transaction of the change; one that waits already does for both.

    ``is_new``: something is known now that was not known before.
    """
    with transaction.atomic():
        LogHost.objects.select_for_update(no_key=True).get(pk=log_host.pk)
        if is_new and scope == EVERYTHING:
            LogHost.objects.filter(pk=log_host.pk).update(knowledge_changed_at=now())
        waiting = Reevaluation.objects.filter(log_host=log_host, state=State.WAITING).first()
        if waiting is None:
            return Reevaluation.objects.create(log_host=log_host, why=why, scope=scope)
        if why not in waiting.why.split("; "):
            waiting.why += f"; {why}"
        if scope == EVERYTHING:
            waiting.scope = scope
        waiting.save(update_fields=["why", "scope"])
        return waiting


def _open() -> Q:
    return Q(state=State.WAITING) | (Q(state=State.RUNNING) & is_free())


def open_reevaluations(log_host: LogHost | None = None) -> list[int]:
    """Those that nobody works on, oldest first."""
    waiting = Reevaluation.objects.filter(_open())
    if log_host is not None:
        waiting = waiting.filter(log_host=log_host)
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def take(reevaluation_id: int) -> Reevaluation | None:
    """Take the lease; None if it is done, somebody holds it, or another of its log host runs."""
    with transaction.atomic():
        wanted = Reevaluation.objects.filter(_open(), pk=reevaluation_id).first()
        if wanted is None:
            return None
        LogHost.objects.select_for_update(no_key=True).get(pk=wanted.log_host_id)
        others = Reevaluation.objects.filter(log_host=wanted.log_host_id, state=State.RUNNING)
        if others.exclude(pk=wanted.pk).exists():
            return None
        taken = Reevaluation.objects.filter(_open(), pk=wanted.pk).update(
            state=State.RUNNING,
            attempts=F("attempts") + 1,
            begun_at=now(),
            lease_until=Now() + LEASE,
            done=0,
            total=0,
        )
    return Reevaluation.objects.select_related("log_host").get(pk=wanted.pk) if taken else None


def hold(reevaluation: Reevaluation, done: int, total: int) -> None:
    """Renew the lease and note how far it is. Raises TakenOver."""
    if not _ours(reevaluation).update(done=done, total=total, lease_until=Now() + LEASE):
        raise TakenOver


def finish(reevaluation: Reevaluation, **columns: object) -> None:
    """Note that it is done; with ``error``, that it failed."""
    state = State.FAILED if columns.get("error") else State.DONE
    _ours(reevaluation).update(state=state, finished_at=now(), lease_until=None, **columns)


def _ours(reevaluation: Reevaluation) -> QuerySet[Reevaluation]:
    return Reevaluation.objects.filter(
        pk=reevaluation.pk, state=State.RUNNING, attempts=reevaluation.attempts
    )
