"""Rules on what own users and programs may do: other senders, limits, corrections of what they send."""

import re
from collections.abc import Iterator

from ingest.exim.access_lists import Acl, Statement
from ingest.exim.configuration import Configuration, Option
from ingest.languages import say
from ingest.rules.acl_texts import LOCAL, is_complete, on_statement, reached, without_text
from ingest.rules.configuration_lists import place
from ingest.rules.definition import Check, Limits, Rule, Scope, Severity, State
from ingest.rules.strangers import acls_of, applies

_SHOW_ACLS = "exim -bP config | sed -n '/^begin acl/,/^begin/p'"


def _local_acls(configuration: Configuration) -> tuple[Acl, ...]:
    return tuple(acl for option in LOCAL for acl in acls_of(configuration, option) or ())


def _smtp_statements(configuration: Configuration) -> Iterator[tuple[Acl, Statement]]:
    """The statements of all lists that are not for local programs only."""
    local = {acl.name for acl in _local_acls(configuration)}
    for acl in configuration.acls:
        if acl.name not in local:
            yield from ((acl, statement) for statement in acl.statements)


# --- X15 ------------------------------------------------------------------------------------------


def _submission(configuration: Configuration, _limits: Limits) -> Iterator[Check]:
    found = [
        (acl, statement, item.value)
        for acl, statement in _smtp_statements(configuration)
        for item in statement.named("control")
        if item.value.startswith("submission")
    ]
    checks = [
        check
        for acl, statement, value in found
        if (check := _submission_check(acl, statement, value, configuration))
    ]
    if checks:
        yield from checks
    elif not configuration.acls or not all(is_complete(acl, configuration) for acl in configuration.acls):
        why = say("The ACLs do not all stand in this text. Run this on the host and add what it prints.")
        yield without_text(
            SUBMISSION, "control = submission", why, "exim -bP config | grep -n 'control *= *submission'"
        )
    else:
        text = (
            say("Only mail of own users and machines is corrected.")
            if found
            else say("No mail is corrected.")
        )
        yield Check(
            State.OK, say("Only own mail is corrected"), "control", text, where=say("control of the ACLs")
        )


def _submission_check(
    acl: Acl, statement: Statement, value: str, configuration: Configuration
) -> Check | None:
    reach = applies(statement, configuration)
    if reach is None:
        why = say(
            "Whether this statement is for strangers too, a list or a condition decides that this text does not hold."
        )
        return on_statement(SUBMISSION, State.UNDECIDED, acl, statement, why, command=_SHOW_ACLS)
    if reach:
        text = say(
            "Mail of strangers is treated as handed in by an own user: missing headers are added, and a Sender "
            "header is made. Forged mail looks like mail of this host."
        )
        fix = f"{statement.text}\n    authenticated = *"
        return on_statement(SUBMISSION, State.BAD, acl, statement, text, fix=fix, command=_SHOW_ACLS)
    if "/sender_retain" not in value.replace(" ", ""):
        return None
    text = say(
        "Users who log in may write any From, and no Sender header tells who they are. A stolen account can "
        "write in anybody's name; only the log names it."
    )
    fix = re.sub(r"\s*/\s*sender_retain", "", statement.text)
    check = on_statement(
        SUBMISSION,
        State.BAD,
        acl,
        statement,
        text,
        title=say("Users may write any From"),
        fix=fix,
        command=_SHOW_ACLS,
    )
    return check._replace(severity=Severity.LOW)


SUBMISSION = Rule(
    code="X15",
    title="Mail of strangers is treated like mail of own users",
    severity=Severity.MEDIUM,
    scope=Scope.CONFIGURATION,
    explanation=(
        "control = submission corrects what own users hand in. For strangers it makes forged mail look right; with "
        "sender_retain users may write any From. It is no relay by itself."
    ),
    guards=("Debian sets sender_retain for own machines and users; that alone is low.",),
    next_steps=("Keep control = submission to authenticated = * and own machines.",),
    configuration=_submission,
)

# --- X16 ------------------------------------------------------------------------------------------


def _local_senders(configuration: Configuration, _limits: Limits) -> Iterator[Check]:
    names = ("untrusted_set_sender", "local_from_check")
    if not any(name in configuration.settings for name in names) and not configuration.tells(names[0]):
        why = say("The settings do not stand in this text. Run this on the host.")
        yield without_text(LOCAL_SENDERS, names[0], why, f"exim -bP {' '.join(names)}")
        return
    checks = list(_set_senders(configuration))
    yield from checks
    if not checks:
        text = say("Programs of ordinary users send with their own address.")
        yield Check(State.OK, say("Local users send as themselves"), names[0], text, where=names[0])


def _set_senders(configuration: Configuration) -> Iterator[Check]:
    sender = configuration.settings.get("untrusted_set_sender")
    if sender and re.fullmatch(r"[A-Z][A-Z0-9_]+", sender.value):
        yield _setting(LOCAL_SENDERS, sender._replace(doubt=sender.value), "", "")
    elif sender and any(
        item.strip() in {"*", "^.*", "^"} or item.strip().startswith("*@") for item in sender.value.split(":")
    ):
        text = say(
            "Any user of this host, and any script of a web site, sends with any envelope sender. Only U= in the log "
            "tells who it was."
        )
        yield _setting(LOCAL_SENDERS, sender, text, "untrusted_set_sender =")
    check = configuration.settings.get("local_from_check")
    if check and check.value == "false":
        text = say(
            "The From of mail that local programs hand in is not compared with who they are: no Sender header is "
            "added."
        )
        yield _setting(LOCAL_SENDERS, check, text, "local_from_check = true")


def _setting(rule: Rule, option: Option, text: str, fix: str) -> Check:
    where = place(option.name, option)
    command = f"exim -bP {option.name}"
    if option.doubt:
        why = say(
            "It depends on {condition}, which the text does not tell. Run this on the host.",
            condition=option.doubt,
        )
        return Check(
            State.UNDECIDED, say(rule.title), option.name, why, command=command, where=where, line=option.line
        )
    evidence = f"{option.name} = {option.value}"
    return Check(
        State.BAD, say(rule.title), option.name, text, fix, command, None, where, evidence, option.line
    )


LOCAL_SENDERS = Rule(
    code="X16",
    title="Local users may send in anybody's name",
    severity=Severity.LOW,
    scope=Scope.CONFIGURATION,
    explanation=(
        "With untrusted_set_sender = * or without local_from_check, scripts of a web site choose the sender freely "
        "(L04). Spam of a script then looks like mail of somebody else."
    ),
    guards=("Usual on Debian, and needed by some web software. It opens nothing to the outside.",),
    next_steps=("Restrict it to the users who need it, by trusted_users.",),
    configuration=_local_senders,
)

# --- X17 ------------------------------------------------------------------------------------------

_LIMIT_WORDS = re.compile(r"(?:per_\w+|strict|leaky|noupdate|readonly|(?:count|unique)=.*)$")
_EMPTY_LOCALLY = re.compile(
    r"\$\{?(?:authenticated_id|sender_host_address|sender_host_name|authenticated_sender)\b"
)


def _shared_limit(configuration: Configuration, _limits: Limits) -> Iterator[Check]:
    told = [option for option in LOCAL if option in configuration.settings]
    if not told and not configuration.tells(LOCAL[0]):
        why = say(
            "Which list judges mail of local programs does not stand in this text. Run this on the host."
        )
        yield without_text(SHARED_LIMIT, LOCAL[0], why, f"exim -bP {LOCAL[0]}")
        return
    named = [option for option in told if configuration.get(option)]
    if any(acls_of(configuration, option) is None for option in named):
        yield without_text(
            SHARED_LIMIT, named[0], say("The list itself does not stand in this text."), _SHOW_ACLS
        )
        return
    checks = [
        _shared(acl, statement, item.value)
        for outer in _local_acls(configuration)
        for acl, statement in reached(outer, configuration)
        for item in statement.named("ratelimit")
        if _is_shared(item.value)
    ]
    yield from checks
    if not checks:
        text = say("No limit on local programs counts them all together.")
        yield Check(State.OK, say("Local programs are counted apart"), LOCAL[0], text, where=LOCAL[0])


def _key(value: str) -> str:
    """The key of a limit: what stands behind the numbers and is no option; "" for the default."""
    parts = [part.strip() for part in value.split("/")]
    return next((part for part in reversed(parts[2:]) if part and not _LIMIT_WORDS.match(part)), "")


def _is_shared(value: str) -> bool:
    key = _key(value)
    return not key or _EMPTY_LOCALLY.search(key) is not None


def _shared(acl: Acl, statement: Statement, value: str) -> Check:
    key = _key(value)
    what = (
        say("{key} is empty", key=key)
        if key
        else say("the address of the client, which is the key where none is given, is empty")
    )
    text = say(
        "For mail of local programs {what}, so all of them share one limit: one script that sends spam locks out "
        "all others, or is hidden among them.",
        what=what,
    )
    repaired = value.replace(key, "$caller_uid") if key else f"{value} / $caller_uid"
    fix = statement.text.replace(value, repaired)
    return on_statement(
        SHARED_LIMIT, State.BAD, acl, statement, text, fix=fix, command="exim -bP acl_not_smtp"
    )


SHARED_LIMIT = Rule(
    code="X17",
    title="A limit counts all local programs together",
    severity=Severity.MEDIUM,
    scope=Scope.CONFIGURATION,
    explanation=(
        "Mail that a local program hands in has no authenticated_id and no client address. A limit with such a key "
        "has one counter for all programs."
    ),
    guards=("Only limits in the lists of acl_not_smtp and the lists that those ask.",),
    next_steps=("Count by $caller_uid or $sender_ident.",),
    configuration=_shared_limit,
)

# --- X18 ------------------------------------------------------------------------------------------

_LIMIT = """\
deny authenticated = *
     ratelimit = 100 / 1h / strict / per_rcpt / $authenticated_id
     message = too many recipients in an hour; ask your administrator"""


def _no_limit(configuration: Configuration, _limits: Limits) -> Iterator[Check]:
    limits = [
        (acl, statement) for acl, statement in _smtp_statements(configuration) if statement.named("ratelimit")
    ]
    for acl, statement in limits:
        if statement.verb != "warn" and _is_for_users(statement) and not statement.doubt:
            text = say("Users who log in may send only so much in a time.")
            yield on_statement(
                NO_LIMIT, State.OK, acl, statement, text, title=say("There is a limit on what a user sends")
            )
            return
    if limits:
        acl, statement = limits[0]
        why = say("There are limits; whether one of them is for users who log in, the lists tell.")
        yield on_statement(NO_LIMIT, State.UNDECIDED, acl, statement, why, command=_SHOW_ACLS)
    elif not configuration.acls or configuration.includes or not configuration.tells("acl_smtp_rcpt"):
        why = say("The ACLs do not all stand in this text. Run this on the host and add what it prints.")
        yield without_text(NO_LIMIT, "ratelimit", why, "exim -bP config | grep -n ratelimit")
    else:
        text = say(
            "One stolen password is enough to send without end: 100 recipients in an hour are a usual limit."
        )
        where = say("ratelimit of the ACLs")
        yield Check(
            State.BAD,
            say(NO_LIMIT.title),
            "ratelimit",
            text,
            _LIMIT,
            "exim -bP config | grep -n ratelimit",
            where=where,
        )


def _is_for_users(statement: Statement) -> bool:
    if any(
        "$authenticated_id" in item.value or "${authenticated_id" in item.value for item in statement.items
    ):
        return True
    return any(not item.is_negated for item in statement.named("authenticated"))


NO_LIMIT = Rule(
    code="X18",
    title="Users who log in may send without limit",
    severity=Severity.LOW,
    scope=Scope.CONFIGURATION,
    explanation=(
        "Without a limit, a stolen account sends as fast as the line allows, until somebody looks. A limit turns "
        "tens of thousands of messages into a hundred."
    ),
    guards=("Limits by other means (a policy server, the control panel) are not seen here.",),
    next_steps=("Put the limit before accept authenticated = *; raise it for those who send newsletters.",),
    configuration=_no_limit,
)
