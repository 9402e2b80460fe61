"""Settings, lists, ACLs and authenticators, from a dump, a whole file or a piece of one."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from ingest.exim.configuration import Configuration, read
from tests.rules.seed import AS_FOUND, AS_MENDED, EXIM_BP

SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "samples"

WHOLE_FILE = """\
# a comment
CONFDIR = /etc/exim4
SQL_USERS == SELECT 1
primary_hostname = mx.example.com
domainlist local_domains = @ : example.com : +more : *.example.net : !x.example : lsearch;/etc/d
domainlist more = example.org : MORE
domainlist relay_to_domains = backup.example
MORE = example.edu
hostlist relay_from_hosts = <; 127.0.0.1 ; ::1 ; 198.51.100.0/24 ; 0.0.0.0/0 ; 10.0.0.0/8
no_local_from_check
never_users = root : \\
   # a comment between
   daemon
.ifdef TLS
tls_advertise_hosts = *
.endif
.include /etc/exim4/local.conf
begin acl
acl_check_rcpt:
  accept hosts = +relay_from_hosts
  deny   message = relay not permitted
begin routers
dnslookup:
  driver = dnslookup
  domains = ! +local_domains
begin transports
remote_smtp:
  driver = smtp
begin retry
* * F,2h,15m; G,16h,1h,1.5
begin rewrite
*@old.example  $1@example.com  T
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = "${if eq{$auth3}{\\
      ${lookup{$auth2}lsearch{/etc/exim4/passwd}{$value}fail}}}"
  server_set_id = $auth2
client_login:
  driver = plaintext
  public_name = LOGIN
  hide client_send = : user : secret
"""


def test_a_dump_is_settings() -> None:
    configuration = read(EXIM_BP)

    assert configuration.primary_hostname == "srv1.mydomain.com"
    assert configuration.get("accept_8bitmime") == "true"
    assert configuration.get("log_timezone") == "false"
    assert configuration.get("never_users") == ""
    assert configuration.log_selector is not None
    assert configuration.log_selector.startswith("+smtp_protocol_error")
    assert configuration.local_domains == {"mydomain.com", "srv1.mydomain.com"}
    assert configuration.authenticators == ()


def test_a_whole_file() -> None:
    configuration = read(WHOLE_FILE)

    assert configuration.local_domains == {
        "mx.example.com",
        "example.com",
        "example.org",
        "example.edu",
        "backup.example",
    }
    assert configuration.trusted_networks(15) == tuple(
        map(ip_network, ("127.0.0.1", "::1", "198.51.100.0/24", "10.0.0.0/8"))
    )
    assert configuration.get("never_users") == "root : daemon"
    assert set(configuration.macros) == {"CONFDIR", "SQL_USERS", "MORE"}
    assert configuration.includes == ("/etc/exim4/local.conf",)
    assert [(acl.name, acl.line) for acl in configuration.acls] == [("acl_check_rcpt", 19)]
    assert "relay not permitted" in configuration.acls[0].text


def test_its_authenticators() -> None:
    plain, client = read(WHOLE_FILE).authenticators

    assert (plain.name, plain.line, plain.driver, plain.mechanism) == ("plain", 34, "plaintext", "PLAIN")
    assert plain.options["server_condition"].line == 37
    assert plain.get("server_condition") == (
        "${if eq{$auth3}{${lookup{$auth2}lsearch{/etc/exim4/passwd}{$value}fail}}}"
    )
    assert (plain.is_server, client.is_server) == (True, False)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(AS_FOUND, id="alone"),
        pytest.param(EXIM_BP + AS_FOUND, id="behind a dump"),
        pytest.param(AS_FOUND + EXIM_BP, id="before a dump"),
        pytest.param(EXIM_BP + "begin authenticators\n" + AS_FOUND, id="in its section"),
        pytest.param("begin authenticators\n" + AS_FOUND + EXIM_BP, id="in its section, before a dump"),
        pytest.param("begin retry\n* * F,2h,15m\n" + EXIM_BP + AS_FOUND, id="behind another file"),
        pytest.param(
            AS_FOUND.replace("plain:", "plain authenticator:"), id="as exim -bP authenticators prints"
        ),
        pytest.param(AS_FOUND.replace("\n", "\r\n"), id="with the line ends of Windows"),
    ],
)
def test_an_authenticator_is_found_wherever_it_stands(text: str) -> None:
    configuration = read(text)

    (plain,) = configuration.authenticators
    assert (plain.name, len(plain.options)) == ("plain", 5)
    assert plain.get("server_set_id") == "$2"
    assert configuration.primary_hostname == ("srv1.mydomain.com" if EXIM_BP in text else None)


def test_two_of_the_same_name_stay_two() -> None:
    found = read(AS_FOUND + AS_MENDED).authenticators

    assert [(item.name, item.line) for item in found] == [("plain", 1), ("plain", 7)]


def test_an_acl_alone() -> None:
    configuration = read("acl_check_rcpt:\n  accept hosts = :\n  deny message = relay not permitted\n")

    assert [acl.name for acl in configuration.acls] == ["acl_check_rcpt"]


@pytest.mark.parametrize("text", ["", "\n\n", "no configuration at all, just words: and signs }{", "\0\\"])
def test_text_that_is_none(text: str) -> None:
    configuration = read(text)

    assert isinstance(configuration, Configuration)
    assert (configuration.local_domains, configuration.authenticators) == (frozenset(), ())


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="shared samples are not here")
def test_the_published_dump_has_all_its_settings() -> None:
    assert len(read((SAMPLES / "seed" / "exim-bP.txt").read_text()).settings) == 157
