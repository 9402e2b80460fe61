"""The bundled logs are what the generator writes, and look like logs that Exim writes."""

import re
from collections import Counter
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from benchmarks.log_host import BASE62
from benchmarks.story import LogOfHost, as_stored, expected_json, story
from ingest.exim.events import Unparsed
from ingest.exim.parse import parse
from tests.samples_story import reading

DOCUMENTATION = [
    ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]
ONE_MEGABYTE = 1_000_000

both_log_hosts = pytest.mark.parametrize("log_host", reading.LOG_HOSTS)


@pytest.fixture(scope="module")
def generated() -> dict[str, LogOfHost]:
    return {log.host.name: log for log in story()}


@both_log_hosts
def test_the_generator_writes_the_bundled_logs(log_host: str, generated: dict[str, LogOfHost]) -> None:
    assert generated[log_host].files() == reading.files(log_host)


def test_the_generator_writes_the_bundled_counts(generated: dict[str, LogOfHost]) -> None:
    bundled = (reading.SAMPLES / "expected.json").read_text()
    assert expected_json(tuple(generated.values())) == bundled


def test_a_compressed_log_carries_neither_name_nor_time() -> None:
    # Flags 0, time 0: RFC 1952, section 2.3.1.
    assert as_stored("mainlog.2.gz", "text\n")[3:8] == bytes(5)


def test_two_runs_give_the_same_lines(generated: dict[str, LogOfHost]) -> None:
    assert [log.lines for log in story()] == [log.lines for log in generated.values()]


def test_the_samples_stay_small() -> None:
    sizes = [path.stat().st_size for path in reading.SAMPLES.rglob("*") if path.is_file()]
    assert sum(sizes) < ONE_MEGABYTE


@both_log_hosts
def test_the_zone_of_a_log_host_is_bundled(log_host: str) -> None:
    assert ZoneInfo((reading.SAMPLES / log_host / "zone").read_text().strip())


@both_log_hosts
def test_rotated_files_follow_each_other(log_host: str) -> None:
    stamps = [stamp for stamp, _, _ in reading.stamped(log_host)]
    assert stamps == sorted(stamps)


@both_log_hosts
def test_plain_and_compressed_files_are_mixed(log_host: str) -> None:
    compressed = {Path(name).suffix == ".gz" for name in reading.files(log_host)}
    assert compressed == {True, False}


@both_log_hosts
def test_only_the_configuration_error_continues_without_a_stamp(log_host: str) -> None:
    unstamped = [line for line in reading.lines(log_host) if not reading.STAMPED.fullmatch(line)]
    before = [line for line, after in pairwise(reading.lines(log_host)) if after in unstamped]
    assert all(line.startswith("  ") for line in unstamped)
    assert all(" Exim configuration error in line " in line for line in before)


@both_log_hosts
def test_the_grammar_knows_every_stamped_line(log_host: str) -> None:
    zone = ZoneInfo((reading.SAMPLES / log_host / "zone").read_text().strip())
    stamped = [line for line in reading.lines(log_host) if reading.STAMPED.fullmatch(line)]
    unknown = [line for line in stamped if isinstance(parse(line.encode(), zone=zone), Unparsed)]
    assert unknown == []


@both_log_hosts
def test_no_message_id_is_given_twice(log_host: str) -> None:
    given = Counter(message_id for _, message_id, _ in reading.arrivals(log_host))
    assert [message_id for message_id, times in given.items() if times > 1] == []


@pytest.mark.parametrize(("log_host", "length"), [("srv1", 23), ("mx2", 16)])
def test_ids_have_the_form_of_their_exim(log_host: str, length: int) -> None:
    assert {len(message_id) for _, message_id, _ in reading.stamped(log_host) if message_id} == {length}


@pytest.mark.parametrize(("log_host", "offset"), [("srv1", 3600), ("mx2", 0)])
def test_ids_tell_the_zone_of_the_log(log_host: str, offset: int) -> None:
    ahead = [
        _as_utc(stamp) - _decoded(message_id[:6]) - offset
        for stamp, message_id, _ in reading.arrivals(log_host)
    ]
    assert (min(ahead), max(ahead) <= 4) == (0, True)


@both_log_hosts
def test_addresses_are_those_of_documentation(log_host: str) -> None:
    bracketed = re.findall(r"\[([0-9a-f.:]+)\]", "\n".join(reading.lines(log_host)))
    addresses = {text for text in bracketed if "." in text or "::" in text} - {"127.0.0.1"}
    private = {text for text in addresses if _is_private_helo(log_host, text)}
    foreign = [text for text in addresses - private if not _for_documentation(text)]
    assert foreign == []


@both_log_hosts
def test_names_are_those_of_examples(log_host: str) -> None:
    mailboxes = "\n".join(rest for _, _, rest in reading.stamped(log_host))
    domains = set(re.findall(r"[\w.+-]+@([\w.-]+\w)", mailboxes))
    assert [
        name for name in domains if not re.search(r"(^|\.)(example|test|example\.(com|org|net))$", name)
    ] == []


def test_srv1_says_nothing_that_its_log_selector_leaves_out() -> None:
    text = "\n".join(rest for _, _, rest in reading.arrivals("srv1"))
    assert (" I=[" in text, ' T="' in text, " for " in text, "]:" in text) == (False, False, False, False)


def test_mx2_says_all_that_its_log_selector_asks_for() -> None:
    from_outside = [rest for _, _, rest in reading.arrivals("mx2") if " H=" in rest]
    form = re.compile(r'<= \S+ H=.+\]:\d+ I=\[192\.0\.2\.26\]:25 P=esmtps? .*T="(\\.|[^"\\])*" for \S+@\S+.*')
    assert [rest for rest in from_outside if not form.fullmatch(rest)] == []


def _as_utc(stamp: str) -> int:
    return round((datetime.fromisoformat(stamp) - datetime(1970, 1, 1)) / timedelta(seconds=1))  # noqa: DTZ001


def _decoded(digits: str) -> int:
    number = 0
    for digit in digits:
        number = number * 62 + BASE62.index(digit)
    return number


def _for_documentation(text: str) -> bool:
    address = ip_address(text)
    return any(address in network for network in DOCUMENTATION)


def _is_private_helo(log_host: str, text: str) -> bool:
    """Clients behind NAT call themselves by their private address; nothing ever comes from it."""
    return ip_address(text).is_private and f"([{text}]) [" in "\n".join(reading.lines(log_host))
