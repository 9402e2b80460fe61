"""Passwords never leave the text of a configuration."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.exim.configuration import MASK, mask, read
from tests.rules.seed import AS_FOUND, AS_MENDED, EXIM_BP

SECRET = "Geh3im-Wort"


@pytest.mark.parametrize(
    "text",
    [
        "mysql_servers = localhost/system/exim/{}",
        "mysql_servers=localhost/system/exim/{}",
        "hide mysql_servers = localhost/system/exim/{}",
        "  hide   pgsql_servers = localhost/system/exim/{}",
        "hide mysql_servers = one/db/user/{} : two/db/user/{}",
        "hide mysql_servers = one::3306/db/user/{}",
        "hide mysql_servers = <; one/db/user/{} ; [2001:db8::1]/db/user/{}",
        "hide mysql_servers = one/db/user/{} : \\\n    two/db/user/{}\nnext = 1",
        "hide mysql_servers = \\\n  one/db/user/{}\nnext = 1",
        "hide mysql_servers = localhost(/var/run/mysqld.sock)/db/user/{}",
        "hide pgsql_servers = (/tmp/.s.PGSQL.5432)/db/user/{}",
        'mysql_servers = "localhost/system/exim/{}"',
        "mysql_servers = localhost/system/exim/{}/{}",
        "mysql_servers = localhost/system/exim/x:{}",
        "redis_servers = 127.0.0.1/0/{}",
        "oracle_servers = oracle.example//user/{}",
        "# hide mysql_servers = localhost/system/exim/{}",
        "SQL = localhost/db/user/{}\nhide mysql_servers = SQL",
        "MYSQL_PASSWORD = {}",
        "hide my_option = {}",
        "hide smtp_banner = a \\\n {}",
        "hide hostlist trusted = 192.0.2.1 : {}",
        "hostlist hide trusted = {}",
        "hide server_condition = ${{if eq{{$auth2}}{{{}}}}}",
        "DBW = {}\nhide mysql_servers = localhost/db/u/DBW",
        "DBW = {}\nhide mysql_servers = localhost/db/u/DBW : two/db/u/x",
        "ONE = {}\nTWO = ONE\nhide mysql_servers = localhost/db/u/TWO",
        "CRED = {}\nclient_send = ^joe^CRED",
        "CRED == {}\nclient_secret = CRED",
        "BIND = {}\na = ${{lookup ldap{{user=cn pass=BIND ldap:///}}}}",
        "HIDDEN = {}\nhide my_option = HIDDEN",
        "KEY = {}\na = ${{srs_encode{{KEY}}{{$sender_address}}{{example.com}}}}",
        "socks_proxy = 127.0.0.1 port=1 name=x pass={}",
        "client_send = ${{if eq{{$host}}{{x}}{{^u^{}}}fail}}",
        "hide mysql_servers = localhost / db / u / {}",
        "\thide\tmysql_servers\t=\tlocalhost/db/u/{}",
        "DB_PASS = {}",
        "a = ${{lookup mysql{{servers=one/db/user/{}; SELECT 1}}}}",
        'a = ${{lookup ldap{{user="cn=x,o=y" pass={} ldap:///o=y?mail}}}}',
        "a = ${{lookup ldap{{user=x pass='{}' ldap:///o=y?mail}}}}",
        "ldap_default_servers = ldap://admin:{}@ldap.example",
        "client_send = : ^joe^{}",
        "client_send = ^joe^{}",
        "hide client_secret = {}",
        "server_secret = {}",
        "server_secret = ${{if eq{{$auth1}}{{joe}}{{{}}}fail}}",
        "server_password = ${{if eq{{$auth1}}{{joe}}{{{}}}fail}}",
        "server_condition = ${{if eq{{$auth3}}{{{}}}}}",
        "server_condition = ${{if eq{{{}}}{{$3}}}}",
        "server_condition = ${{if and{{{{eq{{$auth1}}{{joe}}}}{{eq{{$auth2}}{{{}}}}}}}}}",
        "server_condition = ${{if crypteq{{$auth3}}{{{}}}}}",
        "srs_secrets = {}",
        "data = ${{srs_encode {{{}}}{{$sender_address}}{{example.com}}}}",
        "data = ${{hmac{{md5}}{{{}}}{{$body}}}}",
        "return_path = ${{prvs{{$return_path}}{{{}}}}}",
        "dkim_private_key = -----BEGIN RSA PRIVATE KEY-----\\n{}\\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_a_password_is_hidden_wherever_it_stands(text: str) -> None:
    text = text.format(*[SECRET] * 3)

    masked = mask(text)

    assert SECRET not in masked
    assert MASK in masked
    assert masked.count("\n") == text.count("\n"), "lines keep their numbers"
    assert mask(masked) == masked
    assert SECRET not in repr(read(text))


@pytest.mark.parametrize(
    "text",
    [
        AS_FOUND,
        AS_MENDED,
        "mysql_servers = ",
        "hide mysql_servers = <value not displayable>",
        "ldap_default_servers = ldap1.example::389 : ldap2.example",
        "server_secret = ${lookup{$auth1}lsearch{/etc/exim/secrets}{$value}fail}",
        "server_condition = ${if eq{$auth3}{${lookup{$auth2}lsearch{/etc/exim/passwd}{$value}fail}}}",
        "server_condition = ${lookup pgsql{SELECT 1 WHERE password = crypt('${quote_pgsql:$auth3}', h)}}",
        "a = ${lookup ldap{user=x pass=${quote:$auth2} ldap:///o=y?mail}}",
        "tls_privatekey = /etc/exim4/exim.key",
        "helo_allow_chars = _",
        "daemon_smtp_ports = 25 : 587",
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert mask(text) == text


def test_the_seed_loses_its_password_and_nothing_else() -> None:
    assert mask(EXIM_BP) == EXIM_BP.replace("mypassw", MASK)


@given(st.text(max_size=300))
def test_any_text_can_be_masked_and_read(text: str) -> None:
    masked = mask(text)

    assert mask(masked) == masked
    assert len(re.split("\n", masked)) == text.count("\n") + 1
    read(text)


@given(st.text(alphabet=st.sampled_from("abcXYZ019-_.!$&*+"), min_size=4, max_size=20))
def test_any_password_of_a_server_is_hidden(password: str) -> None:
    masked = mask(f"hide mysql_servers = localhost/system/exim/{password}\nqualify_domain = example.com\n")

    assert masked == f"hide mysql_servers = localhost/system/exim/{MASK}\nqualify_domain = example.com\n"
