"""What the API answers. The OpenAPI description is made from these classes (``mailwatch.views.api.schema``)."""

from dataclasses import dataclass
from typing import Annotated, Literal

type Cursor = Annotated[
    str | None, "where the next page begins: ask again with it as after; null: this is the last one"
]
type Text = Annotated[str, "as the log has it; bytes that are no UTF-8 stand as \\xNN, NUL as \\x00"]
type MaybeText = Annotated[str | None, "as the log has it; null: the log does not say"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """A time of a log, to the second or finer."""

    utc: Annotated[str, "RFC 3339 in UTC: 2016-03-09T06:53:12Z"]
    offset: Annotated[str, "of the log's zone at that time: +01:00"]


# ---- search


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAs:
    """How the text that was looked for was understood."""

    kind: Annotated[str, "as in the parameter kind"]
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A message, or a rejection."""

    kind: Literal["message", "rejection"]
    log_host: str
    at: Time
    message_id: Annotated[str | None, "null: a rejection"]
    outcome: Literal["delivered", "deferred", "bounced", "rejected", "queued", "completed"]
    status: Annotated[str, "the outcome in words"]
    envelope_sender: MaybeText
    recipient: Annotated[str | None, "one of them; the one that was looked for, where one was"]
    more_recipients: int
    sender_host_address: str | None
    authenticated_id: MaybeText
    local_user: MaybeText
    subject: MaybeText
    size: Annotated[int | None, "bytes"]
    happened: Annotated[str, "what happened, in words"]
    rules: Annotated[tuple[str, ...], "codes of the rules that found something, the worst first"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    number: int
    is_more: Annotated[bool, "there are more than number: counting stopped there"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    messages: Number
    rejections: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesFound:
    """Messages and rejections, newest first."""

    found: Literal["messages"]
    read_as: ReadAs
    rows: tuple[Found, ...]
    looked_back_to: Annotated[
        Time | None, "where the time for one page ended before it was full; go on with next"
    ]
    totals: Annotated[Totals | None, "null: counting would take long; ask with count=1"]
    next: Cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    log_host: str
    at: Time | None
    kind: Annotated[str, "what the line tells of"]
    message_id: str | None
    line: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesFound:
    """Raw lines, newest first, where no index answers. A page may be empty and still have a next one."""

    found: Literal["lines"]
    read_as: ReadAs
    rows: tuple[Line, ...]
    lines_read: Annotated[int, "with this page and those before it"]
    lines_to_read: Annotated[int, "in the whole range"]
    next: Cursor


# ---- timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    recipient: Text
    original_recipient: Text
    outcome: str
    at: Annotated[Time, "of the last attempt"]
    transport: MaybeText
    remote_host_name: MaybeText
    remote_host_address: str | None
    text: Annotated[str | None, "the words of the other server, or Exim's"]
    attempts: int
    queue_seconds: Annotated[float | None, "from arrival to the end; null: it waits, or that is not known"]
    next_message_id: Annotated[str | None, "what the next server calls the message"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineLine:
    number: Annotated[int, "among the lines of the message, from 1"]
    at: Time | None
    kind: str
    line: Text
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFinding:
    rule: str
    severity: str
    title: str
    evidence: str
    is_allowed: Annotated[bool, "somebody has allowed it: it does not count"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """One message on one log host. Lines and recipients come in pages."""

    log_host: str
    message_id: str
    also_on: Annotated[tuple[str, ...], "other log hosts that have a message of this id"]
    summary: str
    status: str
    received_at: Time | None
    completed_at: Time | None
    envelope_sender: MaybeText
    sender_host_address: str | None
    sender_host_name: MaybeText
    helo_name: MaybeText
    protocol: MaybeText
    authenticator: MaybeText
    authenticated_id: MaybeText
    local_user: MaybeText
    size: Annotated[int | None, "bytes"]
    subject: MaybeText
    findings: tuple[MessageFinding, ...]
    recipients: tuple[Recipient, ...]
    recipients_total: int
    recipients_next: Annotated[int | None, "ask again with it as recipients_after"]
    lines: tuple[TimelineLine, ...]
    lines_total: int
    lines_missing: Annotated[int, "of the total: deleted by age, or too many to read"]
    lines_next: Annotated[int | None, "ask again with it as lines_after"]


# ---- sender


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    value: Annotated[str | None, "null: the log does not say"]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Partners:
    """The most frequent ones."""

    total: Annotated[int, "how many different ones there are"]
    values: tuple[Counted, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    reason: str
    outcome: str
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule found."""

    log_host: str
    rule: str
    severity: str
    title: str
    evidence: str
    count: int
    first_at: Time
    last_at: Time
    is_allowed: Annotated[bool, "somebody has allowed it: it does not count"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """One sender host: what it did, and how that was answered. Of nothing that is stored, all counts are 0."""

    address: str
    first_at: Time | None
    last_at: Time | None
    counted_since: Annotated[Time | None, "there is more than is counted; null: all was counted"]
    messages: int
    recipients: int
    delivered: int
    deferred: int
    bounced: int
    queued: Annotated[int, "messages that wait"]
    rejections: int
    failed_logins: int
    helo_names: Partners
    sender_host_names: Partners
    authenticators: Partners
    authenticated_ids: Partners
    envelope_senders: Partners
    accounts_tried: Partners
    recipient_domains: Partners
    refusals: Partners
    answers: Annotated[tuple[Answered, ...], "why recipients were deferred or bounced"]
    findings: tuple[Finding, ...]
    latest: Annotated[tuple[Found, ...], "the newest messages and rejections; all of them: search"]


# ---- relays


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    name: str
    answer: Annotated[str, "yes, suspected, no or unknown"]
    because: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    text: str
    command: str | None
    fix: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Of all log hosts together. Answers are yes, suspected, no or unknown."""

    relaying: str
    open_relay: str
    broken_authenticator: str
    accounts: str
    compromised_accounts: tuple[str, ...]
    local_scripts: str
    local_users: Annotated[tuple[str, ...], "whose scripts send"]
    headline: str
    summary: str
    basis: Annotated[str, "how certain, and of what span"]
    questions: tuple[Question, ...]
    next_steps: tuple[NextStep, ...]
    coverage: Annotated[tuple[str, ...], "codes of rules of which this log cannot tell"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """An address, account or local user that a rule found something on."""

    log_host: str
    kind: Literal["sender_host_address", "authenticated_id", "local_user"]
    value: Text
    severity: str
    rules: tuple[str, ...]
    attack: Annotated[str, "the same for all who take part in one attack, on one log host"]
    messages: int
    recipients: int
    outside: Annotated[int, "of the recipients, those that are strangers"]
    delivered: int
    deferred: int
    bounced: int
    rejections: int
    failed_logins: int
    first_at: Time
    last_at: Time
    goes_on: Annotated[bool, "it was seen shortly before the log, or the range, ends"]
    message_ids: Annotated[tuple[str, ...], "some"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relays:
    """The verdict on a range, and its suspects, the worst first."""

    verdict: Annotated[Verdict | None, "null: there is no log host"]
    log_host_findings: Annotated[tuple[Finding, ...], "on log hosts as a whole"]
    suspects: tuple[Suspect, ...]
    suspects_total: int
    next: Cursor


# ---- runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One pass over log files."""

    id: int
    log_host: str
    state: str
    started_by: str
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    error: Annotated[str, "one sentence; empty: none"]
    files: int
    size: Annotated[int, "bytes as handed in"]
    size_read: Annotated[int, "of them, those that are read"]
    lines: int
    new_lines: int
    duplicate_lines: int
    unparsed_lines: int
    set_aside_lines: int
    messages: int
    deliveries: int
    rejections: int
    first_at: Annotated[Time | None, "of its lines"]
    last_at: Time | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """Newest first."""

    runs: tuple[Run, ...]
    next: Cursor
