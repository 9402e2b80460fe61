"""The verdict in words: headline, lead, the facts. No Exim vocabulary in the headline."""

from datetime import timedelta

from ingest.languages import later, say, say_of
from ingest.rules.aftermath import Aftermath
from ingest.rules.answers import Answer, Case, Fact, Way
from ingest.rules.attacks import OF_PROGRAMS, WITHOUT_LOGIN, Attack
from ingest.rules.broken_logins import records_names
from ingest.rules.configuration import EMPTY_LOOKUP
from ingest.rules.words import count, day_and_minute, duration, listing, second, together

_NAMES_HOSTS = frozenset({Way.NAMELESS, Way.ANY_NAME, *WITHOUT_LOGIN})

# --- the facts ------------------------------------------------------------------------------------


def facts(attack: Attack, after: Aftermath, case: Case) -> tuple[Fact, ...]:
    """Who got in, how, since when, how much went out, is it over, has the repair worked."""
    return (
        _who(attack),
        _how(attack, case),
        _since(attack, case),
        _how_much(attack, after, case),
        _over(attack, after, case),
        _repaired(after),
    )


def _who(attack: Attack) -> Fact:
    others, details = attack.names[1:], []
    if attack.accounts and attack.addresses:
        if attack.way is Way.ACCOUNT:
            details.append(say("sends from {addresses}.", addresses=listing(attack.addresses)))
    elif attack.reports and attack.reports[0].helo_names and attack.way is not Way.SCRIPT:
        details.append(say("calls itself {names}.", names=listing(attack.reports[0].helo_names, shown=2)))
    if len(others) == 1:
        details.append(say("A second one, {name}, does the same.", name=others[0]))
    elif others:
        number, names = len(others), listing(others)
        details.append(say("{number:,} others do the same: {names}.", number=number, names=names))
    return Fact(
        question=say("Who sends?") if attack.way in OF_PROGRAMS else say("Who got in?"),
        answer=attack.names[0] if attack.names else say("Nobody is named"),
        detail=together(details),
    )


_HOW = {
    Way.NAMELESS: (later("Login without user name"), ""),
    Way.ANY_NAME: (
        later("Login under many names"),
        later("Any name is accepted, or many passwords are stolen."),
    ),
    Way.RELAY: (later("No login at all"), later("Mail of strangers for strangers is accepted.")),
    Way.LOCAL_SENDER: (
        later("No login at all"),
        later("An address of yours as the sender is enough, and anyone can write it."),
    ),
    Way.ROUTED: (
        later("No login at all"),
        later("The recipient's address asks the server to send it on elsewhere."),
    ),
    Way.GATEWAY: (
        later("No login at all"),
        later("Everybody seems to come from an address of your own network."),
    ),
    Way.ACCOUNT: (
        later("With the account's password"),
        later("Guessed, phished or stolen; the log does not tell."),
    ),
    Way.GUESSED: (later("Guessed a password"), ""),
    Way.SCRIPT: (later("A program on the host itself"), later("It needs no login.")),
    Way.DIRECTORY: (
        later("A program on the host itself"),
        later("It runs in this directory and needs no login."),
    ),
    Way.OWN_MAIL: (
        later("A program on the host itself"),
        later("It connects from the same machine and needs no login."),
    ),
}


def _how(attack: Attack, case: Case) -> Fact:
    answer, detail = map(say, _HOW[attack.way])
    if attack.way is Way.NAMELESS:
        detail = _how_nameless(attack, case)
    elif attack.way is Way.GUESSED:
        detail = say("Then logged in as {accounts}.", accounts=listing(attack.guessed_ids))
    return Fact(question=say("How?"), answer=answer, detail=detail)


def _how_nameless(attack: Attack, case: Case) -> str:
    names = listing(attack.authenticators)
    if attack.answer is Answer.YES:
        return say_of(
            len(attack.authenticators),
            "{names} accepts it. No mailbox password was stolen.",
            "{names} accept it. No mailbox password was stolen.",
            names=names,
        )
    if records_names(case):
        return say("Through {names}, which logs a name for all others.", names=names)
    return say(
        "Through {names}, if the configuration lets it in. A wrong log setting looks the same.", names=names
    )


def _since(attack: Attack, case: Case) -> Fact:
    zone = case.host.zone
    detail = [say("First message {time}.", time=second(attack.first_at, zone))]
    if case.coverage.first_at is not None:
        before = attack.first_at - case.coverage.first_at
        if before >= timedelta(hours=1):
            detail.append(say("Nothing of it in the {span} before.", span=duration(before)))
        else:
            detail.append(say("The log hardly reaches back further: it may have begun earlier."))
    return Fact(
        question=say("Since when?"), answer=day_and_minute(attack.first_at, zone), detail=together(detail)
    )


def _how_much(attack: Attack, after: Aftermath, case: Case) -> Fact:
    sent, question = after.sent, say("How much went out?")
    if not sent.messages:
        return Fact(
            question=question,
            answer=count(attack.count, "message"),
            detail=say("The log does not tie recipients to it."),
        )
    parts = [say("{number:,} delivered", number=sent.delivered)]
    if sent.deferred:
        parts.append(say("{number:,} put off by the other server", number=sent.deferred))
    parts.append(say("{number:,} bounced", number=sent.bounced))
    waiting = say("nothing waits")
    if sent.waiting:
        waiting = say_of(
            sent.waiting,
            "{number:,} message still on this server",
            "{number:,} messages still on this server",
        )
    return Fact(
        question=question,
        answer=say(
            "{messages} to {recipients}",
            messages=count(sent.messages, "message"),
            recipients=_recipients(after, case),
        ),
        detail=say("{parts}.", parts=say(", ").join([*parts, waiting])),
    )


def _recipients(after: Aftermath, case: Case) -> str:
    """``12 strangers``: recipients elsewhere; recipients where it is not known who is local."""
    if not case.host.local_domains:
        return count(after.sent.strangers, "recipient")
    return count(after.sent.strangers, "stranger")


_OVER_WORDS = {
    Answer.YES: (later("Yes"), Answer.NO),
    Answer.SUSPECTED: (later("Probably"), Answer.SUSPECTED),
    Answer.NO: (later("No"), Answer.YES),
    Answer.UNKNOWN: (later("Cannot tell"), Answer.UNKNOWN),
}


def _over(attack: Attack, after: Aftermath, case: Case) -> Fact:
    word, state = _OVER_WORDS[after.is_over]
    detail = [_last_message(attack, case)]
    if after.is_over is Answer.SUSPECTED and after.repair.answer is not Answer.YES:
        detail.append(say("It may be a pause."))
    elif after.is_over is Answer.UNKNOWN:
        detail.append(say("The log is too short to say; add the hours after it."))
    return Fact(question=say("Is it over?"), answer=say(word), detail=together(detail), state=state)


def _last_message(attack: Attack, case: Case) -> str:
    time = second(attack.last_at, case.host.zone)
    if case.coverage.last_at is None:
        return say("Last message {time}.", time=time)
    quiet = duration(case.coverage.last_at - attack.last_at)
    return say("Last message {time}, {span} before the log ends.", time=time, span=quiet)


_REPAIR_WORDS = {
    Answer.YES: (later("Yes"), Answer.NO),
    Answer.NO: (later("No"), Answer.YES),
    Answer.UNKNOWN: (later("Cannot tell"), Answer.UNKNOWN),
}


def _repaired(after: Aftermath) -> Fact:
    word, state = _REPAIR_WORDS[after.repair.answer]
    return Fact(
        question=say("Has the repair worked?"), answer=say(word), detail=after.repair.because, state=state
    )


# --- headline and lead ----------------------------------------------------------------------------


def headline(attack: Attack, after: Aftermath, case: Case) -> str:
    """One sentence for somebody who has never seen a mail log."""
    text = _headline(attack, _sending(attack, after, case), case)
    return text[0].upper() + text[1:] if not case.host.name else text


def _headline(attack: Attack, sending: str, case: Case) -> str:
    strangers, names = len(attack.names), listing(attack.names)
    match attack.way:
        case Way.NAMELESS:
            return say_of(
                strangers,
                "{sending} for a stranger who logs in without a user name.",
                "{sending} for {number:,} strangers who log in without a user name.",
                sending=sending,
            )
        case Way.ANY_NAME:
            return say_of(
                strangers,
                "{sending} for a stranger who logs in under many names.",
                "{sending} for {number:,} strangers who log in under many names.",
                sending=sending,
            )
        case Way.RELAY | Way.ROUTED:
            return say_of(
                strangers,
                "{sending} for a stranger who does not log in at all.",
                "{sending} for {number:,} strangers who do not log in at all.",
                sending=sending,
            )
        case Way.LOCAL_SENDER:
            return say_of(
                strangers,
                "{sending} for a stranger who only writes one of its addresses as the sender.",
                "{sending} for {number:,} strangers who only write one of its addresses as the sender.",
                sending=sending,
            )
        case Way.GATEWAY:
            return say(
                "{sending} for strangers: it takes everybody for a machine of its own network.",
                sending=sending,
            )
        case Way.ACCOUNT | Way.GUESSED:
            return _headline_of_accounts(attack, sending, case)
        case Way.SCRIPT:
            return say("{sending}: a program of the user {names} does it.", sending=sending, names=names)
        case Way.DIRECTORY:
            return say("{sending}: a program in {names} does it.", sending=sending, names=names)
        case Way.OWN_MAIL:
            return say(
                "{sending}: a program on the server itself does it, as {names}.", sending=sending, names=names
            )


def _headline_of_accounts(attack: Attack, sending: str, case: Case) -> str:
    is_sure = attack.answer is Answer.YES
    if attack.way is Way.GUESSED:
        guessed = {"accounts": listing(attack.guessed_ids), "host": case.name}
        if is_sure:
            return say("A stranger has guessed the password of {accounts} on {host}.", **guessed)
        return say("A stranger may have guessed the password of {accounts} on {host}.", **guessed)
    number, through = len(attack.names), {"sending": sending, "accounts": listing(attack.names)}
    if is_sure:
        return say_of(
            number,
            "{sending} through the account {accounts}; a stranger must have the password.",
            "{sending} through the accounts {accounts}; a stranger must have the password.",
            **through,
        )
    return say_of(
        number,
        "{sending} through the account {accounts}; a stranger may have the password.",
        "{sending} through the accounts {accounts}; a stranger may have the password.",
        **through,
    )


def _sending(attack: Attack, after: Aftermath, case: Case) -> str:
    is_past = after.is_over is not Answer.NO
    if attack.answer is Answer.YES:
        if is_past:
            return say("{host} has sent spam", host=case.name)
        return say("{host} is sending spam", host=case.name)
    if is_past:
        return say("{host} has probably sent spam", host=case.name)
    return say("{host} is probably sending spam", host=case.name)


def lead(attack: Attack, after: Aftermath, case: Case) -> str:
    """Who sent how much to how many since when, and why that was possible."""
    return together((_sent(attack, after, case), _why(attack, case)))


def _sent(attack: Attack, after: Aftermath, case: Case) -> str:
    is_one, senders = _senders(attack)
    number = after.sent.messages or attack.count
    at = day_and_minute(attack.first_at, case.host.zone)
    if not after.sent.strangers:
        if is_one:
            return say_of(
                number,
                "{senders} has sent {number:,} message through {host} on {at}.",
                "{senders} has sent {number:,} messages through {host} since {at}.",
                senders=senders,
                host=case.name,
                at=at,
            )
        return say_of(
            number,
            "{senders} have sent {number:,} message through {host} on {at}.",
            "{senders} have sent {number:,} messages through {host} since {at}.",
            senders=senders,
            host=case.name,
            at=at,
        )
    recipients = _recipients(after, case)
    if is_one:
        return say_of(
            number,
            "{senders} has sent {number:,} message to {recipients} through {host} on {at}.",
            "{senders} has sent {number:,} messages to {recipients} through {host} since {at}.",
            senders=senders,
            recipients=recipients,
            host=case.name,
            at=at,
        )
    return say_of(
        number,
        "{senders} have sent {number:,} message to {recipients} through {host} on {at}.",
        "{senders} have sent {number:,} messages to {recipients} through {host} since {at}.",
        senders=senders,
        recipients=recipients,
        host=case.name,
        at=at,
    )


def _senders(attack: Attack) -> tuple[bool, str]:
    """Whether it is one, and ``192.0.2.1, which calls itself [127.0.0.1],``."""
    names = listing(attack.names, shown=2)
    if attack.way is Way.DIRECTORY:
        return False, say("Programs in {names}", names=names)
    helo_names = attack.reports[0].helo_names if attack.reports else ()
    is_one = len(attack.names) == 1
    if is_one and helo_names and attack.way in _NAMES_HOSTS:
        called = listing(helo_names, shown=1)
        return True, say("{name}, which calls itself {called},", name=attack.names[0], called=called)
    return is_one, names


def _why(attack: Attack, case: Case) -> str:
    if attack.way is Way.RELAY:
        return say("Neither sender nor recipients belong to this host.")
    if attack.way is Way.LOCAL_SENDER:
        return say("It did not log in, and the recipients do not belong to this host.")
    if attack.way is Way.GATEWAY:
        return say("A router or a container network in front hides who connects.")
    if attack.way in OF_PROGRAMS and attack.answer is not Answer.YES:
        return say("It may be lawful, such as a newsletter: ask whose program it is.")
    return _why_nameless(attack, case) if attack.way is Way.NAMELESS else ""


def _why_nameless(attack: Attack, case: Case) -> str:
    names = listing(attack.authenticators)
    if attack.answer is Answer.YES and case.fix(EMPTY_LOOKUP.code):
        return say(
            "The login through {names} succeeds without a user name: the password check compares an empty "
            "password with the empty result of a lookup that found nobody.",
            names=names,
        )
    if attack.answer is Answer.YES:
        return say("The authenticator {names} lets in anyone.", names=names)
    if records_names(case):
        return say(
            "The log shows no user name for these logins through {names}, but one for all others: the check "
            "seems to let in anyone. The configuration decides.",
            names=names,
        )
    return say(
        "The log shows no user name for the login through {names}. The configuration decides whether anyone "
        "gets in, or whether only the name is missing from the log.",
        names=names,
    )
