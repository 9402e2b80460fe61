"""Rules on how clients log in: is the account logged, is the password safe on its way?"""

from collections.abc import Iterator

from ingest.exim.configuration import Authenticator, Configuration
from ingest.languages import say
from ingest.rules.authenticator_texts import SHOW, credentials, expansion_of, undecided
from ingest.rules.definition import Check, Rule, Scope, Severity, State
from ingest.rules.evaluation import is_true, value_of
from ingest.rules.expansion import parts_of
from ingest.rules.password_checks import client_variable

# --- X06, X07 -------------------------------------------------------------------------------------


def _right_id(authenticator: Authenticator) -> str:
    return (
        "$auth2" if authenticator.driver == "plaintext" and authenticator.mechanism == "PLAIN" else "$auth1"
    )


def _id_recorded(authenticator: Authenticator, configuration: Configuration) -> Check:
    option = "server_set_id"
    if authenticator.get(option):
        return Check(State.OK, say("The user name is logged"), option, say("Log lines name the account."))
    text = say("The log shows that somebody logged in, but not who.")
    return Check(
        State.BAD, say(ID_NOT_RECORDED.title), option, text, f"{option} = {_right_id(authenticator)}", SHOW
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
        return Check(
            State.OK, say("server_set_id is not judged for this driver"), option, say("Its variables differ.")
        )
    expansion = expansion_of(value)
    used = {client_variable(part) for part in parts_of(expansion)} if expansion else set()
    user, password = credentials(authenticator)
    fix = f"{option} = ${user}"
    if password in used:
        text = say(
            "{variable} is the password, and it stands in the log. Change the passwords, delete the logs.",
            variable=f"${password}",
        )
        return Check(
            State.BAD, say("Passwords are written into the log"), option, text, fix, "", Severity.HIGH
        )
    if user in used:
        return Check(
            State.OK,
            say("The right variable is logged"),
            option,
            say("{variable} is the user name.", variable=f"${user}"),
        )
    if "auth1" in used:
        text = say("$auth1 is empty with PLAIN. Every good login looks like one without a user name (A01).")
        return Check(State.BAD, say(WRONG_ID.title), option, text, fix, SHOW, Severity.MEDIUM)
    return undecided(WRONG_ID, option)


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


_PLAIN_PORTS = ("25", "587")


def _without_tls() -> Iterator[dict[str, str]]:
    """What Exim knows of a client before TLS, on each port where TLS is not there from the beginning."""
    nothing = {f"tls_{name}{what}": "" for name in ("", "in_") for what in ("cipher", "ver", "sni", "peerdn")}
    bits = {"tls_bits": "0", "tls_in_bits": "0"}
    for port in _PLAIN_PORTS:
        yield nothing | bits | {"received_port": port, "interface_port": port, "received_protocol": "esmtp"}


def _offered_without_tls(authenticator: Authenticator, configuration: Configuration) -> bool | None:
    """Whether the mechanism is offered to a client that has not started TLS."""
    offered = _or_unknown(
        [_says_yes(authenticator.get("server_advertise_condition"), known) for known in _without_tls()]
    )
    hosts = _or_unknown([_has_hosts(configuration, known) for known in _without_tls()])
    if offered is False or hosts is False:
        return False
    return None if offered is None or hosts is None else True


def _or_unknown(outcomes: list[bool | None]) -> bool | None:
    return True if True in outcomes else None if None in outcomes else False


def _says_yes(value: str, known: dict[str, str]) -> bool | None:
    """Whether a condition holds for such a client; one that is not set holds."""
    expansion = expansion_of(value)
    if not value:
        return True
    return is_true(expansion, known) if expansion else None


def _has_hosts(configuration: Configuration, known: dict[str, str]) -> bool | None:
    """Whether auth_advertise_hosts holds any host for such a client; one that is not set holds all."""
    option = configuration.settings.get("auth_advertise_hosts")
    if option is None:
        return True
    if option.doubt:
        return None
    expansion = expansion_of(option.value)
    value = value_of(expansion, known) if expansion else None
    return None if value is None else bool(value.strip())


def _needs_tls(authenticator: Authenticator, configuration: Configuration) -> Check | None:
    option = "server_advertise_condition"
    if authenticator.mechanism not in {"PLAIN", "LOGIN"}:
        return None
    offered = _offered_without_tls(authenticator, configuration)
    if offered is False:
        return Check(
            State.OK, say("Login only within TLS"), option, say("It is offered only after TLS has started.")
        )
    if offered is None:
        return undecided(NO_TLS, option)
    text = say(
        "{mechanism} is offered before TLS starts, and it sends the password as it is. Before "
        "you change this, see in the log who still logs in without TLS (P=esmtpa).",
        mechanism=authenticator.mechanism,
    )
    fix = f"{option} = ${{if def:tls_in_cipher}}"
    return Check(
        State.BAD, say(NO_TLS.title), option, text, fix, "swaks --server localhost --quit-after EHLO"
    )


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
