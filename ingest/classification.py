"""The rules applied to what is stored: findings on messages and on subjects, and the verdict.

One evaluation serves ingest, the report, the timeline and ``manage.py reclassify``: facts come from merged rows
(ingest.stored_facts), conclusions from ingest.rules, and only the results are written here.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import batched

from django.db import transaction
from django.db.models import Count, Max

from ingest import judged_ranges, load, marks, reports, signs
from ingest.account_candidates import accounts
from ingest.assembly import message_facts
from ingest.candidates import Candidates, busy_users, candidates
from ingest.judging import SUBJECTS_AT_ONCE, by_kind, forget_states, judge, judged
from ingest.languages import later
from ingest.marks import Subject, subjects_of
from ingest.models import AddressLogin, IngestRun, LocalDomain, LogFile, LogHost, Message, Suspect
from ingest.reevaluation_leases import ask
from ingest.rules import memory
from ingest.rules.allowed import Allowance, allowances_of_log_host, allowances_of_message, covering
from ingest.rules.configuration import ConfigurationFinding, allowing, audit
from ingest.rules.coverage import COVERAGE
from ingest.rules.definition import MessageFinding, SubjectFinding, Worth
from ingest.rules.facts import Coverage, LogHostFacts, MessageFacts, SubjectKind, infer_local_domains
from ingest.rules.messages import is_worth_judging, message_findings
from ingest.rules.relays import SubjectReport
from ingest.rules.verdict import Verdict, verdict
from ingest.stored_facts import facts_of, may_be_found, may_depend_on_log_host
from ingest.stored_facts import message_facts as stored_message_facts
from ingest.stored_log_hosts import coverage, limits_of, log_host_facts, stored_configuration
from ingest.stored_panels import panel
from ingest.stored_traces import StoredTraces

_MESSAGES_AT_ONCE = 5000


# ---- messages


def classify_merged(log_host_id: int, host: LogHostFacts, merged: Sequence[load.Merged]) -> set[Subject]:
    """Decide the findings on messages that a batch touched, from their merged facts, and store them.

    Returns the subjects that are worth judging because of them.
    """
    facts = (message_facts(message.message_id, message.gathered, message.conclusion) for message in merged)
    stored = [message.message_id for message in merged if not message.is_new]
    return classify(log_host_id, host, facts, stored_ids=stored)


def classify(
    log_host_id: int, host: LogHostFacts, messages: Iterable[MessageFacts], *, stored_ids: Iterable[str] = ()
) -> set[Subject]:
    """Decide the findings on messages and store them; ``stored_ids`` may have findings of before.

    What is only noted is not stored: nearly every customer's mail has it, and the timeline asks the rules again.
    Returns the subjects that are worth judging because of them.
    """
    findings: dict[str, tuple[MessageFinding, ...]] = {}
    subjects: set[Subject] = set()
    for message in messages:
        found = tuple(filter(is_worth_judging, message_findings(message, host)))
        if found:
            findings[message.message_id] = found
            subjects.update(subjects_of(message))
    load.replace_findings(log_host_id, findings, stored_ids=stored_ids)
    return subjects


def findings_of(log_host: LogHost, message_id: str) -> tuple[MessageFinding, ...]:
    """What the rules find on one message now, in words, worst first; what is allowed is marked.

    Stored is only that they do.
    """
    facts = stored_message_facts(log_host, [message_id]).get(message_id)
    if facts is None:
        return ()
    allowances = allowances_of_message(reports.allowances(log_host.pk), facts)
    return tuple(
        finding._replace(allowed_by=covering(allowances, finding.rule, facts.received_at))
        for finding in message_findings(facts, log_host_facts(log_host))
    )


def _classify_again(
    log_host_id: int, host: LogHostFacts, messages: Iterable[MessageFacts], *, renew: Callable[[], None]
) -> set[Subject]:
    """Decide findings again, some thousand messages at a time; the subjects worth judging because of them."""
    subjects: set[Subject] = set()
    for chunk in batched(messages, _MESSAGES_AT_ONCE, strict=False):
        with transaction.atomic():
            ids = [message.message_id for message in chunk]
            subjects |= classify(log_host_id, host, chunk, stored_ids=ids)
        renew()
    return subjects


# ---- subjects


def settle(run: IngestRun, *, renew: Callable[[], None]) -> None:
    """Compute the findings that a run's lines touched, from committed rows. ``renew`` is called between steps."""
    log_host = LogHost.objects.get(pk=run.log_host_id)
    is_counted = bool(log_host.facts_digest)
    touched = marks.of_run(run)
    if touched.has_loss:
        judge_suspects(log_host)
    again = _follow_log_host(log_host, renew)
    host = log_host_facts(log_host)
    found = candidates(log_host.pk, touched, host.limits)
    found.subjects.update(again)
    judge(log_host.pk, host, found, renew=renew)
    signs.count_again(log_host.pk, touched if is_counted else marks.EVERYTHING, host.limits)
    _ask_again(run, host)
    marks.delete(run)


def _ask_again(run: IngestRun, host: LogHostFacts) -> None:
    """Ask for a re-evaluation where this run, or what came before it, may have been decided by what was known then."""
    log_host = LogHost.objects.get(pk=run.log_host_id)
    changed_at = log_host.knowledge_changed_at
    if memory.has_other_limits(log_host.facts_digest, host):
        ask(log_host, later("rules or thresholds changed"), is_new=False)
    elif changed_at is not None and changed_at >= run.created_at:
        ask(log_host, later("something changed while lines were read"), is_new=False)


def judge_suspects(log_host: LogHost) -> None:
    """Compute the findings of a log host's suspects again, after lines were taken away.

    Whoever had no finding has none without them, but for the address that had some regulars among those it logged in
    as, and for accounts, which are compared with what they did before: these are looked at as well.
    """
    forget_states(log_host.pk)
    found = Candidates(subjects=_follow_log_host(log_host, _nothing) | _suspects(log_host))
    found.subjects.update(_with_many_logins(log_host))
    host = log_host_facts(log_host)
    found.subjects.update(accounts(log_host.pk, marks.EVERYTHING, host.limits, set(Worth)))
    judge(log_host.pk, host, found)
    signs.count_again(log_host.pk, marks.EVERYTHING, host.limits)


def _nothing() -> None:
    pass


def _no_progress(done: int, total: int) -> None:
    pass


def _suspects(log_host: LogHost, **those: int) -> set[Subject]:
    rows = Suspect.objects.filter(log_host=log_host, **those).values_list("kind", "value")
    return {(SubjectKind(kind), value) for kind, value in rows}


def _with_many_logins(log_host: LogHost) -> Iterator[Subject]:
    addresses = AddressLogin.objects.filter(log_host=log_host).values_list("sender_host_address")
    for (address,) in (
        addresses.annotate(users=Count("*"))
        .filter(users__gte=limits_of(log_host).many_ids)
        .values_list("sender_host_address")
    ):
        yield SubjectKind.SENDER_HOST_ADDRESS, address


def _follow_log_host(log_host: LogHost, renew: Callable[[], None]) -> set[Subject]:
    """Learn what the log says of its host; where that changes answers, decide the findings on messages again.

    Returns the subjects whose findings may be others then.
    """
    host = _learn(log_host)
    basis = memory.as_known(host, log_host.facts_digest)
    if basis == log_host.facts_digest:
        return set()
    waiting = may_depend_on_log_host(log_host.pk, host)
    subjects = _classify_again(log_host.pk, host, facts_of(waiting, log_host.pk), renew=renew)
    LogHost.objects.filter(pk=log_host.pk).update(facts_digest=basis)
    subjects.update(
        busy_users(log_host.pk, [marks.ALWAYS], host.limits)
    )  # which senders and recipients are foreign
    return subjects | _suspects(log_host, messages__gt=0)


def _learn(log_host: LogHost) -> LogHostFacts:
    """Infer the local domains from what was delivered; ``log_host`` is brought up to date."""
    with transaction.atomic():
        held = LogHost.objects.select_for_update(no_key=True).get(pk=log_host.pk)  # uploads go on
        counts = LocalDomain.objects.filter(log_host=held).values_list("domain", "deliveries")
        held.inferred_local_domains = sorted(
            infer_local_domains(counts, limits_of(held).local_domain_deliveries)
        )
        held.save(update_fields=["inferred_local_domains"])
    log_host.refresh_from_db()
    return log_host_facts(log_host)


# ---- answers


def bases_of(log_host: LogHost) -> judged_ranges.Bases:
    """What answers about a log host are given on now; what is kept of it is good for the same only."""
    return judged_ranges.Bases(log_host, log_host_facts(log_host), reports.allowances(log_host.pk))


def subject_reports(
    log_host: LogHost,
    since: datetime | None = None,
    until: datetime | None = None,
    bases: judged_ranges.Bases | None = None,
) -> list[SubjectReport]:
    """The subjects that rules found something on, worst first; in a range, judged again by what lies in it.

    Whoever has no finding over all that is stored has none in a part of it. ``bases``: those of the log host, where
    they are at hand.
    """
    bases = bases or bases_of(log_host)
    host, allowances = bases.host, bases.allowances

    def judge(newer_than: int) -> list[SubjectReport]:
        if since is None and until is None:
            return reports.stored(log_host, newer_than)
        return [
            report.allowing(allowances)
            for kind, values in by_kind(_suspects(log_host, id__gt=newer_than))
            for report in judged(log_host.pk, host, kind, values, since, until)
        ]

    found = judged_ranges.reports_of(bases, since, until, judge)
    return sorted((report.spoken() for report in found), key=lambda report: (report.harm, report.value))


def outdated_ranges(
    log_host: LogHost, ranges: Sequence[tuple[datetime | None, datetime | None]]
) -> list[tuple[datetime | None, datetime | None]]:
    """The ranges whose answer is not ready: ``subject_reports`` would have to judge."""
    return bases_of(log_host).outdated(ranges)


def configuration_findings(log_host: LogHost) -> tuple[ConfigurationFinding, ...]:
    """What the stored configuration of a log host shows; nothing where none is stored. What is allowed is marked.

    An entry holds until the log goes on beyond its end; without a log, until a text is stored after it.
    """
    if not log_host.configurations.exists():
        return ()
    found = audit(stored_configuration(log_host), limits_of(log_host))
    allowances = allowances_of_log_host(reports.allowances(log_host.pk))
    if not allowances:
        return found
    last_at = LogFile.objects.filter(log_host=log_host).aggregate(at=Max("last_at"))["at"]
    stored_at = log_host.configurations.aggregate(at=Max("stored_at"))["at"]
    return allowing(found, allowances, last_at or stored_at)


def accepted_gaps(
    log_host: LogHost, seen: Coverage, allowances: Sequence[Allowance] | None = None
) -> Allowance | None:
    """The entry by which it is known and accepted what the log cannot tell; None: nobody has accepted it.

    ``allowances``: the entries of the log host, where they are at hand.
    """
    every = reports.allowances(log_host.pk) if allowances is None else allowances
    return covering(allowances_of_log_host(every), COVERAGE.code, seen.last_at)


def host_findings(
    log_host: LogHost, since: datetime | None = None, until: datetime | None = None
) -> tuple[SubjectFinding, ...]:
    """What the rules find on the log host as a whole, worst first."""
    seen = coverage(log_host, since, until)
    return signs.findings(log_host, log_host_facts(log_host), seen, since, until)


def verdict_for(log_host: LogHost, since: datetime | None = None, until: datetime | None = None) -> Verdict:
    """The answer for one log host, over all that is stored or over a range."""
    seen = coverage(log_host, since, until)
    return verdict(
        subject_reports(log_host, since, until),
        log_host_facts(log_host),
        seen,
        configuration_findings(log_host),
        host_findings=host_findings(log_host, since, until),
        traces=StoredTraces(log_host),
        panel=panel(log_host),
        accepted=accepted_gaps(log_host, seen),
    )


def reclassify(log_host: LogHost, *, progress: Callable[[int, int], None] = _no_progress) -> int:
    """Decide every finding of a log host again from its stored rows; returns the number of messages.

    ``progress`` is told how far it is: so many of all messages.
    """
    host = _learn(log_host)
    count = Message.objects.filter(log_host_id=log_host.pk).count()
    whole = _Whole(progress, count)
    subjects = _classify_all(log_host, host, whole)
    forget_states(log_host.pk)
    AddressLogin.objects.filter(log_host=log_host).delete()
    found = candidates(log_host.pk, marks.EVERYTHING, host.limits)
    found.subjects |= subjects | _suspects(log_host)
    whole.expect(len(found.subjects) // SUBJECTS_AT_ONCE + 1, until=0.95)
    judge(log_host.pk, host, found, renew=whole.step)
    signs.count_again(log_host.pk, marks.EVERYTHING, host.limits)
    LogHost.objects.filter(pk=log_host.pk).update(facts_digest=memory.basis(host))
    progress(count, count)
    return count


def _classify_all(log_host: LogHost, host: LogHostFacts, whole: "_Whole") -> set[Subject]:
    ids = may_be_found(log_host.pk, host)
    whole.expect(len(ids) // _MESSAGES_AT_ONCE + 1, until=0.4)
    subjects: set[Subject] = set()
    for some in batched(ids, _MESSAGES_AT_ONCE, strict=False):
        rows = Message.objects.filter(log_host_id=log_host.pk, message_id__in=some)
        subjects |= _classify_again(log_host.pk, host, facts_of(rows, log_host.pk), renew=whole.step)
    return subjects


class _Whole:
    """How far a re-evaluation is, part by part."""

    def __init__(self, progress: Callable[[int, int], None], total: int) -> None:
        self._progress = progress
        self._total = total
        self._share, self._until, self._steps = 0.0, 0.0, 1
        progress(0, total)

    def expect(self, steps: int, *, until: float) -> None:
        """So many steps lie before this share of the whole."""
        self._share, self._until, self._steps = self._until, until, steps
        self._progress(int(self._share * self._total), self._total)

    def step(self) -> None:
        """One of them is done."""
        self._share = min(self._until, self._share + (self._until - self._share) / max(1, self._steps))
        self._steps -= 1
        self._progress(int(self._share * self._total), self._total)
