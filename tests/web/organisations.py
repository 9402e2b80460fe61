"""Two organisations with a log host each. Every text of theirs is a word that stands nowhere else."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.timezone import now

from ingest.models import AllowEntry, IngestRun, KnownAccount, LogHost, SetAside, Source, StoredConfiguration
from mailwatch.models import (
    Alert,
    AlertDelivery,
    ApiToken,
    DailyRecipient,
    Incident,
    Invitation,
    Role,
    SavedSearch,
    SharedReport,
    Upload,
    Webhook,
)
from tests.web.conftest import Ingested, somebody

DAY = "2026-03-02"


@dataclass
class Words:
    """Words made as they are asked for; the same name is the same word."""

    beginning: str  # of every word
    network: str  # of every address: "198.18.7"
    made: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.made.setdefault(name, f"{self.beginning}{len(self.made) + 10}k")

    def address(self, number: int) -> str:
        return f"{self.network}.{number}"

    def message_id(self, number: int) -> str:
        """Of messages that arrived on that day; 23 characters."""
        return f"1vwz8C-{self.beginning}{number:0{11 - len(self.beginning)}d}-0001"

    def all(self) -> set[str]:
        """Whatever must not be seen by others, in lower case."""
        return {*self.made.values(), self.beginning, self.network}


def log_lines(w: Words) -> list[str]:
    """Mail of every kind: in, out, put off, bounced, refused, a script, a broken login that is abused."""
    one, two, three = w.message_id(1), w.message_id(2), w.message_id(3)
    lines = [
        f"{DAY} 09:00:00 {one} <= {w['alice']}@{w['home']}.example H={w['client']}.example ({w['helo']}.example)"
        f" [{w.address(7)}]:4711 P=esmtpsa X=TLS1.3:TLS_AES_256_GCM_SHA384:256 A={w['login']}:{w['account']} S=4512"
        f' id={w["id"]}@{w["home"]}.example T="{w["subject"]}"',
        f"{DAY} 09:00:02 {one} => {w['bob']}@{w['remote']}.example R={w['router']} T={w['transport']}"
        f' H={w["mx"]}.example [{w.address(9)}] C="250 2.0.0 Ok: {w["answer"]}"',
        f"{DAY} 09:00:02 {one} == {w['carol']}@{w['remote']}.example R={w['router']} T={w['transport']} defer (-44)"
        f" H={w['mx']}.example [{w.address(9)}]: SMTP error from remote mail server after RCPT"
        f" TO:<{w['carol']}@{w['remote']}.example>: 451 4.7.1 {w['later']}",
        f"{DAY} 10:00:00 {two} <= {w['script']}@{w['home']}.example U={w['localuser']} P=local S=412",
        f"{DAY} 10:00:01 {two} ** {w['nobody']}@{w['remote']}.example R={w['router']} T={w['transport']}"
        f" H={w['mx']}.example [{w.address(9)}]: SMTP error from remote mail server after RCPT"
        f" TO:<{w['nobody']}@{w['remote']}.example>: 550 5.1.1 {w['unknown']}",
        f"{DAY} 10:00:01 {two} Completed",
        f"{DAY} 10:00:01 {three} <= <> R={two} U=Debian-exim P=local S=1602",
        f"{DAY} 10:00:02 {three} => {w['script']} <{w['script']}@{w['home']}.example> R={w['localrouter']}"
        f" T={w['localtransport']}",
        f"{DAY} 10:00:02 {three} Completed",
        f"{DAY} 11:00:00 H=({w['probe']}.example) [{w.address(66)}] F=<{w['from']}@{w['foreign']}.example>"
        f" rejected RCPT <{w['victim']}@{w['elsewhere']}.example>: relay not permitted",
        f"{DAY} 11:00:05 {w['login']} authenticator failed for ({w['probe']}) [{w.address(66)}]: 535 Incorrect"
        f" authentication data (set_id={w['guess']}@{w['home']}.example)",
        f"{DAY} 11:00:06 {w['unreadable']}",
    ]
    for number in range(20, 60):  # a login without a name, abused
        message_id = w.message_id(number)
        stamp = f"{DAY} 12:{number}:00"
        lines += [
            f"{stamp} {message_id} <= {w['spam']}@{w['foreign']}.example H=({w['bot']}.example) [{w.address(77)}]"
            f' P=esmtpa A={w["plain"]}: S=1298 T="{w["offer"]}"',
            f"{stamp} {message_id} => {w['target']}{number}@{w['many']}{number}.example R={w['router']}"
            f' T={w["transport"]} H={w["mx"]}.example [{w.address(9)}] C="250 {w["answer"]}"',
            f"{stamp} {message_id} Completed",
        ]
    return [*lines, f"2026-03-03 09:00:00 {w['panic']} queue run: pid=7"]


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """What there is of one: by the names that the addresses of the pages have for it."""

    words: Words
    log_host: LogHost
    args: dict[str, object]


def found_organisation(words: Words, ingested: Ingested) -> Organisation:
    """A log host with its log, and everything that people add to it."""
    run: IngestRun = ingested(log_lines(words), words["loghost"], "Europe/Madrid")
    host = run.log_host
    IngestRun.objects.filter(pk=run.pk).update(started_by=words["starter"])
    run.files.update(name=words["file"])
    SetAside.objects.create(file=run.files.get(), text=words["aside"].encode(), lines=1, reason=words["why"])
    LogHost.objects.filter(pk=host.pk).update(local_domains=[f"{words['home']}.example"])
    owner = somebody(words["owner"], Role.ADMINISTRATOR, host)
    at = now()
    source = Source.objects.create(
        log_host=host, url=f"file:///{words['folder']}", is_paused=True, error=words["failure"]
    )
    source.files.create(name=words["sourcefile"])
    entry = AllowEntry.objects.create(
        log_host=host, kind="sender_host_address", value=words.address(200), reason=words["reason"],
        author=words["author"], until=at,
    )  # fmt: skip
    kept = StoredConfiguration.objects.create(
        log_host=host, name=words["configname"], text=f"primary_hostname = {words['primary']}\n"
    )
    KnownAccount.objects.create(log_host=host, account=f"{words['known']}@{words['home']}.example")
    DailyRecipient.objects.create(
        log_host=host, address=f"{words['reportee']}@x.example", added_by=words["owner"]
    )
    search = SavedSearch.objects.create(
        owner=owner, name=words["searchname"], query=f"log_host={host.name}&q={words['searched']}",
        is_shared=True, log_host_ids=[host.pk],
    )  # fmt: skip
    report = SharedReport.objects.create(
        kind="report", redaction="full", title=words["title"], log_hosts=host.name, log_host_ids=[host.pk],
        rules_version=1, snapshot={}, made_by=owner, frozen_at=at, expires_at=at,
    )  # fmt: skip
    invitation = Invitation.objects.create(
        token_digest=words["digest"], email=f"{words['invited']}@x.example", role="reader", made_by=owner,
        expires_at=at,
    )  # fmt: skip
    invitation.log_hosts.add(host)
    token = ApiToken.objects.create(
        owner=owner, name=words["tokenname"], token_digest=words["tokendigest"], beginning=words["tokenbeginning"],
        scopes=["runs"], expires_at=at + timedelta(days=9),
    )  # fmt: skip
    token.log_hosts.add(host)
    upload = Upload.objects.create(
        owner=owner, name=words["uploadname"], size=5, fingerprint="x", log_host=host.name
    )
    delivery = _alerted(words, host, at)
    incident = Incident.objects.create(
        title=words["incident"], severity="high", owner=owner, log_host_ids=[host.pk], opened_at=at, changed_at=at,
        report={"over": words["story"]},
    )  # fmt: skip
    note = incident.notes.create(text=words["note"], written_at=at, written_by=owner)
    piece = incident.evidence.create(
        log_host=host, kind="line", digest="x", title=words["piece"], words=words["sentence"], rules_version=1,
        added_at=at, lines=[words["keptline"].encode()],
    )  # fmt: skip
    incident.steps.create(at=at, by=owner, what="title", details={"before": words["before"], "after": "x"})
    incident.verdicts.create(
        log_host=host, at=at, why="opened", relaying="no", headline=words["headline"], rules_version=1
    )
    return Organisation(
        words=words,
        log_host=host,
        args={
            "log_host": host.name, "name": host.name, "message_id": words.message_id(1), "key": "none",
            "address": words.address(77), "network": f"{words.network}.0/24",
            "authenticated_id": words["account"], "domain": f"{words['remote']}.example",
            "transport_name": words["transport"], "day": DAY, "run_id": run.pk, "source_id": source.pk,
            "saved_id": search.pk, "entry_id": entry.pk, "stored_id": kept.pk, "report_id": report.pk,
            "incident_id": incident.pk, "note_id": note.pk, "evidence_id": piece.pk,
            "user_id": owner.pk, "upload_id": upload.pk, "token": "x" * 43,
            "uidb36": "1", "pk": 1, "session_id": 1, "invitation_id": invitation.pk,
            "webhook_id": delivery.webhook_id, "delivery_id": delivery.pk,
            "token_id": token.pk,
        },
    )  # fmt: skip


def _alerted(words: Words, host: LogHost, at: datetime) -> AlertDelivery:
    """An alert that a webhook did not take."""
    webhook = Webhook.objects.create(
        url=f"https://{words['hooked']}.example/", sealed_secret="", log_host_ids=[host.pk], kinds=["attack"],
        made_by=words["hookmaker"],
    )  # fmt: skip
    alert = Alert.objects.create(
        key=words["alertkey"], kind="attack", severity="critical", log_host_ids=[host.pk], made_at=at,
        details={
            "log_host": host.name, "key": words["attackkey"], "titles": {"en": words["attack"]},
            "subject": {"kind": "authenticated_id", "value": words["attacked"]},
        },
    )  # fmt: skip
    return AlertDelivery.objects.create(
        alert=alert, webhook=webhook, due_at=at, state="failed", error=words["hookerror"]
    )


def questions(w: Words, host: str) -> Sequence[str]:
    """Addresses with a query: filters, partials, exports, suggestions, for each thing of an organisation."""
    asked = [
        w.address(77), f"{w.network}.0/24", w.message_id(1), f"{w['alice']}@{w['home']}.example",
        f"@{w['remote']}.example", w["account"], w["subject"], w["answer"], f"{w['alice']}@", w["bot"],
    ]  # fmt: skip
    found = [f"/search/?q={one}" for one in asked]
    found += [f"/search/?q={one}&format={kind}" for one in asked[:5] for kind in ("csv", "json")]
    found += [f"/search/?q={w['subject']}&kind=text", f"/search/?q={w['offer'][:4]}.*&kind=regex"]
    found += [f"/search/suggestions/?q={one[:4]}" for one in (host, *w.made.values(), w.network)]
    return found


def questions_of_all(host: str) -> Sequence[str]:
    """The same, without a name of anybody; with ``host`` only where that is not empty."""
    only = f"log_host={host}" if host else ""
    pages = ("/", "/movers/", "/relays/", "/search/", "/share/", "/configuration/")
    found = [f"{page}?{only}" for page in pages]
    found += [f"{page}?{only}&range=day" for page in pages[:4]]
    found += [f"/relays/?{only}&format={kind}&severity=info" for kind in ("csv", "json")]
    found += [f"/relays/?{only}&severity=info&compared=on", f"/relays/?{only}&open=x"]
    statuses = ("delivered", "bounced", "rejected", "queued", "unfinished")
    found += [f"/search/?{only}&status={status}" for status in statuses]
    found += [f"/search/?{only}&direction={direction}" for direction in ("in", "out", "relay", "bounce")]
    found += [f"/search/?{only}&format={kind}" for kind in ("csv", "json")]
    return found
