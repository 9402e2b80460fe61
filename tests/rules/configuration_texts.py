"""Authenticators as text, and what the audit says of a text."""

from ingest.exim.configuration import read
from ingest.rules.configuration import ConfigurationFinding, audit

SQL = "SELECT password FROM users WHERE name='${quote_mysql:$auth2}'"
LOOKUP = f"${{lookup mysql{{{SQL}}}}}"
SOUND = f"${{lookup mysql{{{SQL}}}{{$value}}fail}}"


def authenticator(condition: str = f"${{if eq{{$auth3}}{{{SOUND}}}}}", **options: str) -> str:
    known = {"driver": "plaintext", "public_name": "PLAIN", "server_set_id": "$auth2"} | options
    lines = [f"  {name} = {value}" for name, value in known.items() if value]
    return "\n".join(["plain:", *lines, f"  server_condition = {condition}" if condition else "", ""])


def states(text: str) -> dict[str, str]:
    return {finding.rule: str(finding.state) for finding in audit(read(text))}


def on_authenticators(text: str) -> dict[str, str]:
    return {item.rule: str(item.state) for item in audit(read(text)) if item.authenticator}


def finding(text: str, rule: str) -> ConfigurationFinding:
    return next(item for item in audit(read(text)) if item.rule == rule)
