"""Rules on what a stranger can put into a query of a database."""

from ingest.exim.configuration import Authenticator, Configuration
from ingest.languages import say
from ingest.rules.authenticator_texts import credentials, expansion_of, undecided
from ingest.rules.definition import Check, Rule, Scope, Severity, State
from ingest.rules.expansion import Expansion
from ingest.rules.password_checks import unquoted_in_sql
from ingest.rules.password_repairs import repaired
from ingest.rules.words import listing, shell

# --- X03 ------------------------------------------------------------------------------------------


def _unquoted_sql(authenticator: Authenticator, configuration: Configuration) -> Check | None:
    for option in authenticator.options.values():
        if not option.name.startswith("server_") or option.name == "server_prompts":
            continue
        expansion = expansion_of(option.value)
        if expansion is None:
            return undecided(UNQUOTED_SQL, option.name)
        found = tuple(unquoted_in_sql(expansion))
        if found:
            return _injection(authenticator, option.name, option.value, expansion)
    text = say("Everything that the client sends is quoted for the database, or no SQL is used.")
    return Check(State.OK, say("No unquoted input in SQL"), "server_condition", text)


def _injection(authenticator: Authenticator, name: str, value: str, expansion: Expansion) -> Check:
    found = tuple(unquoted_in_sql(expansion))
    variables = listing(tuple(dict.fromkeys(f"${variable.name}" for _, variable in found)))
    text = say(
        "{variables} goes into the query as the client sent it. A user name such as ' UNION SELECT … "
        "becomes part of the query and chooses its own password. In the repaired text it is quoted.",
        variables=variables,
    )
    fix = f"{name} = {repaired(value, expansion, credentials(authenticator))}"
    kind = found[0][0].kind
    command = f"exim -be {shell(f'${{quote_{kind}:it' + chr(39) + 's quoted}')}"
    return Check(State.BAD, say(UNQUOTED_SQL.title), name, text, fix, command)


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
