"""What a masked report shows of the people in a log: nothing that names them, and everything else."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwatch.redaction import Level, Part, Redactor, Role

ID = "1vwZZZ-00000000001-0001"


def masked(*lines: str) -> list[str]:
    """The lines as a masked report shows them, read as plain text; what was hidden stands in braces."""
    redactor = Redactor()
    for line in lines:
        redactor.learn_line(line.encode())
    return ["".join(_shown(part) for part in redactor.line(line.encode())) for line in lines]


def _shown(part: Part) -> str:
    return f"{{{part.text}}}" if part.masked else part.text


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "<= alice@example.org H=(pc) [192.0.2.7] P=esmtpa A=plain:alice@example.org S=9",
            "<= {sender 1}@example.org H=({host-1.internal.invalid}) [192.0.2.7] P=esmtpa "
            "A=plain:{sender 1}@example.org S=9",
            id="sender and login",
        ),
        pytest.param(
            "<= alice@example.org H=(pc) [192.0.2.7] P=esmtpa A=plain: S=9",
            "<= {sender 1}@example.org H=({host-1.internal.invalid}) [192.0.2.7] P=esmtpa A=plain: S=9",
            id="an empty login stays empty",
        ),
        pytest.param(
            '<= <> R=1vwZZZ-00000000002-0001 U=Debian-exim P=local S=9 T="Mail for alice"',
            '<= <> R=1vwZZZ-00000000002-0001 U=Debian-exim P=local S=9 T="{subject}"',
            id="null sender, system user, subject",
        ),
        pytest.param(
            r'<= a@example.org U=bob P=local S=9 id=x.1@pc T="say \"hi\"" from <c@d.example> for e@f.example',
            r'<= {sender 1}@example.org U={local user 1} P=local S=9 id={id} T="{subject}" '
            r"from <{address 1}@d.example> for {recipient 1}@f.example",
            id="local user, Message-ID, sender before rewriting, listed recipient",
        ),
        pytest.param(
            '<= a@example.org H=x [192.0.2.7] P=esmtps DN="CN=Alice Smith,C=US" S=9',
            '<= {sender 1}@example.org H={host-1.internal.invalid} [192.0.2.7] P=esmtps DN="{name}" S=9',
            id="client certificate",
        ),
        pytest.param(
            "=> bo <bo@example.org> R=local_user T=maildir",
            "=> {recipient 1} <{recipient 1}@example.org> R=local_user T=maildir",
            id="local delivery by a short name",
        ),
        pytest.param(
            "=> |/usr/bin/vacation alice <alice@example.org> R=userforward T=address_pipe",
            "=> {|command} <{recipient 1}@example.org> R=userforward T=address_pipe",
            id="pipe",
        ),
        pytest.param(
            "=> /var/mail/alice <alice@example.org> R=userforward T=address_file",
            "=> {/path} <{recipient 1}@example.org> R=userforward T=address_file",
            id="file",
        ),
        pytest.param(
            "=> :blackhole: <hole@example.org> R=drop",
            "=> :blackhole: <{recipient 1}@example.org> R=drop",
            id="black hole",
        ),
        pytest.param(
            '=> odd one <"odd one"@example.org> R=local T=maildir',
            "=> {recipient 1} <{recipient 1}@example.org> R=local T=maildir",
            id="local delivery to a quoted local part",
        ),
        pytest.param(
            '=> "odd one"@example.org R=dns T=smtp H=mx.example.org [192.0.2.9] C="250 odd one ok"',
            '=> {recipient 1}@example.org R=dns T=smtp H=mx.example.org [192.0.2.9] C="250 {recipient 1} ok"',
            id="quoted local part",
        ),
        pytest.param(
            "** carol@b.example R=dns T=smtp H=mx.b.example [192.0.2.9]: SMTP error after "
            "RCPT TO:<carol@b.example>: 550 5.1.1 Carol is unknown, try carol%40b.example",
            "** {recipient 1}@b.example R=dns T=smtp H=mx.b.example [192.0.2.9]: SMTP error after "
            "RCPT TO:<{recipient 1}@b.example>: 550 5.1.1 {recipient 1} is unknown, "
            "try {recipient 1}%40b.example",
            id="the remote server's words",
        ),
        pytest.param(
            '=> mail@example.org R=dns T=smtp H=mx.example.org [192.0.2.9] C="250 mail queued"',
            '=> {recipient 1}@example.org R=dns T=smtp H=mx.example.org [192.0.2.9] C="250 mail queued"',
            id="an ordinary word is no name",
        ),
        pytest.param("removed by alice", "removed by {local user 1}", id="who removed it"),
        pytest.param("removed by root", "removed by root", id="an account of the system"),
        pytest.param("frozen by ACL", "frozen by ACL", id="not removed by anybody"),
    ],
)
def test_a_line_with_an_id_keeps_everything_but_the_names(line: str, expected: str) -> None:
    stamp = f"2026-03-01 10:00:00 {ID} "
    assert masked(stamp + line) == [stamp + expected]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param(
            "plain authenticator failed for (pc) [192.0.2.7]: 535 Incorrect (set_id=d smith)",
            "plain authenticator failed for ({host-1.internal.invalid}) [192.0.2.7]: "
            "535 Incorrect (set_id={account 1})",
            id="failed login",
        ),
        pytest.param(
            "H=(x) [192.0.2.7] F=<x@a.example> A=in:erin rejected RCPT <fred@b.example>: relay not permitted",
            "H=({host-1.internal.invalid}) [192.0.2.7] F=<{sender 1}@a.example> A=in:{account 1} rejected RCPT "
            "<{recipient 1}@b.example>: relay not permitted",
            id="rejection",
        ),
        pytest.param(
            "cwd=/home/gina/public_html 4 args: /usr/sbin/sendmail -t -i -fgina@example.org",
            "cwd=/home/{local user 1}/public_html 4 args: /usr/sbin/sendmail -t -i -f{address 1}@example.org",
            id="home directory and sendmail's arguments",
        ),
    ],
)
def test_a_line_without_an_id_keeps_everything_but_the_names(line: str, expected: str) -> None:
    assert masked(f"2026-03-01 10:00:00 {line}") == [f"2026-03-01 10:00:00 {expected}"]


SEED = (
    "2016-03-09 07:53:12 1adXzZ-0007sb-Pz <= [email protected] H=([127.0.0.1]) [129.137.152.170] P=esmtpa "
    "A=plain: S=1298 [email protected]",
    "2016-03-09 08:16:57 1adXzZ-0007sb-Pz => kamikaze_****@hotmail.co.uk R=dnslookup T=remote_smtp "
    "H=mx3.hotmail.com [207.46.8.167] X=TLS1.2:ECDHE_RSA_AES_256_CBC_SHA384:256 CV=no "
    'DN="CN=*.hotmail.com" C="250  <[email protected]> Queued mail for delivery"',
)


def test_an_address_that_the_log_masked_already_stays_readable() -> None:
    arrival, delivery = masked(*SEED)
    assert arrival == SEED[0]
    assert delivery == SEED[1].replace("kamikaze_****", "{recipient 1}")


def test_one_person_has_one_stand_in_throughout() -> None:
    first, second, third = masked(
        f'2026-03-01 10:00:00 {ID} <= x@example.org P=esmtp S=9 T="to ALICE"',
        f"2026-03-01 10:00:00 {ID} => Alice@Example.org R=r T=t H=mx [192.0.2.9]",
        f"2026-03-01 10:00:00 {ID} H=mx [192.0.2.9]: greeting for alice@example.org deferred, alice",
    )
    assert "{subject}" in first
    assert "=> {recipient 1}@Example.org" in second
    assert third.endswith("greeting for {recipient 1}@example.org deferred, {recipient 1}")


def test_a_name_is_hidden_in_lines_before_the_one_that_tells_it() -> None:
    note, _ = masked(
        f"2026-03-01 10:00:00 {ID} SMTP error: mailbox of hubert is full",
        f"2026-03-01 10:00:01 {ID} ** hubert@example.org R=r T=t: 550 no",
    )
    assert note.endswith("mailbox of {recipient 1} is full")


def test_part_of_a_word_is_no_name() -> None:
    *_, note = masked(
        f"2026-03-01 10:00:00 {ID} => ann@example.org R=r T=t H=mx [192.0.2.9]",
        f"2026-03-01 10:00:00 {ID} annual report of ann",
    )
    assert note.endswith("annual report of {recipient 1}")


def test_domains_behind_rewritten_senders_are_no_names() -> None:
    line = f"2026-03-01 10:00:00 {ID} <= SRS0=a=b=d.example=alice@f.example H=mx.d.example [192.0.2.9] S=9"
    assert masked(line)[0].endswith("<= {sender 1}@f.example H=mx.d.example [192.0.2.9] S=9")


def test_sentences_lose_the_names_too_and_can_be_redacted_twice() -> None:
    redactor = Redactor()
    redactor.learn("judy@example.com", Role.ACCOUNT)
    once = redactor.text("The account judy@example.com sent mail to kim@example.net; judy did not.")
    assert once == "The account account 1 sent mail to address 1@example.net; account 1 did not."
    assert redactor.text(once) == once


def test_in_full_addresses_and_public_names_stay() -> None:
    shown = Redactor(Level.FULL).line(SEED[1].encode())
    assert "".join(part.text for part in shown) == SEED[1]
    assert not any(part.masked for part in shown)


def test_what_matters_stays_marked() -> None:
    redactor = Redactor()
    redactor.learn_line(SEED[0].encode())
    assert "A=plain:" in [part.text for part in redactor.line(SEED[0].encode()) if part.matters]


# Letters of which no word of Exim's or ours is made: a name found in the result is that person's.
# "www" is a user of every web server, and the directory of a template below
names = st.text("bcdfghjkqvwxz", min_size=3, max_size=12).filter(lambda name: name != "www")
LINES = (
    '{id} <= {0}@a.example H=({1}) [192.0.2.7] U={2} A=in:{1} S=9 id={0}@pc T="{2}" for {1}@b.example',
    "{id} => {1} <{1}@b.example> R=local T=maildir",
    '{id} -> {2}+{0}@b.example <{2}@b.example> R=dns T=smtp H=mx [192.0.2.9] C="250 {2} {1} <{0}@pc>"',
    "{id} ** {0}.{1}@b.example R=dns T=smtp: 550 {0}.{1} unknown; {1}=3D{0}@b.example",
    "{id} => |/usr/bin/filter {0} <{0}@b.example> R=r T=address_pipe",
    "{id} => /home/{2}/Maildir <{2}@b.example> R=r T=address_file",
    "{id} cancelled by {2}",
    "H=(pc) [192.0.2.7] F=<{0}@a.example> A=login:{1} rejected RCPT <{2}@b.example>: {2} is unknown to {0}",
    "login authenticator failed for (pc) [192.0.2.7]: 535 Incorrect authentication data (set_id={1})",
    "cwd=/home/{2}/www 4 args: /usr/sbin/sendmail -t -f{0}@a.example -F {1}",
)


@settings(max_examples=60, deadline=None)
@given(st.tuples(names, names, names), st.permutations(LINES))
def test_no_name_of_three_letters_or_more_is_left_anywhere(
    people: tuple[str, ...], templates: list[str]
) -> None:
    lines = [("2026-03-01 10:00:00 " + text.format(*people, id=ID)).encode() for text in templates]
    redactor = Redactor()
    for line in lines:
        redactor.learn_line(line)
    stored = json.dumps([[part.text for part in redactor.line(line)] for line in lines])
    stored += redactor.text("{} and {}@b.example wrote to {}".format(*people))
    assert [name for name in people if name in stored] == []


def test_headers_below_a_rejection_are_hidden_whole() -> None:
    line = "2026-03-01 10:00:05 1vwa0G-00000000003-0001 H=(bad) [203.0.113.9] F=<x@example.net> rejected after DATA: no"
    headers = "F From: Bob Smith <bob@example.org>\n  Subject: my salary\n\tand more"
    (shown,) = masked(f"{line}\n{headers}")
    assert shown.endswith("rejected after DATA: no\n{headers}")
    assert "x@example.net" not in shown
