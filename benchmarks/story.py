"""The bundled story: two log hosts, two weeks, rotated files, and what must be found in them."""

import gzip
import io
import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from benchmarks import mx2, people, srv1
from benchmarks.expected import expectations
from benchmarks.interleave import interleave, with_queue_runs
from benchmarks.log_host import Happening, Logging, LogHost, local, utc
from benchmarks.rhythm import MADRID, days

SEED = 20260302
DAYS = tuple(days("2026-03-02", 14))
BEGINS, ENDS = local("2026-03-02 00:00:00", MADRID), local("2026-03-15 23:56:00", MADRID)
ROTATIONS = {
    "srv1": ("2026-03-05", "2026-03-08", "2026-03-11", "2026-03-14", "2026-03-15"),
    "mx2": ("2026-03-06", "2026-03-09", "2026-03-12", "2026-03-15"),
}
GNUTLS = (
    "TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256",
    "TLS1.2:ECDHE_SECP256R1__RSA_SHA256__AES_256_GCM:256",
)
PLAIN = ("mainlog", "mainlog.1")  # older files are compressed, as logrotate's delaycompress leaves them


@dataclass(frozen=True, slots=True)
class LogOfHost:
    """The finished log of one host: its lines with their second, in order, each with its newline."""

    host: LogHost
    lines: tuple[tuple[int, str], ...]

    def files(self) -> dict[str, str]:
        """File name -> text, oldest first, split where the log was rotated (06:25 of the host's clock)."""
        rotated_at = [local(f"{date} 06:25:00", self.host.zone) for date in ROTATIONS[self.host.name]]
        texts = [""] * (len(rotated_at) + 1)
        parts: list[list[str]] = [[] for _ in texts]
        for second, line in self.lines:
            parts[bisect_right(rotated_at, second)].append(line)
        names = [_file_name(age) for age in range(len(parts))]
        return {name: "".join(part) for name, part in zip(reversed(names), parts, strict=True)}


def story() -> tuple[LogOfHost, LogOfHost]:
    """The logs of srv1 and mx2, the same at every call."""
    first, second = _srv1(), _mx2()
    on_srv1, handed_over = srv1.happenings(Random(SEED), DAYS, second)
    on_mx2 = mx2.happenings(Random(SEED + 1), DAYS, handed_over)
    return _written(first, on_srv1), _written(second, on_mx2, gap=mx2.GAP)


def write_story(directory: Path) -> None:
    """Write `<log host>/mainlog*`, `<log host>/zone` and `expected.json`."""
    logs = story()
    for log in logs:
        folder = directory / log.host.name
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in log.files().items():
            (folder / name).write_bytes(as_stored(name, text))
        (folder / "zone").write_text(f"{log.host.zone}\n")
    (directory / "expected.json").write_text(expected_json(logs))


def expected_json(logs: Sequence[LogOfHost]) -> str:
    """What a reader of the story must find, as the text of expected.json."""
    found = {log.host.name: expectations(log.files(), log.lines) for log in logs}
    return json.dumps(found, indent=2) + "\n"


def as_stored(name: str, text: str) -> bytes:
    """The bytes of a log file; compressed ones carry neither name nor time, so that they never change."""
    if not name.endswith(".gz"):
        return text.encode()
    target = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=target, compresslevel=9, mtime=0) as compressed:
        compressed.write(text.encode())
    return target.getvalue()


def _srv1() -> LogHost:
    return LogHost(
        name="srv1",
        primary_hostname="srv1.example.com",
        address="192.0.2.25",
        zone=MADRID,
        random=Random(SEED + 2),
        first_queue_run=BEGINS + 17 * 60 + 9,
        queue_run_every=1800,
        exchanger=people.exchanger,
        ciphers=GNUTLS,
        local_domains=frozenset({"example.com", "srv1.example.com"}),
    )


def _mx2() -> LogHost:
    return LogHost(
        name="mx2",
        primary_hostname="mx2.example.net",
        address="192.0.2.26",
        zone=ZoneInfo("UTC"),
        random=Random(SEED + 3),
        first_queue_run=utc("2026-03-02 00:08:51"),
        queue_run_every=3600,
        logging=Logging(ports=True, interface=True, listed_recipients=True, subjects=True, dkim=True),
        long_ids=False,
        ciphers=GNUTLS,
        local_transport="dovecot_lmtp",
        exchanger=people.exchanger,
        local_domains=frozenset({"example.org", "example.net", "mx2.example.net"}),
    )


def _written(
    host: LogHost, happenings: Sequence[Happening], gap: tuple[float, float] = (ENDS, ENDS)
) -> LogOfHost:
    ordered = sorted(happenings, key=attrgetter("at"))
    everything = with_queue_runs(host, ordered, since=BEGINS, until=ENDS)
    lines = interleave(host, everything, until=ENDS)
    kept = ((at, text) for at, text in lines if not gap[0] <= at < gap[1])
    return LogOfHost(host, tuple((at, f"{host.stamp(at)}{text}\n") for at, text in kept))


def _file_name(age: int) -> str:
    if age == 0:
        return "mainlog"
    plain = f"mainlog.{age}"
    return plain if plain in PLAIN else f"{plain}.gz"
