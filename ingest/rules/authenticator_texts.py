"""What all rules on authenticators ask: the tree of an option, the variables of a mechanism, the proofs."""

import re

from ingest.exim.configuration import Authenticator
from ingest.languages import say
from ingest.rules.definition import Check, Rule, State
from ingest.rules.expansion import Expansion, UnreadableExpansion, read
from ingest.rules.password_checks import unknown_macro
from ingest.rules.words import shell

SHOW = "exim -bP authenticators"


def expansion_of(value: str) -> Expansion | None:
    """The tree of a value, None where it cannot be read: a macro, or grammar that is not known here."""
    if re.fullmatch(r"[A-Z][A-Z0-9_]*", value):
        return None
    try:
        expansion = read(value)
    except UnreadableExpansion:
        return None
    return None if unknown_macro(expansion) else expansion


def undecided(rule: Rule, option: str, why: str = "") -> Check:
    """Cannot tell; the command prints what would tell."""
    text = why or say("This text cannot be followed to its end.")
    text = say("{why} Run this on the host, which prints it with macros replaced.", why=text)
    return Check(State.UNDECIDED, say(rule.title), option, text, command=SHOW)


def doubted(check: Check, authenticator: Authenticator, rule: Rule) -> Check:
    """The check, if what it rests on counts whatever macros are defined; else undecided."""
    option = authenticator.options.get(check.option)
    if option and option.doubt:
        why = say(
            "It stands behind {condition}, and the text does not say whether that is so.",
            condition=option.doubt,
        )
        return undecided(rule, check.option, why)
    if authenticator.is_cut and check.state is State.OK and (option is None or check.option == "driver"):
        return undecided(rule, check.option, say("It may stand in an included file, which was not read."))
    return check


def prove_closed(authenticator: Authenticator) -> str:
    """A login with nothing in it; must be answered 535."""
    mechanism = shell(authenticator.mechanism)
    return (
        f"swaks --server localhost --auth {mechanism} --auth-user '<>' --auth-password '<>' --quit-after AUTH"
    )


def credentials(authenticator: Authenticator) -> tuple[str, ...]:
    """The variables of user name and password; none where the driver has others."""
    if authenticator.driver != "plaintext":
        return ()
    return ("auth2", "auth3") if authenticator.mechanism == "PLAIN" else ("auth1", "auth2")
