"""Each rule by the many ways in which one and the same thing is written: the answer does not depend on them."""

import re
from collections.abc import Callable, Iterator

import pytest

from ingest.exim.configuration import read
from ingest.rules.configuration import CONFIGURATION_RULES, audit
from ingest.rules.definition import State
from tests.rules.whole_configurations import WHOLE

PLAIN = "begin authenticators\nplain:\n  driver = plaintext\n  public_name = PLAIN\n"
SET_ID = "  server_set_id = $auth2\n"
USERS = "${lookup{$auth2}lsearch{/etc/exim4/passwd}%s}"
LOGIN = PLAIN.replace("plain:", "login:").replace("PLAIN", "LOGIN")


def check(condition: str) -> str:
    return f"{PLAIN}{SET_ID}  server_condition = {condition}\n"


def acl(*lines: str) -> str:
    text = "".join(f"  {line}\n" for line in lines)
    return f"acl_smtp_rcpt = acl_check_rcpt\nbegin acl\nacl_check_rcpt:\n{text}"


def whole(old: str, new: str) -> str:
    assert old in WHOLE, old
    return WHOLE.replace(old, new)


EMPTY = f"${{if eq{{$auth3}}{{{USERS % ''}}}}}"
SCRIPT = "acl_not_smtp = acl_script\nbegin acl\nacl_script:\n  deny ratelimit = 100 / 1h / strict / "
FORCED = f"${{if eq{{$auth3}}{{{USERS % '{$value}fail'}}}}}"

PER_USER = "100 / 1h / strict / per_rcpt / $authenticated_id"
LIMIT = f"  deny    authenticated = *\n          ratelimit = {PER_USER}\n"

CASES: dict[str, tuple[list[str], list[str]]] = {
    # rule: what is bad, what is fine
    "X01": (
        [
            check(EMPTY),
            check(f"${{if eq{{{USERS % ''}}}{{$auth3}}}}"),
            check(f"${{if eqi{{$3}}{{{USERS % '{$value}{}'}}}}}"),
            check(f"${{if and{{{{def:auth2}}{{eq{{$auth3}}{{{USERS % ''}}}}}}}}}"),
            check(f"${{if eq{{$auth3}}{{${{extract{{2}}{{:}}{{{USERS % ''}}}}}}}}}"),
        ],
        [
            check(FORCED),
            check(f"${{if and{{{{!eq{{$auth3}}{{}}}}{{eq{{$auth3}}{{{USERS % ''}}}}}}}}}"),
            check(f"${{if crypteq{{$auth3}}{{{USERS % ''}}}}}"),
            check(USERS % "{${if eq{$value}{$auth3}}}{false}"),
        ],
    ),
    "X02": (
        [check("true"), check("1"), check("${if def:auth3{yes}{no}}"), check("${if eq{x}{x}}")],
        [check(FORCED), check("false"), check("${if crypteq{$auth3}{${lookup{$auth2}lsearch{/f}}}}")],
    ),
    "X03": (
        [
            check(
                f"${{lookup mysql{{SELECT p FROM u WHERE n='{name}'}}{{${{if eq{{$value}}{{$auth3}}}}}}fail}}"
            )
            for name in ("$auth2", "${auth2}", "$2", "${lc:$auth2}", "${quote_pgsql:$auth2}")
        ],
        [
            check(
                f"${{lookup mysql{{SELECT p FROM u WHERE n='{name}'}}{{${{if eq{{$value}}{{$auth3}}}}}}fail}}"
            )
            for name in ("${quote_mysql:$auth2}", "${quote_mysql:${lc:$2}}", "${md5:$auth2}")
        ],
    ),
    "X04": (
        [
            check(f"${{if eq{{$auth3}}{{{USERS % '{$value}{*:*}'}}}}}"),
            check(USERS % "{${if eq{$value}{$3}}}{yes}"),
        ],
        [
            check(FORCED),
            check(USERS % "{${if eq{$value}{$3}}}{no}"),
            check(f"${{if crypteq{{$3}}{{{USERS % '{$value}{*:*}'}}}}}"),
        ],
    ),
    "X05": (
        [
            check("${if pam{$auth2:$auth3}}"),
            check("${if radius{$2:$3}{yes}{no}}"),
            check("${if saslauthd{{$auth2}{$auth3}}{1}{0}}"),
        ],
        [
            check("${if and{{def:auth3}{pam{$auth2:$auth3}}}}"),
            check("${if and{{!eq{}{$3}}{radius{$2:$3}}}{yes}{no}}"),
            check(FORCED),
        ],
    ),
    "X06": (
        [f"{PLAIN}  server_condition = {FORCED}\n", f"{LOGIN}  server_condition = {FORCED}\n"],
        [check(FORCED), f"{LOGIN}  server_set_id = $auth1\n  server_condition = {FORCED}\n"],
    ),
    "X07": (
        [
            f"{PLAIN}  server_set_id = {name}\n  server_condition = {FORCED}\n"
            for name in ("$auth1", "$1", "${auth1}", "$auth3")
        ]
        + [
            f"{LOGIN}  server_set_id = {name}\n  server_condition = {FORCED}\n"
            for name in ("$auth2", "${lc:$2}")
        ],
        [
            f"{PLAIN}  server_set_id = {name}\n  server_condition = {FORCED}\n"
            for name in ("$auth2", "$2", "${lc:$auth2}")
        ]
        + [
            f"{LOGIN}  server_set_id = {name}\n  server_condition = {FORCED}\n"
            for name in ("$auth1", "${quote:$1}")
        ],
    ),
    "X08": (
        [check(FORCED), check(FORCED) + "  server_advertise_condition = yes\n"],
        [
            check(FORCED) + f"  server_advertise_condition = {condition}\n"
            for condition in (
                "${if def:tls_in_cipher}",
                "${if eq{$tls_cipher}{}{no}{yes}}",
                "${if !eq{}{$tls_in_cipher}}",
                "$tls_in_cipher",
                "${if and{{def:tls_in_cipher}{eq{a}{a}}}{*}{}}",
            )
        ],
    ),
    "X09": (
        [
            f"hostlist relay_from_hosts = {hosts}\n"
            for hosts in (
                "*",
                "192.0.2.1 : 0.0.0.0/0",
                "<; ::/0 ; 127.0.0.1",
                "!192.0.2.1",
                "198.0.0.0/7",
                "+b\nhostlist b = *",
                "*.isp.example",
            )
        ],
        [
            f"hostlist relay_from_hosts = {hosts}\n"
            for hosts in (
                "127.0.0.1",
                "10.0.0.0/8 : 192.0.2.0/24",
                "<; ::1 ; 2001:db8::/64",
                "",
                ":",
                "+b : 192.0.2.1\nhostlist b = 127.0.0.1",
                "@[] : localhost",
            )
        ],
    ),
    "X10": (
        [
            f"domainlist local_domains = @\ndomainlist relay_to_domains = {domains}\n"
            for domains in (
                "*",
                "a.example : *",
                "!a.example",
                "<; * ; a.example",
                "+b\ndomainlist b = *",
                "${lookup mysql{SELECT 1}}",
            )
        ],
        [
            f"domainlist local_domains = @\ndomainlist relay_to_domains = {domains}\n"
            for domains in (
                "a.example",
                "a.example : b.example",
                "lsearch;/etc/exim4/domains",
                "",
                "+b\ndomainlist b = a.example",
                "${lookup{$domain}lsearch{/f}{$domain}}",
            )
        ],
    ),
    "X11": (
        [
            acl("accept"),
            acl("accept hosts = *"),
            acl("accept domains = *"),
            acl("accept sender_domains = a.example"),
            acl("deny hosts = 192.0.2.1", "accept senders = a@a.example"),
        ],
        [
            acl("deny"),
            acl("accept authenticated = *"),
            acl("accept hosts = 127.0.0.1"),
            acl("accept hosts = :", "deny message = no"),
            acl("require domains = a.example", "accept"),
        ],
    ),
    "X12": (
        [whole("acl_smtp_rcpt = acl_check_rcpt\n", "")],
        [WHOLE],
    ),
    "X13": (
        [
            whole("begin acl\n", "percent_hack_domains = *\nbegin acl\n"),
            whole("begin acl\n", "percent_hack_domains = a.example\nbegin acl\n"),
        ],
        [WHOLE],
    ),
    "X14": (
        [whole("  require verify = recipient\n", "")],
        [WHOLE],
    ),
    "X15": (
        [
            acl("accept hosts = *", "       control = submission"),
            acl("warn control = submission/sender_retain", "deny"),
        ],
        [acl("accept authenticated = *", "       control = submission", "deny")],
    ),
    "X16": (
        [
            whole("begin acl\n", "untrusted_set_sender = *\nbegin acl\n"),
            whole("begin acl\n", "no_local_from_check\nbegin acl\n"),
            whole("begin acl\n", "local_from_check = false\nbegin acl\n"),
        ],
        [WHOLE],
    ),
    "X17": (
        [SCRIPT + "$authenticated_id\n  accept\n"],
        [SCRIPT + "$caller_uid\n  accept\n"],
    ),
    "X18": (
        [
            acl("accept authenticated = *", "deny"),
            acl("deny ! hosts = +relay_from_hosts", "accept authenticated = *"),
            whole(LIMIT, ""),
        ],
        [
            acl("deny authenticated = *", f"     ratelimit = {PER_USER}", "accept authenticated = *"),
            acl("defer ratelimit = 100 / 1h / per_rcpt / $authenticated_id", "accept authenticated = *"),
            WHOLE,
        ],
    ),
    "X19": (
        [
            acl(f"accept hosts = {hosts}")
            for hosts in ("/etc/relayhosts", "lsearch;/etc/pophosts", "net-iplsearch;/etc/popauth")
        ],
        [acl("accept hosts = 127.0.0.1"), acl("accept authenticated = *", "deny")],
    ),
    "X20": (
        ["log_selector = -all\n", "log_selector = +subject\n"],
        ["log_selector = +all\n"],
    ),
}


# --- ways to write the same -------------------------------------------------------------------------


def _last_option(text: str) -> re.Match[str]:
    return list(re.finditer(r"^(?P<head>[ \t]*[^\n=]+?[ \t]*=[ \t]*)(?P<value>[^\n]*)$", text, re.MULTILINE))[
        -1
    ]


def _cut(match: re.Match[str]) -> int:
    """A place between two words, behind a brace, or the beginning of the value."""
    place = re.search(r"\}(?=\{)|[ ](?=[:;/])", match["value"])
    return match.start("value") + (place.end() if place else 0)


def continued(text: str) -> str:
    at = _cut(_last_option(text))
    return f"{text[:at]}\\\n    {text[at:]}"


def continued_over_a_comment(text: str) -> str:
    at = _cut(_last_option(text))
    return f"{text[:at]}\\\n  # {{ a note \\\n\t{text[at:]}"


def with_a_macro(text: str) -> str:
    match = _last_option(text)
    return f"WHAT_IT_SAYS = {match['value']}\n{text[: match.start('value')]}WHAT_IT_SAYS{text[match.end() :]}"


def quoted(text: str) -> str:
    match = _last_option(text)
    value = match["value"].replace("\\", "\\\\").replace('"', '\\"')
    is_statement = re.match(r"\s*(?:accept|deny|warn|require)\b", match["head"]) or match["head"].startswith(
        " " * 9
    )
    return text if is_statement else f'{text[: match.start("value")]}"{value}"{text[match.end() :]}'


def with_tabs(text: str) -> str:
    return re.sub(r"^[ ]+", "\t", text, flags=re.MULTILINE).replace(" = ", "\t=\t")


def without_spaces(text: str) -> str:
    return text.replace(" = ", "=")


def with_line_ends_of_windows(text: str) -> str:
    return text.replace("\n", "\r\n")


def with_comments(text: str) -> str:
    return "# server_condition = true\n" + text.replace("\n", "\n# hostlist relay_from_hosts = *\n\n")


def behind_what_is_defined(text: str) -> str:
    return f"IT_IS_SO = 1\n.ifdef IT_IS_SO\n{text}.else\nhostlist other = *\n.endif\n"


def behind_what_is_not_defined(text: str) -> str:
    return f"qualify_domain = a.example\nIT_IS_SO = 1\n.ifndef IT_IS_SO\nhostlist other = *\n.else\n{text}.endif\n"


def with_spaces_in_expansions(text: str) -> str:
    return re.sub(r"\$\{if ", "${if  ", re.sub(r"\}\{(?=\$\{)", "} {", text))


def with_blanks_at_the_end(text: str) -> str:
    return text.rstrip("\n") + "   \n\n\n"


def as_exim_prints_it(text: str) -> str:
    """``exim -bP authenticators``, ``exim -bP +relay_from_hosts``."""
    return text.replace("begin authenticators\nplain:", "plain authenticator:").replace(
        "begin authenticators\nlogin:", "login authenticator:"
    )


def hidden(text: str) -> str:
    return re.sub(r"^  (?=server_condition)", "  hide ", text, flags=re.MULTILINE)


WAYS: tuple[Callable[[str], str], ...] = (
    str,
    continued,
    continued_over_a_comment,
    with_a_macro,
    quoted,
    with_tabs,
    without_spaces,
    with_line_ends_of_windows,
    with_comments,
    behind_what_is_defined,
    behind_what_is_not_defined,
    with_spaces_in_expansions,
    with_blanks_at_the_end,
    as_exim_prints_it,
    hidden,
)


def spellings() -> Iterator[object]:
    for rule, (bad, fine) in CASES.items():
        for state, texts in ((State.BAD, bad), (State.OK, fine)):
            for number, text in enumerate(texts, start=1):
                for way in WAYS:
                    name = "as it is" if way is str else way.__name__.replace("_", " ")
                    yield pytest.param(rule, state, way, text, id=f"{rule} {state} {number} {name}")


@pytest.mark.parametrize(("rule", "state", "way", "text"), list(spellings()))
def test_the_answer_does_not_depend_on_the_spelling(
    rule: str, state: State, way: Callable[[str], str], text: str
) -> None:
    found = {finding.state for finding in audit(read(way(text))) if finding.rule == rule}

    assert (State.BAD in found) is (state is State.BAD)
    assert state in found


def test_every_rule_has_its_spellings() -> None:
    codes = {rule.code for rule in CONFIGURATION_RULES}

    assert codes == set(CASES)
    assert all(len(WAYS) * (len(bad) + len(fine)) >= 24 for bad, fine in CASES.values())
