"""What to do now, in order: close the way in, stop what waits, keep them out, prove it, tell people."""

import re
from collections.abc import Iterator, Sequence

from ingest.languages import say, say_of
from ingest.rules import blocklists
from ingest.rules.aftermath import Aftermath
from ingest.rules.answers import Answer, Case, NextStep, Way
from ingest.rules.attacks import OF_PROGRAMS, Attack
from ingest.rules.broken_logins import LETS_IN
from ingest.rules.configuration import UNQUOTED_SQL, ConfigurationFinding
from ingest.rules.defences import DENY_STRANGERS, deny_accounts, deny_users, firewall, one_of_each_network
from ingest.rules.open_relays import try_as_stranger
from ingest.rules.panels import lock_mailboxes
from ingest.rules.scripts import SCRIPT
from ingest.rules.spool_steps import spool_steps
from ingest.rules.words import arguments, listing, shell, together

_MOST_NETWORKS = 3
_RELOAD = "systemctl reload exim4"
_DOMAIN = re.compile(r"[a-z0-9.-]+")


def next_steps(
    attack: Attack, others: Sequence[Attack], after: Aftermath, case: Case
) -> tuple[NextStep, ...]:
    """What to do now, in order. ``others``: attacks of another kind; of each what closes it."""
    closing, proving = _closing(attack, case), _proving(attack, case)
    return (
        *closing,
        *(step for other in others for step in _closing(other, case)[:1]),
        *spool_steps(attack, after.waiting),
        *_keeping_out(attack, after, case),
        *proving,
        *_telling(attack, case),
        *_telling_networks(attack, case),
        *removal_steps(case),
        *_looking_again(after),
    )


def _closing(attack: Attack, case: Case) -> tuple[NextStep, ...]:
    match attack.way:
        case Way.NAMELESS | Way.ANY_NAME:
            return _repair_authenticator(attack, case)
        case Way.RELAY | Way.LOCAL_SENDER:
            return _close_relay(case)
        case Way.ROUTED:
            text = say(
                "Refuse recipients that name another destination on {host}, then reload Exim.", host=case.name
            )
            fix = "deny\n  local_parts = ^.*[@%!/|]\n  message     = restricted characters in address"
            return (NextStep(text=text, command="exim -bP percent_hack_domains", fix=fix),)
        case Way.GATEWAY:
            text = say(
                "Take {names} and its network out of the trusted ones on {host}, then reload "
                "Exim. Let the gateway pass the client's address on (host network, or the PROXY protocol).",
                names=listing(attack.names),
                host=case.name,
            )
            return (NextStep(text=text, command="exim -bP +relay_from_hosts"),)
        case Way.ACCOUNT | Way.GUESSED:
            return _lock_accounts(attack, case)
        case _:
            return tuple(_stop_program(attack, case))


# --- authenticators and relaying ------------------------------------------------------------------


def _repair_authenticator(attack: Attack, case: Case) -> tuple[NextStep, ...]:
    names = listing(attack.authenticators) or say("behind these logins")
    fixes = (case.fix(rule.code) for rule in LETS_IN)
    fix = next(filter(None, fixes), None)
    if attack.answer is Answer.YES and fix:
        repair = say(
            "Repair the authenticator {names} on {host}, then reload Exim. Blocking the address alone leaves the "
            "hole open.",
            names=names,
            host=case.name,
        )
        return (NextStep(text=repair, command=_RELOAD, fix=fix), *_quote_sql(case))
    show = say(
        "Show the authenticator {names} on {host} and paste it into Configuration, which says whether anyone "
        "gets in.",
        names=names,
        host=case.name,
    )
    return (NextStep(text=show, command="exim -bP authenticators"), *_quote_sql(case))


def _quote_sql(case: Case) -> tuple[NextStep, ...]:
    """A repair must not open another hole."""
    fix = case.fix(UNQUOTED_SQL.code)
    text = say(
        "One text of the authenticator puts what the client sends into SQL without quoting. Use this instead."
    )
    return (NextStep(text=text, fix=fix),) if fix else ()


def repair_hole(hole: ConfigurationFinding, case: Case) -> NextStep:
    """How to close what a configuration lets through."""
    repair = say("Repair it on {host} ({where}), then reload Exim.", host=case.name, where=hole.where)
    return NextStep(text=repair, command=_RELOAD, fix=hole.fix or None)


def prove_hole_closed(hole: ConfigurationFinding) -> NextStep:
    """How to prove that it is closed."""
    return NextStep(text=say("Try as a stranger: RCPT TO must be answered 550."), command=hole.command)


def _close_relay(case: Case) -> tuple[NextStep, ...]:
    if holes := case.relay_holes():
        return (repair_hole(holes[0], case),)
    return (
        NextStep(
            text=say(
                "Look at who may send without a login on {host}. List exact addresses only.", host=case.name
            ),
            command="exim -bP +relay_from_hosts",
        ),
        NextStep(
            text=say(
                "Until the cause is found: put this at the beginning of the ACL for RCPT (acl_check_rcpt), and reload "
                "Exim. If the list above is too wide, mend it first."
            ),
            command=_RELOAD,
            fix=DENY_STRANGERS,
        ),
    )


# --- accounts and programs ------------------------------------------------------------------------


def _lock_accounts(attack: Attack, case: Case) -> tuple[NextStep, ...]:
    names = listing(attack.accounts)
    change = say_of(
        len(attack.accounts),
        "Change the password of {names} where the mailbox is kept, and end its sessions. "
        "The new one must be set on a computer without malware.",
        "Change the password of {names} where the mailbox is kept, and end their sessions. "
        "The new one must be set on a computer without malware.",
        names=names,
    )
    kicks = [f"doveadm kick {name}" for name in arguments(attack.accounts)]
    command = None
    if kicks and any("dovecot" in name.lower() for name in case.host.logins):
        change = together((change, say("With Dovecot this ends the sessions:")))
        command = "; ".join(kicks)
    return (NextStep(text=change, command=command), *_locking(attack, case, names))


def _locking(attack: Attack, case: Case, names: str) -> Iterator[NextStep]:
    """Until the password is changed."""
    if case.panel and (panels_own := lock_mailboxes(case.panel, attack.accounts)):
        text = say(
            "If that takes time: lock {names} with {panel}, which writes Exim’s configuration itself. Nobody can "
            "log in then; mail still comes in.",
            names=names,
            panel=case.panel,
        )
        yield NextStep(text=text, command=panels_own)
    elif fix := deny_accounts(attack.accounts):
        text = say(
            "If that takes time: lock {names} in Exim. Put this at the beginning of the ACL for RCPT "
            "(acl_check_rcpt), and reload Exim.",
            names=names,
        )
        yield NextStep(text=text, command=_RELOAD, fix=fix)


def _look_into(directories: Sequence[str]) -> NextStep:
    paths = " ".join(arguments([name for name in directories if name.startswith("/")]))
    return NextStep(
        text=say(
            "Look for the files in {directories} that are new or that nobody knows, and stop the one that sends.",
            directories=listing(directories),
        ),
        command=f"find {paths} -type f -mtime -14 -name '*.php' -ls" if paths else None,
    )


def _stop_program(attack: Attack, case: Case) -> Iterator[NextStep]:
    names = listing(attack.names)
    if attack.way is Way.OWN_MAIL:
        text = say("Find the program that connects to the mail server from the same machine, and stop it.")
        yield NextStep(text=text, command="ss -tnp dst 127.0.0.1:25")
        return
    if attack.way is Way.DIRECTORY:
        yield _look_into(attack.names)
        return
    ran = case.of_host(SCRIPT.code)
    if ran is not None and ran.first_at <= attack.last_at and attack.first_at <= ran.last_at:
        yield _look_into(ran.values)
    users = " ".join(f"-u {name}" for name in arguments(attack.names))
    text = say("Find the program of {names} that sends, and stop it.", names=names)
    yield NextStep(text=text, command=f"ps -f {users}" if users else None)
    if fix := deny_users(attack.names):
        text = say(
            "Until it is found: let Exim take nothing from that user. Put this into the ACL that acl_not_smtp names, "
            "and reload Exim."
        )
        yield NextStep(text=text, command="exim -bP acl_not_smtp", fix=fix)


# --- afterwards -----------------------------------------------------------------------------------


def _keeping_out(attack: Attack, after: Aftermath, case: Case) -> Iterator[NextStep]:
    if attack.way is Way.GATEWAY or after.repair.answer is Answer.YES:
        return
    if found := firewall(_strangers(attack, case), case.host):
        text, command = found
        yield NextStep(text=text, command=command)


def _strangers(attack: Attack, case: Case) -> tuple[str, ...]:
    """The attackers' addresses. A stolen account is used by its owner too: of its addresses only the suspects."""
    if attack.way is not Way.ACCOUNT:
        return attack.addresses
    return tuple(address for address in attack.addresses if address in case.suspicious_addresses)


def _proving(attack: Attack, case: Case) -> tuple[NextStep, ...]:
    if attack.way in {Way.NAMELESS, Way.ANY_NAME}:
        closed = say("Try a login with nothing in it: it must be answered 535.")
        if attack.answer is Answer.YES:
            closed = say("Prove it is closed: a login with nothing in it must be answered 535.")
        command = (
            f"swaks --server {shell(case.host.name or 'localhost')} --auth PLAIN --auth-user '<>' "
            "--auth-password '<>' --quit-after AUTH"
        )
        return (NextStep(text=closed, command=command),)
    if attack.way in {Way.RELAY, Way.LOCAL_SENDER, Way.ROUTED, Way.GATEWAY}:
        if holes := case.relay_holes():
            return (prove_hole_closed(holes[0]),)
        text = say(
            "See which statement accepts a stranger: a foreign RCPT TO must end in “relay not permitted” (550). "
            "Nothing is sent by this."
        )
        return (NextStep(text=text, command=try_as_stranger(_sender_tried(attack, case))),)
    if attack.accounts:
        text = say(
            "See that {names} is refused with the old password: the last lines must say 535, and "
            "nothing newer may be sent.",
            names=listing(attack.accounts),
        )
        account = next(iter(arguments(attack.accounts)), None)
        look = f"exigrep -l {account} mainlog | tail -n 40" if account else None
        return (NextStep(text=text, command=look),)
    return ()


def _sender_tried(attack: Attack, case: Case) -> str:
    """One of ours where that opened the door."""
    domains = [domain for domain in sorted(case.host.local_domains) if _DOMAIN.fullmatch(domain)]
    return f"postmaster@{domains[0]}" if attack.way is Way.LOCAL_SENDER and domains else ""


def _telling(attack: Attack, case: Case) -> Iterator[NextStep]:
    if attack.accounts:
        yield NextStep(
            text=say(
                "Tell the owner of {names}: a stranger knows the password, and it must be changed "
                "everywhere it is used. Ask what was sent on purpose.",
                names=listing(attack.accounts),
            )
        )
    elif attack.way in OF_PROGRAMS:
        yield NextStep(
            text=say("Tell the owner of the web site or program, and have it updated before it sends again.")
        )
    elif attack.answer is Answer.YES:
        yield NextStep(
            text=say(
                "Tell whoever is responsible for {host}, and your provider's abuse desk before it asks: what "
                "happened, since when, and that it is closed. A shared report says it in one link.",
                host=case.name,
            )
        )


def _telling_networks(attack: Attack, case: Case) -> Iterator[NextStep]:
    found = one_of_each_network(_strangers(attack, case), case.host)[:_MOST_NETWORKS]
    if attack.way is Way.GATEWAY or not found:
        return
    yield NextStep(
        text=say_of(
            len(found),
            "Look up whose network this is, and tell the abuse address that is named there: the lines, with the "
            "time zone.",
            "Look up whose networks these are, and tell the abuse address that is named there: the lines, with the "
            "time zone.",
        ),
        command="; ".join(f"whois {shell(address)}" for address in found),
    )


def removal_steps(case: Case) -> Iterator[NextStep]:
    """Where to ask to be taken off the blocklists that others named; useless before the hole is closed."""
    if not blocklists.providers(case):
        return
    replies = blocklists.replies(case)
    known = blocklists.known_lists(replies)
    places = [*map(_place, known), *blocklists.other_lists(replies)]
    text = say(
        "When it is closed, and not before, ask to be taken off the blocklists. Give the address that this host "
        "sends from."
    )
    if places:
        text = say(
            "When it is closed, and not before, ask to be taken off the blocklists that others named: {places}. "
            "Give the address that this host sends from.",
            places=say("; ").join(places),
        )
    yield NextStep(text=text, urls=tuple(item.url for item in known if item.url))


def _place(known: blocklists.KnownList) -> str:
    return f"{known.name} ({say(known.advice)})" if known.advice else known.name


def _looking_again(after: Aftermath) -> Iterator[NextStep]:
    if after.is_over is not Answer.YES:
        yield NextStep(
            text=say("Add the log again an hour later: the answer is “over” when nothing more follows.")
        )
