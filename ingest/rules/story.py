"""The verdict in words: headline, lead, the facts. No Exim vocabulary in the headline."""

from datetime import timedelta

from ingest.rules.aftermath import Aftermath
from ingest.rules.answers import Answer, Case, Fact, Way
from ingest.rules.attacks import OF_PROGRAMS, WITHOUT_LOGIN, Attack
from ingest.rules.broken_logins import records_names
from ingest.rules.configuration import EMPTY_LOOKUP
from ingest.rules.words import count, day_and_minute, duration, have, listing, second

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
        details.append(f"sends from {listing(attack.addresses)}." if attack.way is Way.ACCOUNT else "")
    elif attack.reports and attack.reports[0].helo_names and attack.way is not Way.SCRIPT:
        details.append(f"calls itself {listing(attack.reports[0].helo_names, shown=2)}.")
    if len(others) == 1:
        details.append(f"A second one, {others[0]}, does the same.")
    elif others:
        details.append(f"{len(others):,} others do the same: {listing(others)}.")
    return Fact(
        question="Who sends?" if attack.way in OF_PROGRAMS else "Who got in?",
        answer=attack.names[0] if attack.names else "Nobody is named",
        detail=" ".join(filter(None, details)),
    )


def _how(attack: Attack, case: Case) -> Fact:
    words = {
        Way.NAMELESS: ("Login without user name", _how_nameless(attack, case)),
        Way.ANY_NAME: ("Login under many names", "Any name is accepted, or many passwords are stolen."),
        Way.RELAY: ("No login at all", "Mail of strangers for strangers is accepted."),
        Way.LOCAL_SENDER: ("No login at all", "An address of yours as the sender is enough, and anyone can write it."),
        Way.ROUTED: ("No login at all", "The recipient's address asks the server to send it on elsewhere."),
        Way.GATEWAY: ("No login at all", "Everybody seems to come from an address of your own network."),
        Way.ACCOUNT: ("With the account's password", "Guessed, phished or stolen; the log does not tell."),
        Way.GUESSED: ("Guessed a password", f"Then logged in as {listing(attack.guessed_ids)}."),
        Way.SCRIPT: ("A program on the host itself", "It needs no login."),
        Way.DIRECTORY: ("A program on the host itself", "It runs in this directory and needs no login."),
        Way.OWN_MAIL: ("A program on the host itself", "It connects from the same machine and needs no login."),
    }  # fmt: skip
    answer, detail = words[attack.way]
    return Fact(question="How?", answer=answer, detail=detail)


def _how_nameless(attack: Attack, case: Case) -> str:
    names = listing(attack.authenticators)
    if attack.answer is Answer.YES:
        accepts = "accepts" if len(attack.authenticators) == 1 else "accept"
        return f"{names} {accepts} it. No mailbox password was stolen."
    if records_names(case):
        return f"Through {names}, which logs a name for all others."
    return f"Through {names}, if the configuration lets it in. A wrong log setting looks the same."


def _since(attack: Attack, case: Case) -> Fact:
    zone = case.host.zone
    detail = f"First message {second(attack.first_at, zone)}."
    if case.coverage.first_at is not None:
        before = attack.first_at - case.coverage.first_at
        if before >= timedelta(hours=1):
            detail += f" Nothing of it in the {duration(before)} before."
        else:
            detail += " The log hardly reaches back further: it may have begun earlier."
    return Fact(question="Since when?", answer=day_and_minute(attack.first_at, zone), detail=detail)


def _how_much(attack: Attack, after: Aftermath, case: Case) -> Fact:
    sent = after.sent
    if not sent.messages:
        number = count(attack.count, "message")
        return Fact(
            question="How much went out?", answer=number, detail="The log does not tie recipients to it."
        )
    parts = [
        f"{sent.delivered:,} delivered",
        f"{sent.deferred:,} put off by the other server" if sent.deferred else "",
        f"{sent.bounced:,} bounced",
        f"{count(sent.waiting, 'message')} still on this server" if sent.waiting else "nothing waits",
    ]
    return Fact(
        question="How much went out?",
        answer=f"{count(sent.messages, 'message')} to {_recipients(after, case)}",
        detail=f"{', '.join(filter(None, parts))}.".capitalize(),
    )


def _recipients(after: Aftermath, case: Case) -> str:
    """``12 strangers``: recipients elsewhere; recipients where it is not known who is local."""
    if not case.host.local_domains:
        return count(after.sent.strangers, "recipient")
    return count(after.sent.strangers, "stranger")


_OVER_WORDS = {
    Answer.YES: ("Yes", Answer.NO),
    Answer.SUSPECTED: ("Probably", Answer.SUSPECTED),
    Answer.NO: ("No", Answer.YES),
    Answer.UNKNOWN: ("Cannot tell", Answer.UNKNOWN),
}


def _over(attack: Attack, after: Aftermath, case: Case) -> Fact:
    word, state = _OVER_WORDS[after.is_over]
    detail = f"Last message {second(attack.last_at, case.host.zone)}"
    if case.coverage.last_at is not None:
        detail += f", {duration(case.coverage.last_at - attack.last_at)} before the log ends."
    if after.is_over is Answer.SUSPECTED and after.repair.answer is not Answer.YES:
        detail += " It may be a pause."
    elif after.is_over is Answer.UNKNOWN:
        detail += " The log is too short to say; add the hours after it."
    return Fact(question="Is it over?", answer=word, detail=detail, state=state)


_REPAIR_WORDS = {
    Answer.YES: ("Yes", Answer.NO),
    Answer.NO: ("No", Answer.YES),
    Answer.UNKNOWN: ("Cannot tell", Answer.UNKNOWN),
}


def _repaired(after: Aftermath) -> Fact:
    word, state = _REPAIR_WORDS[after.repair.answer]
    return Fact(question="Has the repair worked?", answer=word, detail=after.repair.because, state=state)


# --- headline and lead ----------------------------------------------------------------------------


def headline(attack: Attack, after: Aftermath, case: Case) -> str:
    """One sentence for somebody who has never seen a mail log."""
    sending = _sending(attack, after, case)
    one = len(attack.names) == 1
    strangers = "a stranger" if one else f"{len(attack.names):,} strangers"
    match attack.way:
        case Way.NAMELESS:
            text = f"{sending} for {strangers} who {'logs' if one else 'log'} in without a user name."
        case Way.ANY_NAME:
            text = f"{sending} for {strangers} who {'logs' if one else 'log'} in under many names."
        case Way.RELAY | Way.ROUTED:
            text = f"{sending} for {strangers} who {'does' if one else 'do'} not log in at all."
        case Way.LOCAL_SENDER:
            writes = "writes" if one else "write"
            text = f"{sending} for {strangers} who only {writes} one of its addresses as the sender."
        case Way.GATEWAY:
            text = f"{sending} for strangers: it takes everybody for a machine of its own network."
        case Way.ACCOUNT:
            knows = "must have" if attack.answer is Answer.YES else "may have"
            text = f"{sending} through {_accounts_named(attack)}; a stranger {knows} the password."
        case Way.GUESSED:
            guessed = "has guessed" if attack.answer is Answer.YES else "may have guessed"
            text = f"A stranger {guessed} the password of {listing(attack.guessed_ids)} on {case.name}."
        case Way.SCRIPT:
            text = f"{sending}: a program of the user {listing(attack.names)} does it."
        case Way.DIRECTORY:
            text = f"{sending}: a program in {listing(attack.names)} does it."
        case Way.OWN_MAIL:
            text = f"{sending}: a program on the server itself does it, as {listing(attack.names)}."
    return text[0].upper() + text[1:] if not case.host.name else text


def _sending(attack: Attack, after: Aftermath, case: Case) -> str:
    is_past = after.is_over in {Answer.YES, Answer.SUSPECTED, Answer.UNKNOWN}
    if attack.answer is Answer.YES:
        return f"{case.name} {'has sent' if is_past else 'is sending'} spam"
    return f"{case.name} {'has probably sent' if is_past else 'is probably sending'} spam"


def _accounts_named(attack: Attack) -> str:
    noun = "the account" if len(attack.names) == 1 else "the accounts"
    return f"{noun} {listing(attack.names)}"


def lead(attack: Attack, after: Aftermath, case: Case) -> str:
    """Who sent how much to how many since when, and why that was possible."""
    at = day_and_minute(attack.first_at, case.host.zone)
    number = after.sent.messages or attack.count
    when = f"on {at}" if number == 1 else f"since {at}"
    to_whom = f" to {_recipients(after, case)}" if after.sent.strangers else ""
    text = f"{_senders(attack)} sent {count(number, 'message')}{to_whom} through {case.name} {when}."
    why = _why(attack, case)
    return f"{text} {why}" if why else text


def _senders(attack: Attack) -> str:
    """``192.0.2.1, which calls itself [127.0.0.1], has``."""
    if attack.way is Way.DIRECTORY:
        return f"Programs in {listing(attack.names, shown=2)} have"
    helo_names = attack.reports[0].helo_names if attack.reports else ()
    if len(attack.names) == 1 and helo_names and attack.way in _NAMES_HOSTS:
        return f"{attack.names[0]}, which calls itself {listing(helo_names, shown=1)}, has"
    return f"{listing(attack.names, shown=2)} {have(len(attack.names))}"


def _why(attack: Attack, case: Case) -> str:
    if attack.way is Way.RELAY:
        return "Neither sender nor recipients belong to this host."
    if attack.way is Way.LOCAL_SENDER:
        return "It did not log in, and the recipients do not belong to this host."
    if attack.way is Way.GATEWAY:
        return "A router or a container network in front hides who connects."
    if attack.way in OF_PROGRAMS and attack.answer is not Answer.YES:
        return "It may be lawful, such as a newsletter: ask whose program it is."
    return _why_nameless(attack, case) if attack.way is Way.NAMELESS else ""


def _why_nameless(attack: Attack, case: Case) -> str:
    names = listing(attack.authenticators)
    if attack.answer is Answer.YES and case.fix(EMPTY_LOOKUP.code):
        return (
            f"The login through {names} succeeds without a user name: the password check compares an empty "
            "password with the empty result of a lookup that found nobody."
        )
    if attack.answer is Answer.YES:
        return f"The authenticator {names} lets in anyone."
    if records_names(case):
        return (
            f"The log shows no user name for these logins through {names}, but one for all others: the check "
            "seems to let in anyone. The configuration decides."
        )
    return (
        f"The log shows no user name for the login through {names}. The configuration decides whether anyone "
        "gets in, or whether only the name is missing from the log."
    )
