"""Programs on the host itself that send: by directory (L01), by user (L02), by SMTP (L03), as others (L04)."""

from ingest.languages import say
from ingest.rules.definition import Evidence, Limits, Rule, Scope, Severity, SubjectFinding, Watch, Worth
from ingest.rules.facts import LogHostFacts, MessageFacts, RejectionFacts, SubjectKind, domain_of
from ingest.rules.signs import Sign, Signs, summed, with_counts
from ingest.rules.tallies import Tally
from ingest.rules.windows import Window
from ingest.rules.words import count, duration, listing, together

WEB_USERS = frozenset({"www-data", "apache", "apache2", "nobody", "httpd", "nginx", "www", "wwwrun", "http"})
"""The users that web servers run scripts as."""

HOUSEKEEPERS = frozenset({
    "root", "cron", "exim", "exim4", "Debian-exim", "mail", "mailnull", "daemon", "list", "mailman", "mailman3",
    "majordomo", "sympa", "smmsp", "logcheck", "nagios", "icinga", "zabbix",
})  # fmt: skip
"""The users of the system, of lists and of monitoring: they may send much, and under other names."""


def _foreign_recipients(message: MessageFacts, host: LogHostFacts) -> list[str]:
    """Addresses elsewhere, whether they were told one by one or only listed; forwarded mail of ours is not that."""
    told = [item for item in message.recipients if item.is_remote]
    foreign = [item.original_recipient for item in told if not host.is_local(item.original_recipient)]
    if not message.recipients and host.local_domains:
        foreign = [address for address in message.listed_recipients or () if not host.is_local(address)]
    return [address for address in foreign if domain_of(address)]


# --- L01 ------------------------------------------------------------------------------------------

_OF_THE_SYSTEM = ("/", "/root", "/var/spool", "/var/lib", "/usr", "/etc")


def _is_of_the_system(directory: str) -> bool:
    return directory == "/" or any(
        directory == of or directory.startswith(f"{of}/") for of in _OF_THE_SYSTEM[1:]
    )


def _script(signs: Signs) -> SubjectFinding | None:
    reached = signs.of(Sign.SCRIPT, signs.limits.script_runs)
    chosen = [told for told in reached if not _is_of_the_system(told.value)]
    if not chosen:
        return None
    text = say(
        "Programs in {directories} handed in messages, at most {peak:,} within an hour.",
        directories=listing(with_counts(chosen)),
        peak=max(told.peak for told in chosen),
    )
    return summed(SCRIPT, chosen, Evidence(Severity.HIGH, text))


SCRIPT = Rule(
    code="L01",
    title="A script in one directory sends much",
    severity=Severity.HIGH,
    scope=Scope.LOG_HOST,
    explanation=(
        "Programs that ran in one directory called Exim again and again to send. A directory of a web site is where "
        "broken or uploaded scripts lie."
    ),
    guards=(
        "A hundred within one hour. Directories of the system do not count (/, /root, /var/spool, /var/lib, /usr, "
        "/etc): cron and list software run there.",
        "Programs that only start or ask Exim (queue runs, exim -bp, exim -bt) do not count.",
        "A shop's newsletter looks the same: ask whose script it is.",
        "Needs log_selector = +arguments; without it nothing is said.",
    ),
    next_steps=(
        "Look for files in that directory that are new, or that nobody knows.",
        "Find its messages by the time of these lines, and look at one: exim -Mvh ID.",
        "Stop what waits: exiqgrep -i -f SENDER | xargs exim -Mf.",
    ),
    log_host=_script,
)

# --- L02 ------------------------------------------------------------------------------------------


class _VolumeWatch:
    """Counts a local user's foreign recipients in a short and a long window, and the senders it writes as."""

    def __init__(self, host: LogHostFacts, limits: Limits) -> None:
        self._host = host
        self._limits = limits
        self._short = Window(limits.script_window)
        self._long = Window(limits.local_volume_window)
        self._senders = Window(limits.local_volume_window)
        self._tally = Tally(limits)
        self._user = ""
        self._peak_short = self._peak_long = self._peak_senders = 0

    def message(self, message: MessageFacts) -> None:
        """Counts one message that a program handed in."""
        at = message.received_at
        if at is None or not message.local_user or message.local_user in HOUSEKEEPERS:
            return
        recipients = _foreign_recipients(message, self._host)
        if not recipients:
            return
        self._user = message.local_user
        domains = tuple(dict.fromkeys(map(domain_of, recipients)))
        self._tally.message(message, Evidence(Severity.MEDIUM, "", domains))
        self._short.add(at, amount=len(recipients))
        self._long.add(at, amount=len(recipients))
        self._peak_short = max(self._peak_short, self._short.total)
        self._peak_long = max(self._peak_long, self._long.total)
        if message.envelope_sender:
            self._senders.add(at, message.envelope_sender.lower())
            self._peak_senders = max(self._peak_senders, self._senders.distinct)

    def rejection(self, rejection: RejectionFacts) -> None:
        """Programs on the host do not speak SMTP to it."""

    def finding(self) -> SubjectFinding | None:
        """High for a web server's user, who has less to send than a person; medium for another."""
        limits, is_web = self._limits, self._user in WEB_USERS
        is_burst = is_web and self._peak_short >= limits.script_recipients
        has_many_senders = is_web and self._peak_senders >= limits.script_senders
        is_much = self._peak_long >= limits.local_volume
        if not (is_burst or has_many_senders or is_much):
            return None
        severity = Severity.HIGH if is_web else Severity.MEDIUM
        text = self._told(is_burst, has_many_senders)
        return self._tally.finding(LOCAL_VOLUME, Evidence(severity, text), self._peak_long)

    def _told(self, is_burst: bool, has_many_senders: bool) -> str:
        told: dict[str, object] = {
            "user": self._user,
            "recipients": count(self._peak_long, "foreign recipient"),
            "span": duration(self._limits.local_volume_window),
            "some": self._peak_short,
            "moment": duration(self._limits.script_window),
            "senders": count(self._peak_senders, "different sender"),
        }
        if is_burst and has_many_senders:
            return say(
                "Programs of {user} sent to {recipients} within {span}, {some:,} of them within {moment}, as "
                "{senders}.",
                **told,
            )
        if is_burst:
            return say(
                "Programs of {user} sent to {recipients} within {span}, {some:,} of them within {moment}.",
                **told,
            )
        if has_many_senders:
            return say("Programs of {user} sent to {recipients} within {span}, as {senders}.", **told)
        return say("Programs of {user} sent to {recipients} within {span}.", **told)


def _watch_volume(host: LogHostFacts, limits: Limits) -> Watch:
    return _VolumeWatch(host, limits)


LOCAL_VOLUME = Rule(
    code="L02",
    title="A program on the host sends much",
    severity=Severity.HIGH,
    scope=Scope.SUBJECT,
    explanation=(
        "A script on the host hands many messages for foreign recipients to Exim. Broken web applications and "
        "scripts that somebody uploaded do that, under the web server's user."
    ),
    guards=(
        "The users of the system, of cron, of list software and of monitoring do not count (root, mailman, ...).",
        "For a user that is no web server's only the number within an hour counts, and it is medium: list "
        "software may run under any name.",
        "Recipients at local domains do not count, nor mail that a user's forward sends on.",
        "A shop's newsletter looks the same: ask whose script it is.",
    ),
    next_steps=(
        "Find the script: log_selector = +arguments shows the directory it runs in; X-PHP-Originating-Script in "
        "the message's headers (exim -Mvh ID) names the file.",
        "Stop what waits: exiqgrep -i -f SENDER | xargs exim -Mf.",
        "Let PHP's mail.log tell which file sends.",
    ),
    watch=_watch_volume,
    kinds=(SubjectKind.LOCAL_USER,),
    worth_judging=frozenset({Worth.LOCAL_VOLUME}),
)

# --- L03 ------------------------------------------------------------------------------------------


def _own_mail(signs: Signs) -> SubjectFinding | None:
    """By sender: webmail sends little for each of many people."""
    chosen = signs.of(Sign.OWN_MAIL, signs.limits.own_mail)
    if not chosen:
        return None
    host = signs.host
    text = say(
        "Programs of this host handed in mail by SMTP, without a login, for {recipients} or more foreign recipients "
        "within an hour under one sender ({senders}).",
        recipients=signs.limits.own_mail,
        senders=listing(with_counts(chosen)),
    )
    severity = Severity.MEDIUM
    is_known = bool(host.local_domains) and not host.local_domains_inferred
    if is_known and any(told.value and not host.is_local(told.value) for told in chosen):
        severity = Severity.HIGH
        text = together((text, say("Not all of these senders are local.")))
    return summed(OWN_MAIL, chosen, Evidence(severity, text))


OWN_MAIL = Rule(
    code="L03",
    title="The host itself sends much by SMTP",
    severity=Severity.MEDIUM,
    scope=Scope.LOG_HOST,
    explanation=(
        "A program on the host connects to Exim on the same machine and needs no login. Scripts do that as well as "
        "webmail; the log shows no user then."
    ),
    guards=(
        "Counted by sender: webmail has many senders with few recipients each.",
        "A newsletter from webmail or a shop looks the same: it is medium, and high only if a sender is not local.",
        "Mail that a content filter or list software hands back is left out where its Message-ID shows that it came in "
        "before.",
    ),
    next_steps=(
        "Find the program: ss -tnp dst 127.0.0.1:25 shows who connects.",
        "Let webmail log in, and take 127.0.0.1 out of relay_from_hosts.",
    ),
    log_host=_own_mail,
)

# --- L04 ------------------------------------------------------------------------------------------


class _ForgedSenderWatch:
    """Counts messages that a local user wrote under a sender that is not ours."""

    def __init__(self, host: LogHostFacts, limits: Limits) -> None:
        self._host = host
        self._window = Window(limits.local_volume_window)
        self._limits = limits
        self._tally = Tally(limits)
        self._peak = 0

    def message(self, message: MessageFacts) -> None:
        """Counts one message under a foreign sender."""
        at, sender, host = message.received_at, message.envelope_sender, self._host
        if at is None or not sender or not message.local_user or message.local_user in HOUSEKEEPERS:
            return
        if not host.local_domains or not domain_of(sender) or self._is_ours(sender, message.local_user):
            return
        self._tally.message(message, Evidence(Severity.MEDIUM, "", (domain_of(sender),)))
        self._window.add(at)
        self._peak = max(self._peak, self._window.total)

    def _is_ours(self, sender: str, user: str) -> bool:
        """What Exim writes for a program that names no sender is ours, whatever the machine is called."""
        sender = sender.lower()
        domain, own = domain_of(sender), self._host.name.lower()
        is_under = any(domain.endswith(f".{name}") for name in self._host.local_domains)
        is_named = domain == own or domain.startswith(f"{own}.")
        is_rewritten = sender.startswith(("srs0", "srs1", "prvs="))
        return (
            self._host.is_local(sender)
            or sender.rpartition("@")[0] == user.lower()
            or is_under
            or is_named
            or is_rewritten
        )

    def rejection(self, rejection: RejectionFacts) -> None:
        """Programs on the host do not speak SMTP to it."""

    def finding(self) -> SubjectFinding | None:
        """From so many within an hour on; low where the local domains are only inferred."""
        if self._peak < self._limits.forged_senders:
            return None
        text = say(
            "{messages} under senders at {domains}, at most {peak:,} within {span}.",
            messages=count(self._tally.count, "message"),
            domains=self._tally.values.listing(),
            peak=self._peak,
            span=duration(self._limits.local_volume_window),
        )
        severity = Severity.MEDIUM
        if self._host.local_domains_inferred:
            severity = severity.milder
            inferred = say("Which domains are local was inferred from the log: give them to be sure.")
            text = together((text, inferred))
        return self._tally.finding(FORGED_SENDER, Evidence(severity, text), self._peak)


def _watch_forged(host: LogHostFacts, limits: Limits) -> Watch:
    return _ForgedSenderWatch(host, limits)


FORGED_SENDER = Rule(
    code="L04",
    title="A program on the host writes as somebody else",
    severity=Severity.MEDIUM,
    scope=Scope.SUBJECT,
    explanation=(
        "A program on the host sends under addresses of foreign domains. Spam does that; contact forms that "
        "put the visitor's address into the sender do it too, and then fail SPF."
    ),
    guards=(
        "The users of the system, of cron, of list software and of monitoring do not count.",
        "The user's own name at any domain, names under a local domain, the host's own name, and senders rewritten "
        "by SRS or BATV count as ours.",
        "Where local domains are only inferred from the log it is low; where none are known it is not judged.",
    ),
    next_steps=(
        "See whether untrusted_set_sender allows it: exim -bP untrusted_set_sender.",
        "Let the contact form write from an own address, with the visitor's in Reply-To.",
    ),
    watch=_watch_forged,
    kinds=(SubjectKind.LOCAL_USER,),
    worth_judging=frozenset({Worth.LOCAL_VOLUME}),
)
