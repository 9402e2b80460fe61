"""Audits a configuration: is the password check sound, is the user logged, is the password safe on its way.

Static reading of text, so three states: bad, ok, or undecided with the command that decides.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.exim.configuration import Authenticator, Configuration
from ingest.rules.definition import Check, Rule, Scope, Severity, State
from ingest.rules.expansion import Expansion, If, Lookup, UnreadableExpansion, parts_of, read
from ingest.rules.password_checks import (
    SQL,
    client_variable,
    is_empty_if_not_found,
    make_lookups_fail,
    repaired,
    unquoted_in_sql,
    weak_comparisons,
)
from ingest.rules.words import listing, shell

_SHOW = "exim -bP authenticators"
_TRUE = frozenset({"1", "yes", "true"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationFinding:
    """What one rule says about one authenticator."""

    rule: str
    state: State
    severity: Severity  # info where the state is ok
    title: str
    where: str  # "authenticator plain, line 4, server_condition"
    evidence: str  # the option as it stands, passwords masked
    explanation: str
    fix: str  # the repaired option, "" if there is nothing to repair
    command: str
    authenticator: str = ""
    line: int = 0  # in the text that was read, from 1; 0 where there is no such line

    def as_json(self) -> dict[str, str]:
        """One entry of ``findings`` in ``audit_config --json``."""
        return {
            "rule": self.rule,
            "state": str(self.state),
            "severity": str(self.severity),
            "title": self.title,
            "where": self.where,
            "evidence": self.evidence,
            "explanation": self.explanation,
            "fix": self.fix,
            "command": self.command,
        }


def audit(configuration: Configuration) -> tuple[ConfigurationFinding, ...]:
    """All findings: bad ones first, worst first, then what cannot be decided, then what is fine."""
    servers = [item for item in configuration.authenticators if item.is_server]
    found = [_unseen(rule) for rule in CONFIGURATION_RULES] if not servers else []
    for authenticator in servers:
        found += _audit_one(authenticator, configuration)
    order = (State.BAD, State.UNDECIDED, State.OK)
    return tuple(sorted(found, key=lambda finding: (order.index(finding.state), finding.severity.rank)))


def _audit_one(authenticator: Authenticator, configuration: Configuration) -> Iterator[ConfigurationFinding]:
    for rule in CONFIGURATION_RULES:
        check = rule.authenticator(authenticator, configuration) if rule.authenticator else None
        if check is not None:
            yield _finding(rule, check, authenticator)


def _finding(rule: Rule, check: Check, authenticator: Authenticator) -> ConfigurationFinding:
    option = authenticator.options.get(check.option)
    line = option.line if option else authenticator.line
    severity = Severity.INFO if check.state is State.OK else check.severity or rule.severity
    return ConfigurationFinding(
        rule=rule.code,
        state=check.state,
        severity=severity,
        title=check.title,
        where=f"authenticator {authenticator.name}, line {line}, {check.option}",
        evidence=f"{check.option} = {option.value}" if option else f"{check.option} is not set",
        explanation=check.explanation,
        fix=check.fix,
        command=check.command,
        authenticator=authenticator.name,
        line=line,
    )


def _unseen(rule: Rule) -> ConfigurationFinding:
    return ConfigurationFinding(
        rule=rule.code,
        state=State.UNDECIDED,
        severity=rule.severity,
        title=rule.title,
        where="authenticators",
        evidence="",
        explanation="The text holds no authenticator. Run this on the host and add what it prints.",
        fix="",
        command=_SHOW,
    )


def _expansion(value: str) -> Expansion | None:
    """The tree of a value, None where it cannot be read: a macro, or grammar that is not known here."""
    if re.fullmatch(r"[A-Z][A-Z0-9_]*", value):
        return None
    try:
        return read(value)
    except UnreadableExpansion:
        return None


def _undecided(rule: Rule, option: str) -> Check:
    return Check(
        State.UNDECIDED,
        rule.title,
        option,
        "This text cannot be followed to its end. Run this on the host, which prints it with macros "
        "replaced.",
        command=_SHOW,
    )


def _prove_closed(authenticator: Authenticator) -> str:
    """A login with nothing in it; must be answered 535."""
    mechanism = shell(authenticator.mechanism)
    return (
        f"swaks --server localhost --auth {mechanism} --auth-user '<>' --auth-password '<>' --quit-after AUTH"
    )


def _credentials(authenticator: Authenticator) -> tuple[str, ...]:
    """The variables of user name and password."""
    if authenticator.driver != "plaintext":
        return ()
    return ("auth2", "auth3") if authenticator.mechanism == "PLAIN" else ("auth1", "auth2")


# --- X01 ------------------------------------------------------------------------------------------


def _empty_lookup(authenticator: Authenticator, configuration: Configuration) -> Check:
    if authenticator.get("server_condition"):
        return _empty_comparison(authenticator)
    for option in ("server_secret", "server_password"):
        if authenticator.get(option):
            return _empty_secret(authenticator, option)
    return Check(State.OK, "The driver checks the password itself", "driver", "No lookup is compared.")


def _empty_comparison(authenticator: Authenticator) -> Check:
    option, value = "server_condition", authenticator.get("server_condition")
    expansion = _expansion(value)
    if expansion is None:
        return _undecided(EMPTY_LOOKUP, option)
    weak = next(weak_comparisons(expansion), None)
    if weak is None:
        text = "No password is compared with a lookup that may be empty, or empty input is refused before."
        return Check(State.OK, "An unknown user is refused", option, text)
    who = "user name" if weak.variable in _credentials(authenticator)[:1] else "password"
    text = (
        f"When no user matches, the lookup returns nothing. An empty {who} equals nothing, so the login "
        "succeeds: with an empty user name, and with any name that does not exist. In the repaired text fail "
        "makes an unknown user fail, and !eq refuses empty input."
    )
    fix = f"{option} = {repaired(value, expansion, _credentials(authenticator))}"
    return Check(State.BAD, EMPTY_LOOKUP.title, option, text, fix, _see_empty(value, weak.looked_up))


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
    expansion = _expansion(value)
    if expansion is None:
        return _undecided(EMPTY_LOOKUP, option)
    if not is_empty_if_not_found(expansion):
        return Check(State.OK, "An unknown user is refused", option, "The secret is never empty.")
    text = (
        "When no user matches, the lookup returns nothing, and nothing is then the password of every user "
        "that does not exist. In the repaired text fail makes an unknown user fail."
    )
    fix = f"{option} = {make_lookups_fail(value, expansion)}"
    return Check(State.BAD, EMPTY_LOOKUP.title, option, text, fix, _see_empty(value, expansion))


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
            State.OK, "The driver checks the password", option, "The condition is only an additional one."
        )
    expansion = _expansion(value)
    if expansion is None:
        return _undecided(ALWAYS_TRUE, option)
    if not _is_always_true(expansion):
        return Check(State.OK, "The condition can fail", option, "It is not constantly true.")
    text = "The condition is true whatever the client sends: any user name with any password logs in."
    fix = "# server_condition: compare the password with the stored one, or remove the authenticator"
    return Check(State.BAD, ALWAYS_TRUE.title, option, text, fix, _prove_closed(authenticator))


def _is_always_true(expansion: Expansion) -> bool:
    literal = expansion.literal
    if literal is not None:
        return literal.strip().lower() in _TRUE
    if len(expansion.parts) != 1 or not isinstance(expansion.parts[0], If):
        return False
    chosen = expansion.parts[0]
    is_yes_true = chosen.yes is None or _is_always_true(chosen.yes)
    return is_yes_true and chosen.no is not None and _is_always_true(chosen.no)


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

# --- X03 ------------------------------------------------------------------------------------------


def _unquoted_sql(authenticator: Authenticator, configuration: Configuration) -> Check | None:
    for option in authenticator.options.values():
        if not option.name.startswith("server_") or not re.search(
            rf"lookup\s+(?:{'|'.join(SQL)})\b", option.value
        ):
            continue
        expansion = _expansion(option.value)
        if expansion is None:
            return _undecided(UNQUOTED_SQL, option.name)
        found = tuple(unquoted_in_sql(expansion))
        if found:
            return _injection(authenticator, option.name, option.value, expansion)
    text = "Everything that the client sends is quoted for the database, or no SQL is used."
    return Check(State.OK, "No unquoted input in SQL", "server_condition", text)


def _injection(authenticator: Authenticator, name: str, value: str, expansion: Expansion) -> Check:
    found = tuple(unquoted_in_sql(expansion))
    variables = listing(tuple(dict.fromkeys(f"${variable.name}" for _, variable in found)))
    text = (
        f"{variables} goes into the query as the client sent it. A user name such as ' UNION SELECT … "
        "becomes part of the query and chooses its own password. In the repaired text it is quoted."
    )
    fix = f"{name} = {repaired(value, expansion, _credentials(authenticator))}"
    kind = found[0][0].kind
    command = f"exim -be {shell(f'${{quote_{kind}:it' + chr(39) + 's quoted}')}"
    return Check(State.BAD, UNQUOTED_SQL.title, name, text, fix, command)


UNQUOTED_SQL = Rule(
    code="X03",
    title="What the client sends goes into SQL without quoting",
    severity=Severity.CRITICAL,
    scope=Scope.CONFIGURATION,
    explanation=(
        "A client may send quotation marks. Unquoted, they end the text in the query, and what follows is "
        "executed by the database: SQL injection."
    ),
    guards=("Input inside quote_mysql, quote_pgsql, ... of the same database, or hashed, is safe.",),
    next_steps=(
        "Put the variable into ${quote_mysql:...} (or the operator of your database) and reload Exim.",
    ),
    authenticator=_unquoted_sql,
)

# --- X06, X07 -------------------------------------------------------------------------------------


def _right_id(authenticator: Authenticator) -> str:
    return (
        "$auth2" if authenticator.driver == "plaintext" and authenticator.mechanism == "PLAIN" else "$auth1"
    )


def _id_recorded(authenticator: Authenticator, configuration: Configuration) -> Check:
    option = "server_set_id"
    if authenticator.get(option):
        return Check(State.OK, "The user name is logged", option, "Log lines name the account.")
    text = "The log shows that somebody logged in, but not who."
    return Check(
        State.BAD, ID_NOT_RECORDED.title, option, text, f"{option} = {_right_id(authenticator)}", _SHOW
    )


ID_NOT_RECORDED = Rule(
    code="X06",
    title="The user name is not logged",
    severity=Severity.MEDIUM,
    scope=Scope.CONFIGURATION,
    explanation="Without server_set_id a log line says only which authenticator was used, not which account.",
    guards=("Nothing is unsafe by this alone; an abused account cannot be named.",),
    next_steps=("Add server_set_id and reload Exim.",),
    authenticator=_id_recorded,
)


def _right_variable(authenticator: Authenticator, configuration: Configuration) -> Check | None:
    option, value = "server_set_id", authenticator.get("server_set_id")
    if not value:
        return None
    if authenticator.driver != "plaintext" or authenticator.mechanism not in {"PLAIN", "LOGIN"}:
        return Check(State.OK, "server_set_id is not judged for this driver", option, "Its variables differ.")
    expansion = _expansion(value)
    used = {client_variable(part) for part in parts_of(expansion)} if expansion else set()
    user, password = _credentials(authenticator)
    fix = f"{option} = ${user}"
    if password in used:
        text = (
            f"${password} is the password, and it stands in the log. Change the passwords, delete the logs."
        )
        return Check(State.BAD, "Passwords are written into the log", option, text, fix, "", Severity.HIGH)
    if user in used:
        return Check(State.OK, "The right variable is logged", option, f"${user} is the user name.")
    if "auth1" in used:
        text = "$auth1 is empty with PLAIN. Every good login looks like one without a user name (A01)."
        return Check(State.BAD, WRONG_ID.title, option, text, fix, _SHOW, Severity.MEDIUM)
    return _undecided(WRONG_ID, option)


WRONG_ID = Rule(
    code="X07",
    title="The wrong variable is logged as user name",
    severity=Severity.HIGH,
    scope=Scope.CONFIGURATION,
    explanation=(
        "PLAIN sends the user name in $auth2, LOGIN in $auth1. With PLAIN, $auth1 is empty: good logins look "
        "like logins without a user name. With LOGIN, $auth2 is the password, and it is written into the log."
    ),
    guards=("Only PLAIN and LOGIN of the plaintext driver are judged.",),
    next_steps=(
        "Correct server_set_id and reload Exim. If passwords were logged, change them and delete the logs.",
    ),
    authenticator=_right_variable,
)

# --- X08 ------------------------------------------------------------------------------------------


def _needs_tls(authenticator: Authenticator, configuration: Configuration) -> Check | None:
    option = "server_advertise_condition"
    if authenticator.mechanism not in {"PLAIN", "LOGIN"}:
        return None
    value = authenticator.get(option)
    for text in (value, configuration.get("auth_advertise_hosts")):
        if re.search(r"tls_(?:in_)?(?:cipher|bits|ver)|received_port", text):
            return Check(
                State.OK, "Login only within TLS", option, "It is offered only after TLS has started."
            )
    expansion = _expansion(value) if value else None
    if value and (expansion is None or not _is_always_true(expansion)):
        return _undecided(NO_TLS, option)
    text = (
        f"{authenticator.mechanism} is offered before TLS starts, and it sends the password as it is. Before "
        "you change this, see in the log who still logs in without TLS (P=esmtpa)."
    )
    fix = f"{option} = ${{if def:tls_in_cipher}}"
    return Check(State.BAD, NO_TLS.title, option, text, fix, "swaks --server localhost --quit-after EHLO")


NO_TLS = Rule(
    code="X08",
    title="Passwords may cross the network without TLS",
    severity=Severity.HIGH,
    scope=Scope.CONFIGURATION,
    explanation="PLAIN and LOGIN send the password unprotected. Who listens on the way can read it.",
    guards=("Fine if server_advertise_condition or auth_advertise_hosts asks for TLS.",),
    next_steps=("Offer login only within TLS, after the last client has switched it on.",),
    authenticator=_needs_tls,
)

CONFIGURATION_RULES: tuple[Rule, ...] = (
    EMPTY_LOOKUP,
    ALWAYS_TRUE,
    UNQUOTED_SQL,
    ID_NOT_RECORDED,
    WRONG_ID,
    NO_TLS,
)
