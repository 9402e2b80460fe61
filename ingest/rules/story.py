"""The verdict in words: headline, lead, the four facts, what to do. No Exim vocabulary in the headline."""

from datetime import timedelta

from ingest.rules.answers import Answer, Case, Fact, NextStep
from ingest.rules.attacks import Attack, Way
from ingest.rules.configuration import EMPTY_LOOKUP, UNQUOTED_SQL, ConfigurationFinding
from ingest.rules.questions import records_names
from ingest.rules.words import be, count, day_and_minute, duration, have, listing, second, shell

_SHORT_LOG = timedelta(hours=6)

# --- is it over -----------------------------------------------------------------------------------


def is_over(attack: Attack, case: Case) -> Answer:
    """Yes, no, suspected (probably) or unknown, as of the end of the log; the clock does not matter."""
    first_at, last_at = case.coverage.first_at, case.coverage.last_at
    if first_at is None or last_at is None:
        return Answer.UNKNOWN
    quiet, span = last_at - attack.last_at, last_at - first_at
    if quiet >= case.limits.over_after:
        return Answer.YES if attack.refused_since else Answer.SUSPECTED
    if attack.refused_since:
        return Answer.SUSPECTED
    if span < min(_SHORT_LOG, case.limits.over_after) and quiet * 2 >= span:
        return Answer.UNKNOWN
    return Answer.NO


_OVER_WORDS = {
    Answer.YES: ("Yes", Answer.NO),
    Answer.SUSPECTED: ("Probably", Answer.SUSPECTED),
    Answer.NO: ("No", Answer.YES),
    Answer.UNKNOWN: ("Cannot tell", Answer.UNKNOWN),
}


def _over(attack: Attack, case: Case) -> Fact:
    over = is_over(attack, case)
    word, state = _OVER_WORDS[over]
    zone = case.host.zone
    detail = f"Last message {second(attack.last_at, zone)}"
    if case.coverage.last_at is not None:
        detail += f", {duration(case.coverage.last_at - attack.last_at)} before the log ends."
    if attack.refused_since:
        detail += f" Since then {count(attack.refused_since, 'attempt')} {be(attack.refused_since)} refused."
    elif over is Answer.SUSPECTED:
        detail += " Nothing was refused since: it may be a pause."
    elif over is Answer.UNKNOWN:
        detail += " The log is too short to say; add the hours after it."
    if attack.queued:
        detail += f" {attack.queued:,} {'waits' if attack.queued == 1 else 'wait'} in the queue."
    return Fact(question="Is it over?", answer=word, detail=detail, state=state)


# --- who, how, since when -------------------------------------------------------------------------


def facts(attack: Attack, case: Case) -> tuple[Fact, ...]:
    """Who got in, how, since when, is it over."""
    return (_who(attack), _how(attack, case), _since(attack, case), _over(attack, case))


def _who(attack: Attack) -> Fact:
    first, others = attack.reports[0], attack.names[1:]
    details = []
    if attack.way in {Way.ACCOUNT, Way.GUESSED} and first.sender_host_addresses:
        details.append(f"sends from {listing(first.sender_host_addresses)}.")
    elif first.helo_names and attack.way is not Way.SCRIPT:
        details.append(f"calls itself {listing(first.helo_names, shown=2)}.")
    if len(others) == 1:
        details.append(f"A second one, {others[0]}, does the same.")
    elif others:
        details.append(f"{len(others):,} others do the same: {listing(others)}.")
    return Fact(question="Who got in?", answer=first.value, detail=" ".join(details))


def _how(attack: Attack, case: Case) -> Fact:
    words = {
        Way.NAMELESS: ("Login without user name", _how_nameless(attack, case)),
        Way.ANY_NAME: ("Login under many names", "Any name is accepted, or many passwords are stolen."),
        Way.RELAY: ("No login at all", "Mail of strangers for strangers is accepted."),
        Way.ACCOUNT: ("With the account's password", "Guessed, phished or stolen; the log does not tell."),
        Way.GUESSED: ("Guessed a password", f"Then logged in as {listing(_guessed_ids(attack))}."),
        Way.SCRIPT: ("A program on the host itself", "It needs no login."),
    }
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


def _guessed_ids(attack: Attack) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for finding in attack.findings for name in finding.values))


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


# --- headline and lead ----------------------------------------------------------------------------


def headline(attack: Attack, case: Case) -> str:
    """One sentence for somebody who has never seen a mail log."""
    sending = _sending(attack, case)
    number = len(attack.names)
    one = number == 1
    strangers = "a stranger" if one else f"{number:,} strangers"
    match attack.way:
        case Way.NAMELESS:
            text = f"{sending} for {strangers} who {'logs' if one else 'log'} in without a user name."
        case Way.ANY_NAME:
            text = f"{sending} for {strangers} who {'logs' if one else 'log'} in under many names."
        case Way.RELAY:
            text = f"{sending} for {strangers} who {'does' if one else 'do'} not log in at all."
        case Way.ACCOUNT:
            knows = "must have" if attack.answer is Answer.YES else "may have"
            text = f"{sending} through {_accounts_named(attack)}; a stranger {knows} the password."
        case Way.GUESSED:
            guessed = "has guessed" if attack.answer is Answer.YES else "may have guessed"
            text = f"A stranger {guessed} the password of {listing(_guessed_ids(attack))} on {case.name}."
        case Way.SCRIPT:
            text = f"{sending}: a program of the user {listing(attack.names)} does it."
    return text[0].upper() + text[1:] if not case.host.name else text


def _sending(attack: Attack, case: Case) -> str:
    is_past = is_over(attack, case) in {Answer.YES, Answer.SUSPECTED, Answer.UNKNOWN}
    if attack.answer is Answer.YES:
        return f"{case.name} {'has sent' if is_past else 'is sending'} spam"
    return f"{case.name} {'has probably sent' if is_past else 'is probably sending'} spam"


def _accounts_named(attack: Attack) -> str:
    noun = "the account" if len(attack.names) == 1 else "the accounts"
    return f"{noun} {listing(attack.names)}"


def lead(attack: Attack, case: Case) -> str:
    """Who sent how much since when, and why that was possible."""
    at = day_and_minute(attack.first_at, case.host.zone)
    by_rule = attack.way in {Way.NAMELESS, Way.RELAY, Way.ANY_NAME}
    number = attack.count if by_rule else attack.messages
    when = f"on {at}" if number == 1 else f"since {at}"
    text = f"{_senders(attack)} sent {count(number, 'message')} through {case.name} {when}."
    why = _why(attack, case)
    return f"{text} {why}" if why else text


def _senders(attack: Attack) -> str:
    """``192.0.2.1, which calls itself [127.0.0.1], has``."""
    helo_names = attack.reports[0].helo_names
    if len(attack.names) == 1 and helo_names and attack.way in {Way.NAMELESS, Way.RELAY, Way.ANY_NAME}:
        return f"{attack.names[0]}, which calls itself {listing(helo_names, shown=1)}, has"
    return f"{listing(attack.names, shown=2)} {have(len(attack.names))}"


def _why(attack: Attack, case: Case) -> str:
    names = listing(attack.authenticators)
    if attack.way is Way.RELAY:
        return "Neither sender nor recipients belong to this host."
    if attack.way is not Way.NAMELESS:
        return ""
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


# --- next steps -----------------------------------------------------------------------------------


def next_steps(attack: Attack, case: Case) -> tuple[NextStep, ...]:
    """What to do now, in order."""
    steps = {
        Way.NAMELESS: _repair_authenticator,
        Way.ANY_NAME: _repair_authenticator,
        Way.RELAY: _close_relay,
        Way.ACCOUNT: _change_password,
        Way.GUESSED: _change_password,
        Way.SCRIPT: _stop_program,
    }[attack.way](attack, case)
    return (*steps[:1], *_remove_waiting(attack), *steps[1:], _look_again(case))


def _repair_authenticator(attack: Attack, case: Case) -> tuple[NextStep, ...]:
    names = listing(attack.authenticators) or "the authenticator"
    prove = NextStep(
        text="Prove it is closed: a login with nothing in it must be answered 535.",
        command=f"swaks --server {shell(case.host.name or 'localhost')} --auth PLAIN --auth-user '<>' "
        "--auth-password '<>' --quit-after AUTH",
    )
    if attack.answer is Answer.YES:
        repair = (
            f"Repair {names} on {case.name}, then reload Exim. Blocking the address alone leaves the hole "
            "open."
        )
        step = NextStep(text=repair, command="systemctl reload exim4", fix=case.fix(EMPTY_LOOKUP.code))
        return (step, *_quote_sql(case), prove)
    show = f"Show {names} on {case.name} and paste it into Configuration, which says whether anyone gets in."
    prove = NextStep(text="Try a login with nothing in it: it must be answered 535.", command=prove.command)
    return (NextStep(text=show, command="exim -bP authenticators"), *_quote_sql(case), prove)


def _quote_sql(case: Case) -> tuple[NextStep, ...]:
    """A repair must not open another hole."""
    fix = case.fix(UNQUOTED_SQL.code)
    text = (
        "One text of the authenticator puts what the client sends into SQL without quoting. Use this instead."
    )
    return (NextStep(text=text, fix=fix),) if fix else ()


def close_hole(hole: ConfigurationFinding, case: Case) -> tuple[NextStep, ...]:
    """How to close what a configuration lets through, and to prove it."""
    repair = f"Repair it on {case.name} ({hole.where}), then reload Exim."
    prove = "Try as a stranger: RCPT TO must be answered 550."
    return (
        NextStep(text=repair, command="systemctl reload exim4", fix=hole.fix or None),
        NextStep(text=prove, command=hole.command),
    )


def _close_relay(attack: Attack, case: Case) -> tuple[NextStep, ...]:
    if holes := case.relay_holes():
        return close_hole(holes[0], case)
    return (
        NextStep(
            text=f"Look at who may send without a login on {case.name}. List exact addresses only.",
            command="exim -bP +relay_from_hosts",
        ),
        NextStep(
            text="See which statement accepts a stranger: with a foreign sender, a foreign RCPT TO must end "
            "in “relay not permitted”.",
            command="exim -bh 203.0.113.1",
        ),
    )


def _change_password(attack: Attack, case: Case) -> tuple[NextStep, ...]:
    names = _guessed_ids(attack) if attack.way is Way.GUESSED else attack.names
    return (NextStep(text=f"Change the password of {listing(names)}, and ask what was sent on purpose."),)


def _stop_program(attack: Attack, case: Case) -> tuple[NextStep, ...]:
    return (NextStep(text=f"Find the program of {listing(attack.names)} that sends, and stop it."),)


def _remove_waiting(attack: Attack) -> tuple[NextStep, ...]:
    if not attack.queued:
        return ()
    variable = {Way.ACCOUNT: "$authenticated_id", Way.SCRIPT: "$sender_ident"}.get(
        attack.way, "$sender_host_address"
    )
    waiting = [report.value for report in attack.reports if report.queued][:10]
    conditions = " ".join(shell(f"{variable} eq {value}") for value in waiting)
    any_of = "--or " if len(waiting) > 1 else ""
    verb = "message that still waits" if attack.queued == 1 else "messages that still wait"
    return (
        NextStep(
            text=f"Remove the {attack.queued:,} {verb} in the queue.",
            command=f"exipick -i {any_of}{conditions} | xargs -r exim -Mrm",
        ),
    )


def _look_again(case: Case) -> NextStep:
    return NextStep(text="Add the log again an hour later: the answer is “over” when nothing more follows.")
