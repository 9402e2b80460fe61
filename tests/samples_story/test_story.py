"""The bundled logs tell the story of samples/README.md."""

import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from tests.samples_story import reading

ATTACKER, FOLLOWER = "203.0.113.45", "198.51.100.77"
NO_NAME = " A=plain: "
MOST_IDS_OF_AN_ADDRESS = 4  # five within a day look like a broken authenticator
UNKNOWN_RECIPIENTS_AN_HOUR = 20
LOCAL = {
    "srv1": ("example.com", "srv1.example.com"),
    "mx2": ("example.org", "example.net", "mx2.example.net"),
}

both_log_hosts = pytest.mark.parametrize("log_host", reading.LOG_HOSTS)


def client(rest: str) -> str:
    """The address a line's connection came from."""
    found = re.search(r"\[([0-9a-f.:]+)\](?::\d+)?(?= I=| P=| F=| sender|:|$)", rest)
    assert found is not None
    return found[1]


def spam() -> list[tuple[str, str, str]]:
    return [arrival for arrival in reading.arrivals("srv1") if NO_NAME in arrival[2]]


@pytest.mark.parametrize(("log_host", "least", "most"), [("srv1", 6000, 9000), ("mx2", 3000, 5000)])
def test_a_log_host_has_as_many_lines_as_a_demo_needs(log_host: str, least: int, most: int) -> None:
    assert least <= len(reading.lines(log_host)) <= most


@both_log_hosts
def test_the_counts_beside_the_logs_are_right(log_host: str) -> None:
    counts = reading.expected()[log_host]
    flags = Counter(rest.split(" ")[0] for _, message_id, rest in reading.stamped(log_host) if message_id)
    assert counts["lines"] == len(reading.lines(log_host))
    assert (counts["messages"], counts["deferrals"], counts["bounces"]) == (
        flags["<="],
        flags["=="],
        flags["**"],
    )
    assert counts["deliveries"] == flags["=>"] + flags["->"]


def test_two_addresses_log_in_without_a_name() -> None:
    assert {client(rest) for _, _, rest in spam()} == {ATTACKER, FOLLOWER}


def test_the_attack_begins_on_the_tenth_day_at_0641() -> None:
    assert spam()[0][0].startswith("2026-03-11 06:41")


def test_the_attack_goes_on_when_the_log_ends() -> None:
    last, end = (datetime.fromisoformat(line[0]) for line in (spam()[-1], reading.stamped("srv1")[-1]))
    assert timedelta(0) < end - last < timedelta(minutes=5)


def test_the_attack_has_the_shape_of_the_case_it_is_modelled_on() -> None:
    form = re.compile(r"<= \S+@\S+ H=\(\[127\.0\.0\.1\]\) \[203\.0\.113\.45\] P=esmtpa A=plain: S=\d+ id=\S+")
    sent = [rest for _, _, rest in spam() if client(rest) == ATTACKER]
    assert 400 <= len(sent) <= 700
    assert [rest for rest in sent if not form.fullmatch(rest)] == []


def test_each_spam_message_pretends_another_sender() -> None:
    senders = {rest.split(" ")[1] for _, _, rest in spam()}
    assert len(senders) > len(spam()) * 0.9


def test_more_than_ten_messages_in_a_connection_wait_for_a_queue_run() -> None:
    sent = {message_id for _, message_id, _ in spam()}
    waiting = {
        message_id
        for _, message_id, rest in reading.stamped("srv1")
        if rest.startswith("no immediate delivery: ")
    }
    assert waiting <= sent
    assert (
        len(waiting)
        == reading.expected()["srv1"]["logins_without_name"][ATTACKER]["held_by_connection_limit"]
    )


@pytest.mark.parametrize("address", [ATTACKER, FOLLOWER])
def test_the_outcomes_of_the_attack_are_counted(address: str) -> None:
    ids = {message_id for _, message_id, rest in spam() if client(rest) == address}
    last: dict[tuple[str, str], str] = {}
    for _, message_id, rest in reading.stamped("srv1"):
        flag, _, text = rest.partition(" ")
        if message_id in ids and flag in ("=>", "->", "**", "=="):
            last[message_id, text.split(" ")[0]] = flag
    outcomes = Counter(last.values())
    counts = reading.expected()["srv1"]["logins_without_name"][address]
    assert counts["messages"] == len(ids)
    assert counts["delivered"] == outcomes["=>"] + outcomes["->"]
    assert (counts["bounced"], counts["deferred"]) == (outcomes["**"], outcomes["=="])
    assert counts["never_attempted"] == len(ids - {message_id for message_id, _ in last})


def test_some_spam_is_still_in_the_queue() -> None:
    counts = reading.expected()["srv1"]["logins_without_name"][ATTACKER]
    assert counts["deferred"] > 0
    assert counts["never_attempted"] > 0


@pytest.mark.parametrize(
    "answer", ["550 5.1.1 ", "blocked using zen.spamhaus.example", "421 RP-001 ", "451 4.7.1 "]
)
def test_providers_answer_spam_as_they_do(answer: str) -> None:
    ids = {message_id for _, message_id, _ in spam()}
    assert any(message_id in ids and answer in rest for _, message_id, rest in reading.stamped("srv1"))


def test_people_log_in_through_plain_with_their_names() -> None:
    named = re.findall(r" A=plain:(\S+) ", "\n".join(rest for _, _, rest in reading.arrivals("srv1")))
    assert {"alice@example.com", "carol@example.com"} <= set(named)


def test_nobody_logs_in_on_mx2() -> None:
    assert [rest for _, _, rest in reading.arrivals("mx2") if " A=" in rest] == []


def test_no_address_uses_as_many_names_as_a_broken_authenticator_lets_in() -> None:
    names: dict[str, set[str]] = defaultdict(set)
    for _, _, rest in reading.arrivals("srv1"):
        if login := re.search(r" A=\w+:(\S+) ", rest):
            names[client(rest)].add(login[1])
    assert max(len(found) for found in names.values()) == MOST_IDS_OF_AN_ADDRESS


def test_guessing_never_succeeds() -> None:
    guessers = {
        client(rest.split(": 535")[0])
        for _, _, rest in reading.stamped("srv1")
        if " authenticator failed" in rest
    }
    logged_in = {client(rest) for _, _, rest in reading.arrivals("srv1") if re.search(r" A=\w+:\S", rest)}
    assert guessers & logged_in == {"198.51.100.20"}  # bob mistypes his password
    assert len(guessers) > 6


@both_log_hosts
def test_nothing_is_relayed_without_a_login(log_host: str) -> None:
    """A recipient elsewhere that nobody here forwards to would be an open relay."""
    from_outside = {
        message_id
        for _, message_id, rest in reading.arrivals(log_host)
        if " H=" in rest and " A=" not in rest
    }
    domains = "|".join(map(re.escape, LOCAL[log_host]))
    redirected = re.compile(rf"(?:=>|->|==|\*\*) \S+ <\S+@(?:{domains})> R=")
    relayed = [
        rest
        for _, message_id, rest in reading.stamped(log_host)
        if message_id in from_outside and " T=remote_smtp " in rest and not redirected.search(rest)
    ]
    assert relayed == []


@both_log_hosts
def test_relay_attempts_are_refused(log_host: str) -> None:
    refused = [rest for _, _, rest in reading.stamped(log_host) if rest.endswith(": relay not permitted")]
    assert len(refused) == reading.expected()[log_host]["relay_attempts_refused"] > 20
    assert {ATTACKER, FOLLOWER} & {client(rest.split(" F=")[0]) for rest in refused} == set()


def test_recipients_that_do_not_exist_are_few_except_in_the_attack() -> None:
    ids = {message_id for _, message_id, _ in spam()}
    hours = Counter(
        stamp[:13]
        for stamp, message_id, rest in reading.stamped("srv1")
        if " 550 5.1.1 " in rest and message_id not in ids
    )
    assert max(hours.values()) < UNKNOWN_RECIPIENTS_AN_HOUR


def test_unknown_users_on_mx2_stay_below_a_dictionary_attack() -> None:
    hours = Counter(
        (stamp[:13], client(rest.split(" F=")[0]))
        for stamp, _, rest in reading.stamped("mx2")
        if rest.endswith(": Unrouteable address") and " rejected RCPT " in rest
    )
    assert max(hours.values()) < UNKNOWN_RECIPIENTS_AN_HOUR


def test_mx2_is_silent_for_two_hours() -> None:
    moments = [datetime.fromisoformat(stamp) for stamp, _, _ in reading.stamped("mx2")]
    gaps = [after - before for before, after in pairwise(moments)]
    assert [gap for gap in gaps if gap > timedelta(minutes=70)] == [max(gaps)]
    assert max(gaps) > timedelta(hours=2)


def test_mail_between_the_two_servers_carries_the_id_of_the_next() -> None:
    named = set(re.findall(r'\[192\.0\.2\.26\].* C="250 OK id=(\S+)"', "\n".join(reading.lines("srv1"))))
    received = {message_id for _, message_id, rest in reading.arrivals("mx2") if "[192.0.2.25]" in rest}
    assert named == received != set()
