"""Rules on the password check of an authenticator: can somebody get in without a password?"""

import re

from ingest.exim.configuration import Authenticator, Configuration
from ingest.languages import say
from ingest.rules.authenticator_texts import credentials, expansion_of, prove_closed, undecided
from ingest.rules.definition import Check, Rule, Scope, Severity, State
from ingest.rules.expansion import Expansion, Lookup, parts_of
from ingest.rules.password_checks import (
    SQL,
    asks_outside_of_conditions,
    fallbacks,
    is_empty_if_not_found,
    is_open,
    looks_at,
    runs_code,
    unguarded_backends,
    weak_comparisons,
)
from ingest.rules.password_repairs import guarded, make_lookups_fail, repaired, without_fallbacks
from ingest.rules.words import listing, shell

# --- X01 ------------------------------------------------------------------------------------------


def _empty_lookup(authenticator: Authenticator, configuration: Configuration) -> Check:
    if authenticator.get("server_condition"):
        return _empty_comparison(authenticator)
    for option in ("server_secret", "server_password"):
        if authenticator.get(option):
            return _empty_secret(authenticator, option)
    return Check(
        State.OK, say("The driver checks the password itself"), "driver", say("No lookup is compared.")
    )


def _empty_comparison(authenticator: Authenticator) -> Check:
    option, value = "server_condition", authenticator.get("server_condition")
    expansion = expansion_of(value)
    if expansion is None:
        return undecided(EMPTY_LOOKUP, option)
    weak = next(weak_comparisons(expansion), None)
    if weak is None:
        text = say(
            "No password is compared with a lookup that may be empty, or empty input is refused before."
        )
        return Check(State.OK, say("An unknown user is refused"), option, text)
    who = say("user name") if weak.variable in credentials(authenticator)[:1] else say("password")
    text = say(
        "When no user matches, the lookup returns nothing. An empty {who} equals nothing, so the login "
        "succeeds: with an empty user name, and with any name that does not exist. In the repaired text fail "
        "makes an unknown user fail, and !eq refuses empty input.",
        who=who,
    )
    fix = f"{option} = {repaired(value, expansion, credentials(authenticator))}"
    return Check(State.BAD, say(EMPTY_LOOKUP.title), option, text, fix, _see_empty(value, weak.looked_up))


def _see_empty(value: str, looked_up: Expansion) -> str:
    """Prints yes: what is found for nobody equals nothing."""
    text = value[looked_up.start : looked_up.end]
    lookup = next(part for part in parts_of(looked_up) if isinstance(part, Lookup))
    start, end = lookup.query.start - looked_up.start, lookup.query.end - looked_up.start
    if lookup.key is not None:
        start, end = lookup.key.start - looked_up.start, lookup.key.end - looked_up.start
        text = f"{text[:start]}nosuchuser{text[end:]}"
    elif lookup.kind in SQL:
        query = re.sub(r"(?is)\bwhere\b.*", "WHERE 1=0", text[start:end])
        text = f"{text[:start]}{query.strip()}{text[end:]}"
    else:
        query = re.sub(r"\$\{?(?:auth)?[123]\}?", "nosuchuser", text[start:end])
        text = f"{text[:start]}{query}{text[end:]}"
    return f"exim -be {shell(f'${{if eq{{}}{{{text.strip()}}}{{yes}}{{no}}}}')}"


def _empty_secret(authenticator: Authenticator, option: str) -> Check:
    value = authenticator.get(option)
    expansion = expansion_of(value)
    if expansion is None:
        return undecided(EMPTY_LOOKUP, option)
    if not is_empty_if_not_found(expansion):
        return Check(State.OK, say("An unknown user is refused"), option, say("The secret is never empty."))
    text = say(
        "When no user matches, the lookup returns nothing, and nothing is then the password of every user "
        "that does not exist. In the repaired text fail makes an unknown user fail."
    )
    fix = f"{option} = {make_lookups_fail(value, expansion)}"
    return Check(State.BAD, say(EMPTY_LOOKUP.title), option, text, fix, _see_empty(value, expansion))


EMPTY_LOOKUP = Rule(
    code="X01",
    title="The password is compared with an empty lookup result",
    severity=Severity.CRITICAL,
    scope=Scope.CONFIGURATION,
    explanation=(
        "A lookup that finds nobody returns nothing. If the password is compared with that, an empty "
        "password equals it, and anyone gets in who leaves user name and password empty."
    ),
    guards=(
        "Not bad if the same condition requires the password not to be empty, or if the lookup fails or "
        "returns something for unknown users.",
        "crypteq and comparisons of a hash of the password are sound: a hash is never empty.",
    ),
    next_steps=(
        "Put the repaired condition into the authenticator and reload Exim.",
        "Prove it: a login with nothing in it must be answered 535.",
    ),
    authenticator=_empty_lookup,
)

# --- X02 ------------------------------------------------------------------------------------------


def _always_true(authenticator: Authenticator, configuration: Configuration) -> Check | None:
    option, value = "server_condition", authenticator.get("server_condition")
    if not value:
        return None
    if authenticator.driver not in {"plaintext", ""}:
        return Check(
            State.OK,
            say("The driver checks the password"),
            option,
            say("The condition is only an additional one."),
        )
    expansion = expansion_of(value)
    if expansion is None:
        return undecided(ALWAYS_TRUE, option)
    if is_open(expansion):
        text = say(
            "The condition is true whatever the client sends: any user name with any password logs in."
        )
    elif _ignores_password(expansion, authenticator):
        text = say(
            "The condition never looks at the password ({variable}): any password logs in.",
            variable=f"${credentials(authenticator)[1]}",
        )
    else:
        return Check(State.OK, say("The condition can fail"), option, say("It is not constantly true."))
    fix = "# server_condition: compare the password with the stored one, or remove the authenticator"
    return Check(State.BAD, say(ALWAYS_TRUE.title), option, text, fix, prove_closed(authenticator))


def _ignores_password(expansion: Expansion, authenticator: Authenticator) -> bool:
    """Whether the check never looks at the password, and does not leave that to a program."""
    needed = credentials(authenticator)
    if not needed or authenticator.mechanism not in {"PLAIN", "LOGIN"} or runs_code(expansion):
        return False
    literal = expansion.literal
    return literal is None and not looks_at(expansion, needed[1])


ALWAYS_TRUE = Rule(
    code="X02",
    title="The password check is always true",
    severity=Severity.CRITICAL,
    scope=Scope.CONFIGURATION,
    explanation="The condition does not depend on what the client sends. Anyone logs in with anything.",
    guards=(
        "With drivers that check the password themselves (dovecot, cram_md5, ...) the condition is "
        "additional.",
    ),
    next_steps=("Switch the authenticator off, then write a real check.",),
    authenticator=_always_true,
)

# --- X04 ------------------------------------------------------------------------------------------


def _fallback(authenticator: Authenticator, configuration: Configuration) -> Check | None:
    for option in ("server_condition", "server_secret", "server_password"):
        value = authenticator.get(option)
        if value and (option != "server_condition" or authenticator.driver in {"plaintext", ""}):
            return _fallback_of(authenticator, option, value)
    return None


def _fallback_of(authenticator: Authenticator, option: str, value: str) -> Check:
    expansion = expansion_of(value)
    if expansion is None:
        return undecided(FALLBACK, option)
    if option != "server_condition":
        answers = [
            part.failure.literal
            for part in parts_of(expansion)
            if isinstance(part, Lookup) and part.failure is not None and part.failure.literal
        ]
        found = [
            say("{option} of an unknown user is {answer}", option=option, answer=answer) for answer in answers
        ]
        fix = ""
    else:
        found = [
            say("for an unknown user the lookup gives {answer}", answer=answer)
            for _, answer in fallbacks(expansion)
        ]
        fix = f"{option} = {without_fallbacks(value, expansion)}"
    if not found:
        return Check(
            State.OK,
            say("An unknown user has no fixed password"),
            option,
            say("No lookup has a fixed answer."),
        )
    text = say(
        "Where no user matches, the text gives an answer of its own: {answers}. "
        "Whoever sends that as password, with a name that does not exist, may get in. fail makes an unknown user fail.",
        answers=listing(tuple(dict.fromkeys(found))),
    )
    return Check(State.BAD, say(FALLBACK.title), option, text, fix, prove_closed(authenticator))


FALLBACK = Rule(
    code="X04",
    title="An unknown user has a password that can be guessed",
    severity=Severity.CRITICAL,
    scope=Scope.CONFIGURATION,
    explanation=(
        "A lookup may give a fixed text for users that it does not find. Compared with the password, that "
        "text is the password of everybody who does not exist; as the answer of the check, it lets them in."
    ),
    guards=(
        "Only texts that are compared with what the client sent, or are the answer themselves. A fixed text "
        "compared by crypteq or with a hash is no hash of anything.",
    ),
    next_steps=("Write fail in its place and reload Exim.",),
    authenticator=_fallback,
)

# --- X05 ------------------------------------------------------------------------------------------


def _empty_allowed(authenticator: Authenticator, configuration: Configuration) -> Check | None:
    option, value = "server_condition", authenticator.get("server_condition")
    needed = credentials(authenticator)
    if not value or not needed:
        return None
    expansion = expansion_of(value)
    if expansion is None:
        return undecided(EMPTY_ALLOWED, option)
    password = needed[1]
    places = tuple(unguarded_backends(expansion, password))
    if places:
        fix = f"{option} = {guarded(value, places, needed)}"
    elif asks_outside_of_conditions(expansion):
        guards = " ".join(f"{{!eq{{${name}}}{{}}}}" for name in needed)
        fix = f"{option} = ${{if and{{ {guards} }}{{{value}}}{{no}}}}"
    elif runs_code(expansion):
        text = say(
            "A program, Perl or an ACL decides. Whether it refuses an empty password does not stand in this text."
        )
        command = prove_closed(authenticator)
        return Check(State.UNDECIDED, say(EMPTY_ALLOWED.title), option, text, command=command)
    else:
        text = say("No other program is asked about an empty password.")
        return Check(State.OK, say("Empty input is refused, or compared safely"), option, text)
    text = say(
        "Another program is asked whether the password is right, also when there is none. Some say yes: "
        "LDAP takes it for an anonymous login, PAM may allow it (nullok). In the repaired text !eq refuses it before."
    )
    return Check(State.BAD, say(EMPTY_ALLOWED.title), option, text, fix, prove_closed(authenticator))


EMPTY_ALLOWED = Rule(
    code="X05",
    title="An empty password is not refused",
    severity=Severity.MEDIUM,
    scope=Scope.CONFIGURATION,
    explanation=(
        "RADIUS, PAM, saslauthd and programs behind a socket may take an empty password for a login "
        "without one. Exim asks them about it unless the condition refuses it first."
    ),
    guards=(
        "crypteq and lookups are not meant here (X01), and ldapauth refuses an empty password itself.",
        "Fine where the same condition requires the password not to be empty.",
    ),
    next_steps=("Refuse empty input in the condition, and prove it with an empty login: 535.",),
    authenticator=_empty_allowed,
)
