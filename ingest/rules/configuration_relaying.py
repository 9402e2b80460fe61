"""Rules on the access control list that judges recipients: what does it accept from a stranger?"""

import re
from collections.abc import Iterator

from ingest.exim.access_lists import Acl, Statement
from ingest.exim.configuration import Configuration
from ingest.languages import say
from ingest.rules.acl_texts import RCPT, is_complete, on_statement, place_of, rcpt_acls, reached, without_text
from ingest.rules.configuration_lists import TRY_TO_RELAY, place
from ingest.rules.definition import Check, Limits, Rule, Scope, Severity, State
from ingest.rules.strangers import acls_of, passage

_SHOW = f"exim -bP {RCPT}"
_BEFORE = ("acl_smtp_connect", "acl_smtp_helo", "acl_smtp_mail")
_LISTS = re.compile(r"\+(relay_from_hosts|relay_to_domains|local_domains)\b")


# --- X11 ------------------------------------------------------------------------------------------


def _accepts_strangers(configuration: Configuration, _limits: Limits) -> Iterator[Check]:
    acls = rcpt_acls(configuration)
    if not acls:
        why = say(
            "Which list judges recipients, or the list itself, does not stand in this text. Try it on the host."
        )
        if configuration.tells(RCPT) and not configuration.get(RCPT):
            yield Check(
                State.OK,
                say("No mail is accepted by SMTP"),
                RCPT,
                say("No list, so all is refused (X12)."),
                where=RCPT,
            )
        else:
            yield without_text(ACCEPTS_STRANGERS, RCPT, why, TRY_TO_RELAY)
        return
    if _is_refused_before(configuration):
        text = say("A list that is asked before refuses every stranger.")
        yield Check(State.OK, say("Strangers are refused"), RCPT, text, where=RCPT)
        return
    yield from (_passage_check(acl, configuration) for acl in acls)


def _is_refused_before(configuration: Configuration) -> bool:
    acls = [acl for option in _BEFORE for acl in acls_of(configuration, option) or ()]
    return any(passage(acl, configuration).is_accepted is False for acl in acls)


def _passage_check(acl: Acl, configuration: Configuration) -> Check:
    found = passage(acl, configuration)
    if found.statement is None or found.is_accepted is False:
        text = say("A stranger who does not log in and sends to an address elsewhere is refused.")
        where = place_of(acl)
        return Check(State.OK, say("Strangers may not relay"), acl.name, text, where=where, line=acl.line)
    statement = found.statement
    if found.is_accepted is None:
        why = say(
            "Whether this statement lets a stranger through depends on what this text does not hold: a lookup, a "
            "list, a macro, another file. A session as of a stranger tells; RCPT must be answered 550."
        )
        return on_statement(ACCEPTS_STRANGERS, State.UNDECIDED, acl, statement, why, command=TRY_TO_RELAY)
    text = say(
        "{why} A stranger reaches this statement, so anyone may send to any address.", why=_why(statement)
    )
    check = on_statement(
        ACCEPTS_STRANGERS, State.BAD, acl, statement, text, fix=_repaired(statement), command=TRY_TO_RELAY
    )
    is_narrow = any(
        item.name in {"local_parts", "recipients"} and "*" not in item.value for item in statement.conditions
    )
    return check._replace(severity=Severity.MEDIUM) if is_narrow else check


def _why(statement: Statement) -> str:
    names = [item.name for item in statement.conditions]
    if named := _LISTS.search(statement.text):
        return say("The list {name} holds strangers; see X09 and X10.", name=named[1])
    if {"senders", "sender_domains"} & set(names):
        return say("Whoever sends chooses the sender's address, so this condition keeps nobody out.")
    return (
        say("It has no condition that a stranger does not meet.")
        if names
        else say("It accepts without any condition.")
    )


def _repaired(statement: Statement) -> str:
    if statement.conditions:
        return f"{statement.text}\n    authenticated = *"
    return (
        "require message = relay not permitted\n    domains = +local_domains : +relay_to_domains\n"
        + statement.text
    )


ACCEPTS_STRANGERS = Rule(
    code="X11",
    title="The ACL accepts mail of strangers for any address",
    severity=Severity.CRITICAL,
    scope=Scope.CONFIGURATION,
    explanation=(
        "The list named by acl_smtp_rcpt decides for whom mail is taken. A statement that accepts without a login, "
        "an own host or an own domain, in front of the one that refuses relaying, makes an open relay. A sender's "
        "address proves nothing: anyone can write any."
    ),
    guards=(
        "The list is followed as of a host that nobody knows, not logged in, with any sender, to a foreign domain.",
        "Conditions on what this text does not hold are not decided; the session of exim -bh is.",
        "Lists that are asked later (after DATA) may still refuse the message.",
    ),
    next_steps=(
        "Add authenticated = * or hosts to the statement, reload Exim, and try again with exim -bh.",
    ),
    configuration=_accepts_strangers,
)

# --- X12 ------------------------------------------------------------------------------------------


def _no_rcpt_acl(configuration: Configuration, _limits: Limits) -> Iterator[Check]:
    setting = configuration.settings.get(RCPT)
    if setting and setting.value and not setting.doubt:
        text = say("It is {value}.", value=setting.value)
        yield Check(
            State.OK,
            say("Recipients are judged by a list"),
            RCPT,
            text,
            where=place(RCPT, setting),
            line=setting.line,
        )
    elif not configuration.tells(RCPT):
        why = say("The setting does not stand in this text. Run this on the host.")
        yield without_text(NO_RCPT_ACL, RCPT, why, _SHOW)
    else:
        text = say(
            "Without this list Exim refuses every recipient that comes by SMTP. This is no hole: nobody can send "
            "through this host, and nobody can send to it."
        )
        line = setting.line if setting else 0
        where = place(RCPT, setting)
        fix = f"{RCPT} = acl_check_rcpt"
        evidence = say("{option} is not set", option=RCPT)
        yield Check(State.BAD, say(NO_RCPT_ACL.title), RCPT, text, fix, _SHOW, None, where, evidence, line)


NO_RCPT_ACL = Rule(
    code="X12",
    title="No mail is accepted by SMTP: acl_smtp_rcpt is not set",
    severity=Severity.MEDIUM,
    scope=Scope.CONFIGURATION,
    explanation="Exim refuses every recipient where acl_smtp_rcpt is not set. Mail stands still; nothing is open.",
    guards=("Right on a host that only sends what its own programs hand in.",),
    next_steps=("Name the list, or switch the listener off if no mail shall come in.",),
    configuration=_no_rcpt_acl,
)

# --- X13 ------------------------------------------------------------------------------------------

_RESTRICTION = """\
deny message = restricted characters in address
     domains = +local_domains
     local_parts = ^[.] : ^.*[@%!/|]
deny message = restricted characters in address
     domains = !+local_domains
     local_parts = ^[./|] : ^.*[@%!] : ^.*/\\\\.\\\\./"""


def _percent_hack(configuration: Configuration, _limits: Limits) -> Iterator[Check]:
    option = configuration.settings.get("percent_hack_domains")
    acls = rcpt_acls(configuration)
    if option and option.value and not option.doubt:
        text = say(
            "An address user%elsewhere@here is rewritten to user@elsewhere. If the rewritten address is accepted "
            "because the one before was local, strangers relay with it."
        )
        where = place(option.name, option)
        yield Check(
            State.BAD, say(PERCENT_HACK.title), option.name, text, "percent_hack_domains =",
            "exim -bP percent_hack_domains", Severity.HIGH, where, f"{option.name} = {option.value}", option.line,
        )  # fmt: skip
    elif acls is None:
        why = say("The list that judges recipients does not stand in this text. RCPT must be answered 550.")
        yield without_text(
            PERCENT_HACK, RCPT, why, TRY_TO_RELAY.replace("b@recipient", "b%recipient.example@local")
        )
    else:
        yield from (_restriction(acl, configuration) for acl in acls)


def _restriction(acl: Acl, configuration: Configuration) -> Check:
    where = place_of(acl)
    for other, statement in reached(acl, configuration):
        refuses = statement.verb in {"deny", "drop", "require"}
        if refuses and any(
            "%" in item.value and "!" in item.value for item in statement.named("local_parts")
        ):
            text = say("Addresses with the signs %, ! and @ before the last @ are refused.")
            state = State.UNDECIDED if statement.doubt else State.OK
            title = "" if statement.doubt else say("Percent hacks are refused")
            return on_statement(
                PERCENT_HACK,
                state,
                other,
                statement,
                text,
                title=title,
                command=_SHOW if statement.doubt else "",
            )
    if not is_complete(acl, configuration):
        return without_text(
            PERCENT_HACK, where, say("Part of the list stands in another file or list."), "exim -bP config"
        )
    text = say(
        "No statement refuses addresses such as user%elsewhere@here. Another server behind this one that still "
        "understands them relays then for strangers, and programs may get unexpected signs."
    )
    return Check(
        State.BAD,
        say(PERCENT_HACK.title),
        acl.name,
        text,
        _RESTRICTION,
        TRY_TO_RELAY,
        None,
        where,
        "",
        acl.line,
    )


PERCENT_HACK = Rule(
    code="X13",
    title="Addresses that name a way elsewhere are accepted",
    severity=Severity.MEDIUM,
    scope=Scope.CONFIGURATION,
    explanation=(
        "user%elsewhere@here once meant: send it on to elsewhere. Exim's own example refuses such addresses; "
        "without that, strangers may relay through this host or one behind it."
    ),
    guards=("Any deny, drop or require on local_parts with % and ! counts.",),
    next_steps=("Put back the two statements of Exim's example, before the first accept.",),
    configuration=_percent_hack,
)

# --- X14 ------------------------------------------------------------------------------------------


def _no_recipient_check(configuration: Configuration, _limits: Limits) -> Iterator[Check]:
    acls = rcpt_acls(configuration)
    if acls is None:
        why = say("The list that judges recipients does not stand in this text. Run this on the host.")
        yield without_text(NO_RECIPIENT_CHECK, RCPT, why, "exim -bP config | grep -n 'verify *= *recipient'")
        return
    yield from (_recipient_check(acl, configuration) for acl in acls)


def _recipient_check(acl: Acl, configuration: Configuration) -> Check:
    where = place_of(acl)
    doubted = None
    for other, statement in reached(acl, configuration):
        if statement.verb == "warn":
            continue
        for item in statement.named("verify"):
            if item.value.startswith("recipient"):
                doubted = statement.doubt or item.doubt
                if not doubted:
                    text = say("Recipients are looked up before they are accepted.")
                    title = say("Unknown recipients are refused")
                    return on_statement(NO_RECIPIENT_CHECK, State.OK, other, statement, text, title=title)
    command = "exim -bP config | grep -n 'verify *= *recipient'"
    if doubted or not is_complete(acl, configuration):
        why = (
            say("It stands behind {condition}.", condition=doubted)
            if doubted
            else say("Part of the list stands in another file or list.")
        )
        return without_text(NO_RECIPIENT_CHECK, where, why, command)
    text = say(
        "Recipients are accepted without looking whether they exist. Mail for those that do not is then bounced, "
        "and spam has forged senders: strangers get the bounces (backscatter, B04)."
    )
    fix = "require verify = recipient"
    return Check(
        State.BAD, say(NO_RECIPIENT_CHECK.title), acl.name, text, fix, command, None, where, "", acl.line
    )


NO_RECIPIENT_CHECK = Rule(
    code="X14",
    title="Recipients that do not exist are accepted",
    severity=Severity.MEDIUM,
    scope=Scope.CONFIGURATION,
    explanation=(
        "Without verify = recipient a host takes mail for anybody in its domains and bounces later what it cannot "
        "deliver. Others are bothered, and blocklists list hosts for it. It is no relay."
    ),
    guards=("A relay that cannot know the recipients needs verify = recipient/callout, or nothing helps.",),
    next_steps=("Put require verify = recipient before the statements that accept for own domains.",),
    configuration=_no_recipient_check,
)
