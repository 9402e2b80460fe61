"""Nothing that a level hides is in any byte that leaves the house, and what it shows is there."""

import json
import re

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.models import LogHost
from mailwatch.models import SharedReport
from mailwatch.redaction import Level, Redactor, Role
from tests.ingest.sign_cases import REMOTE, Log
from tests.web import leaks
from tests.web.conftest import Ingested
from tests.web.leaks import Bytes, Words, as_json
from tests.web.links import Link, pass_of, reveal, share, share_message

LEVELS = pytest.mark.parametrize("level", [*Level])
IP_ADDRESSES = ("203.0.113.7", "203.0.113.25", "192.0.2.25", "10.1.2.3", leaks.ID)


def shown(level: Level, *entries: str) -> list[str]:
    redactor = Redactor(level)
    for entry in entries:
        redactor.learn_line(entry.encode())
    return ["".join(part.text for part in redactor.line(entry.encode())) for entry in entries]


# -- every field of every line


@LEVELS
def test_no_field_of_a_line_tells_what_is_hidden_and_each_tells_what_is_not(level: Level) -> None:
    words = Words()
    entries = [
        *leaks.of_a_message(words),
        *leaks.bare(words),
        *leaks.in_words(words),
        leaks.with_headers(words),
    ]
    entries[:0] = leaks.echoes(words, level)
    text = Bytes(*shown(level, *entries))
    assert text.leaks(words.hidden_at(level)) == []
    assert text.lacks(words.shown_at(level)) == []
    assert [address for address in IP_ADDRESSES if address not in text.exact] == []


@LEVELS
def test_each_line_keeps_its_own_even_where_no_other_line_helps(level: Level) -> None:
    """A place is known by itself: nothing is learned from elsewhere."""
    words = Words()
    for entry in (
        *leaks.of_a_message(words),
        *leaks.bare(words),
        *leaks.in_words(words),
        leaks.with_headers(words),
    ):
        assert Bytes(*shown(level, entry)).leaks(words.hidden_at(level)) == []


@LEVELS
@pytest.mark.parametrize("cut", [80, 120, 200, 260, 330, 420, 500, 580])
def test_a_line_that_was_cut_tells_no_more(level: Level, cut: int) -> None:
    words = Words()
    (arrival, *_) = leaks.of_a_message(words)
    secrets = {word: line for word, line in words.hidden_at(Level.FULL).items() if line == leaks.ARRIVAL}
    assert Bytes(*shown(level, arrival[:cut])).leaks(secrets) == []


@LEVELS
def test_syslog_names_no_server(level: Level) -> None:
    (line,) = shown(level, f"Mar  9 07:53:12 xmailhub exim[77]: {leaks.STAMP} {leaks.ID} Completed")
    assert "xmailhub" not in line
    assert line.endswith(f"{leaks.STAMP} {leaks.ID} Completed")


@pytest.mark.parametrize("level", [Level.MASKED, Level.PSEUDONYMS])
def test_a_name_in_other_clothes_is_the_same_name(level: Level) -> None:
    line = f"{leaks.STAMP} {leaks.ID} => xnorberto@xhausen.example R=r T=t H=mx.a.example [203.0.113.25]"
    hidden = {"xnorberto": line} | ({"xhausen": line} if level is Level.PSEUDONYMS else {})
    for clothes in leaks.in_clothes("xnorberto@xhausen.example"):
        (text,) = shown(level, f'{line} C="550 see https://a.example/why?who={clothes} today"')
        assert Bytes(text).leaks(hidden) == [], clothes
        assert text.endswith('today"')


# -- whole reports


def everything(link: Link) -> Bytes:
    """All that there is of a report outside: the row, the page, its source, the files, the hash document."""
    page = reveal(link.path).content.decode()
    pass_ = pass_of(page)
    files = [
        reveal(link.path, **{"format": kind, "pass": pass_}).content.decode()
        for kind in ("html", "json", "csv")
    ]
    row = SharedReport.objects.values().get(pk=link.report.pk)
    return Bytes(
        as_json(row), json.dumps(row, default=str), page, Client().get(link.path).content.decode(), *files
    )


@LEVELS
@pytest.mark.django_db
def test_a_shared_message_tells_nothing_that_is_hidden(
    desk: Client, ingested: Ingested, level: Level
) -> None:
    words = Words()
    lines = leaks.of_a_message(words)
    ingested([*lines, f"{leaks.STAMP} [77] {leaks.ID} Completed"], "srv1")
    text = everything(share_message(desk, leaks.ID, redaction=str(level)))
    assert text.leaks(words.hidden_at(level)) == []
    assert text.lacks(words.shown_at(level)) == []
    assert [address for address in IP_ADDRESSES if address not in text.exact] == []


def attack(words: Words) -> list[str]:
    """A stolen account that writes to many strangers, among every line that there is."""
    log = Log()
    arrival = words.fill(leaks.ARRIVAL).removeprefix("<= ")
    arrival = re.sub(r" S=900.*", "", arrival).replace("203.0.113.7", "203.0.113.66")
    for n in range(120):
        outcome = words.fill("** {m}@{d}.example " if n < 8 else f"** anybody{n}@dead.example ")
        log.mail(60 + n / 10, arrival, f"{outcome}{REMOTE}: 550 5.1.1 user unknown")
    for n in range(30):
        who = words.fill("{s}") if n < 6 else f"tried{n}"
        failed = f"535 Incorrect authentication data (set_id={who})"
        log.say(90 + n, f"plain authenticator failed for (x) [203.0.113.66]: {failed}")
    for n in range(8):
        password = words.fill("{s}") + "!7A"
        came = (
            words.fill("{m}@{d}.example H=([127.0.0.1]) ")
            + f"[203.0.113.{80 + n}] P=esmtpsa A=login:{password}"
        )
        log.mail(130 + n, came, f"=> u{n} <u{n}@example.com> R=local_user T=maildir_home")
    for n in range(130):
        directory = words.fill("cwd=/home/{s}/{s} 3 args: /usr/sbin/sendmail -t -i") if n < 3 else None
        log.say(200 + n / 20, directory or "cwd=/home/webshop/public_html 3 args: /usr/sbin/sendmail -t -i")
        log.mail(200 + n / 20, f"shop{n}@example.com U=webshop P=local", f"=> h{n}@far.example {REMOTE}")
    return sorted([*log.lines, *leaks.in_words(words)])


@LEVELS
@pytest.mark.django_db
def test_a_shared_report_tells_nothing_that_is_hidden(desk: Client, ingested: Ingested, level: Level) -> None:
    words = Words()
    ingested(attack(words), "xnamenlos")
    words.secrets |= dict.fromkeys(("xnamenlos", "webshop", "tried9"), "by the attack")
    link = share(desk, log_host="xnamenlos", redaction=str(level))
    assert link.snapshot["hosts"][0]["verdict"]["relaying"] in ("yes", "suspected")
    assert link.snapshot["evidence"][0]["lines"]
    text = everything(link)
    assert text.leaks(words.hidden_at(level)) == []
    assert "203.0.113.66" in text.exact
    assert ("dead.example" in text.exact) is (level is not Level.PSEUDONYMS)


@LEVELS
@pytest.mark.django_db
def test_titles_tell_no_internal_name(desk: Client, ingested: Ingested, level: Level) -> None:
    quiet = f"{leaks.STAMP} {leaks.ID} <= a@b.example H=mx.b.example [203.0.113.7] P=esmtps S=9"
    ingested([quiet], "mail.xkleinfirma.example")
    ingested([quiet], "xmailhub")
    for log_host in ("mail.xkleinfirma.example", "xmailhub", ""):
        text = everything(share(desk, log_host=log_host, redaction=str(level)))
        assert "xmailhub" not in text.folded
        is_readable = level is not Level.PSEUDONYMS and log_host != "xmailhub"
        assert ("xkleinfirma" in text.folded) is is_readable


@pytest.mark.django_db
def test_staff_still_read_which_log_host_a_link_is_of(desk: Client, seed: LogHost) -> None:
    link = share(desk, log_host="srv1", redaction="pseudonyms")
    for page in ("/shares/", f"/shares/{link.report.pk}/"):
        text = desk.get(page).content.decode()
        assert "srv1" in text
        assert "Addresses and domains replaced" in text


# -- whoever it is called

FORMS = (
    '{id} <= {0}@{3}.example H=({1}) [203.0.113.7] U={2} P=esmtpa A=in:{1} S=9 id={0}@pc T="{2}" for {2}@{3}.example',
    "{id} => {0} <{0}@{3}.example> R=local T=maildir",
    '{id} => {2}@{3}.example R=dns T=smtp H=mx.{3}.example [203.0.113.9] C="250 {2}@{3}.example on {1}.local: ok"',
    "{id} ** {0}@{3}.example R=dns T=smtp: 550 <{0}@{3}.example> unknown at {3}.example",
    "{id} cancelled by {2}",
    "login authenticator failed for (pc) [203.0.113.7]: 535 Incorrect authentication data (set_id={1})",
    "cwd=/home/{2}/{0} 4 args: /usr/sbin/sendmail -t -f{0}@{3}.example",
)
_CONSONANTS = "bdfgjkqvwxz"
atoms = st.text(_CONSONANTS + "äöüßéλжд字", min_size=3, max_size=40) | st.text(
    _CONSONANTS, min_size=200, max_size=240
)
labels = st.text(_CONSONANTS, min_size=3, max_size=40)


@st.composite
def people(draw: st.DrawFn) -> tuple[str, str, str, str]:
    """Three names and a domain; also one that is part of another, one put together of others, and a plain word."""
    first = draw(atoms)
    second = draw(st.sampled_from([first + "x", "q" + first, f"{first}.{first}q", "mail", "root"]) | atoms)
    third = draw(st.sampled_from([f"{first}-{second}", f"{second}+{first}"]) | atoms)
    return first, second, third, draw(labels)


ORDINARY = frozenset({"mail", "root", "www"})  # they stand in everyone's log


@settings(max_examples=400, deadline=None)
@given(people(), st.permutations(FORMS), st.sampled_from([*Level]))
def test_whatever_they_are_called_nobody_is_named(
    names: tuple[str, str, str, str], templates: list[str], level: Level
) -> None:
    lines = [f"{leaks.STAMP} " + template.format(*names, id=leaks.ID) for template in templates]
    text = "\n".join(shown(level, *lines)).casefold()
    first, account, user, domain = (name.casefold() for name in names)
    hidden = {account, user} if level is Level.FULL else {first, account, user}
    if level is Level.FULL:  # both are in addresses, which stay
        hidden -= {user}
        hidden = {name for name in hidden if name not in f"{first} {user} {domain}"}
        assert f"{names[0]}@{names[3]}.example".casefold() in text
    hidden = hidden | {domain} if level is Level.PSEUDONYMS else hidden - {domain}
    assert [name for name in hidden - ORDINARY if _stands_in(name, text)] == []
    assert (
        ("a=in:account" in text)
        or ("a=in:sender" in text)
        or ("a=in:recipient" in text)
        or "a=in:local" in text
    )


def _stands_in(name: str, text: str) -> bool:
    """As a word: a part of another word tells nobody, and what is left of one is no name either."""
    return re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", text) is not None


@LEVELS
def test_an_account_is_one_where_it_is_one(level: Level) -> None:
    line = (
        f"{leaks.STAMP} {leaks.ID} <= xalice@a.example H=mx.a.example [203.0.113.7] P=esmtpa "
        "A=plain:xalice@a.example S=9"
    )
    (text,) = shown(level, line)
    sender, _, login = text.partition(" A=plain:")
    match level:
        case Level.FULL:
            assert "<= xalice@a.example " in sender
            assert login.startswith("account 1")
        case Level.MASKED:
            assert "<= sender 1@a.example " in sender
            assert login.startswith("sender 1@a.example ")
        case Level.PSEUDONYMS:
            assert "<= sender 1@domain-1.invalid " in sender
            assert login.startswith("sender 1@domain-1.invalid ")


@LEVELS
def test_a_password_that_was_logged_leaves_nothing(level: Level) -> None:
    came = f"{leaks.STAMP} {leaks.ID} <= a@b.example H=mx.b.example [203.0.113.7] P=esmtpa A=login:"
    known, unknown, alone = shown(
        level, f"{came}xgeheim@b.example S=9", f"{came}hunter2@home.xort.example S=9", f"{came}xK9!ab S=9"
    )
    for text in (known, unknown, alone):
        assert [word for word in ("xgeheim", "hunter2", "home", "xort", "xK9") if word in text] == []
    assert " A=login:account 1 S=9" in known


def test_pseudonyms_are_numbers_of_this_report_alone() -> None:
    first, second = f"{leaks.STAMP} x@one.example", f"{leaks.STAMP} y@two.example"
    assert shown(Level.PSEUDONYMS, first) == [
        t.replace("y@two", "x@one") for t in shown(Level.PSEUDONYMS, second)
    ]
    there, back = shown(Level.PSEUDONYMS, first, second), shown(Level.PSEUDONYMS, second, first)
    assert there == back
    (hosts,) = shown(
        Level.PSEUDONYMS, f"{leaks.STAMP} mx.one.example one.example MX.one.example a.one.example"
    )
    assert hosts.endswith(
        "host-1.domain-1.invalid domain-1.invalid host-1.domain-1.invalid host-2.domain-1.invalid"
    )


def test_a_message_of_thousands_of_lines_is_redacted() -> None:
    lines = [f"{leaks.STAMP} {leaks.ID} => xperson{n}@d{n}.example R=r T=t" for n in range(1500)]
    assert "xperson" not in "".join(shown(Level.PSEUDONYMS, *lines))


@LEVELS
def test_a_sentence_without_spaces_hides_the_same(level: Level) -> None:
    redactor = Redactor(level)
    redactor.learn("xgerda", Role.ACCOUNT)
    redactor.learn("hunter2@xhome", Role.ACCOUNT)
    redactor.learn("xbob@xkunde.example", Role.RECIPIENT)
    redactor.learn_log_host("xsrv1")
    text = redactor.text(
        "アカウントxgerdaとhunter2@xhomeがxsrv1からxbob@xkunde.exampleへ、mx.xkunde.exampleはxmail.localです"
    )
    hidden = {"xgerda", "hunter2", "xhome", "xsrv1", "xmail"}
    hidden |= {Level.FULL: set(), Level.MASKED: {"xbob"}, Level.PSEUDONYMS: {"xbob", "xkunde"}}[level]
    assert [word for word in hidden if word in text] == []
    assert text.startswith("アカウントaccount 1とaccount 2がlog host 1から")
