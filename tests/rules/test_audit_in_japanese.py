"""What the audit of a configuration says, in Japanese."""

import io
import re
from functools import cache
from gettext import GNUTranslations

import pytest

from ingest import languages
from ingest.exim.configuration import read
from ingest.languages import reading
from ingest.rules.configuration import ConfigurationFinding, audit
from ingest.rules.definition import State
from tests.rules.configuration_texts import LOOKUP, authenticator
from tests.rules.seed import AS_FOUND, AS_MENDED, EXIM_BP
from tests.rules.whole_configurations import WHOLE, changed, with_acl, with_list
from translations.catalogues import compiled

JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")
ENGLISH = re.compile(
    r"\b(?:a|an|and|are|by|does|everybody|for|is|line|may|no|not|of|only|that|the|this|who|with)\b",
    re.IGNORECASE,
)
GUARD = "  require domains = +local_domains : +relay_to_domains\n  accept"

TEXTS = {
    "as found": AS_FOUND,
    "as mended": AS_MENDED,
    "settings": EXIM_BP,
    "whole": WHOLE,
    "nothing": "qualify_domain = example.org\n",
    "always true": authenticator("true"),
    "ignores the password": authenticator("${if eq{$auth2}{x}}"),
    "unquoted": authenticator(f"${{if eq{{$auth3}}{{{LOOKUP.replace('quote_mysql:', '')}}}}}"),
    "fallback": authenticator("${if eq{$auth3}{${lookup{$auth2}lsearch{/x}{$value}{secret}}}}"),
    "secret": authenticator("", driver="cram_md5", server_secret="${lookup{$auth1}lsearch{/x}{$value}}"),
    "another program": authenticator("${if pam{$auth2:$auth3}}"),
    "perl": authenticator("${perl{check}}"),
    "wrong id": authenticator(server_set_id="$auth1"),
    "password as id": authenticator(server_set_id="$auth3"),
    "no id": authenticator(server_set_id=""),
    "no TLS": authenticator(server_advertise_condition="yes"),
    "conditional": f".ifdef X\n{authenticator()}\n.endif\n",
    "trusts all": with_list(
        "hostlist", "relay_from_hosts", "* : 203.0.112.0/12 : *.provider.example : 2001:db8::/20"
    ),
    "trusts unknown": with_list("hostlist", "relay_from_hosts", "/etc/hosts : ${lookup{x}lsearch{/y}}"),
    "trusts Docker": with_list("hostlist", "relay_from_hosts", "172.16.0.0/12"),
    "own domains of all": with_list("domainlist", "local_domains", "*"),
    "own domains by MX": with_list("domainlist", "relay_to_domains", "@mx_any"),
    "own domains unquoted": with_list(
        "domainlist", "local_domains", "${lookup mysql{SELECT d FROM t WHERE d='$domain'}}"
    ),
    "accepts all": with_acl("  accept"),
    "accepts by sender": with_acl("  accept senders = *@example.org\n"),
    "accepts by an unknown list": with_acl("  accept hosts = +elsewhere\n  accept domains = +local_domains"),
    "no list of recipients": changed(("acl_smtp_rcpt = acl_check_rcpt\n", "")),
    "percent hack": changed(("host_lookup =\n", "host_lookup =\npercent_hack_domains = *\n")),
    "included": with_acl(f"  .include /etc/x\n{GUARD}"),
    "corrects strangers": with_acl(f"  warn control = submission\n{GUARD}"),
    "any From": with_acl(f"  accept authenticated = *\n         control = submission/sender_retain\n{GUARD}"),
    "any sender": changed(("host_lookup =\n", "untrusted_set_sender = *\nno_local_from_check\n")),
    "senders of a macro": changed(("host_lookup =\n", "untrusted_set_sender = MAIN_SENDERS\n")),
    "shared limit": changed(
        ("acl_smtp_data", "acl_not_smtp = acl_local\nacl_smtp_data"),
        (
            "acl_check_data:",
            "acl_local:\n  deny ratelimit = 9 / 1h\n  deny ratelimit = 9 / 1h / $authenticated_id\nacl_check_data:",
        ),
    ),
    "POP before SMTP": with_list("hostlist", "relay_from_hosts", "/etc/relayhosts"),
    "nothing logged": changed(
        ("log_selector = +received_recipients", "log_selector ="), ("log_timezone = true\n", "")
    ),
    "no zone": changed(("log_timezone = true\n", "")),
}


@cache
def catalogue() -> GNUTranslations:
    """What translators have written; the compiled file may be older."""
    return GNUTranslations(io.BytesIO(compiled("ja", for_scripts=False)))


@pytest.fixture
def japanese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(languages, "LANGUAGES", ("en", "ja"))
    monkeypatch.setattr(languages, "_catalogue", lambda _language: catalogue())


def in_japanese(text: str) -> tuple[ConfigurationFinding, ...]:
    with reading("ja"):
        return audit(read(text))


@pytest.mark.usefixtures("japanese")
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_no_sentence_of_it_is_english(text: str) -> None:
    for finding in in_japanese(text):
        for said in (finding.title, finding.explanation):
            assert JAPANESE.search(said), said
            assert not ENGLISH.search(said), said
        assert not ENGLISH.search(finding.where), finding.where
        assert "is not set" not in finding.evidence


@pytest.mark.usefixtures("japanese")
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_it_finds_the_same_in_every_language(text: str) -> None:
    def found(finding: ConfigurationFinding) -> tuple[object, ...]:
        return finding.rule, finding.state, finding.severity, finding.fix, finding.command, finding.line

    assert [found(each) for each in in_japanese(text)] == [found(each) for each in audit(read(text))]


@pytest.mark.usefixtures("japanese")
def test_a_place_is_named_with_its_line_and_file() -> None:
    piece = f"{'#' * 53}\n### conf.d/auth/30_plain\n{'#' * 53}\nbegin authenticators\n{authenticator('true')}"
    place = next(each.where for each in in_japanese(piece) if each.rule == "X02" and each.state is State.BAD)
    assert place == "認証機構 plain、conf.d/auth/30_plain の6行目、server_condition"
    plain = next(each.where for each in in_japanese(authenticator("true")) if each.rule == "X02")
    assert plain == "認証機構 plain、5行目、server_condition"
