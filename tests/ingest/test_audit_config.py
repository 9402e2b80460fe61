"""``manage.py audit_config``: what comes in by a file, a folder or standard input; nothing is stored."""

import io
import json
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

OPEN = "hostlist relay_from_hosts = 0.0.0.0/0\n"


def states(document: str, rule: str) -> set[str]:
    return {finding["state"] for finding in json.loads(document)["findings"] if finding["rule"] == rule}


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("audit_config", *arguments, json=True, stdout=out)
    return out.getvalue()


def from_standard_input(monkeypatch: pytest.MonkeyPatch, raw: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))


def test_a_file_and_standard_input_are_judged_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "exim.conf").write_text(OPEN)
    from_standard_input(monkeypatch, OPEN.encode())
    assert states(run(str(tmp_path / "exim.conf")), "X09") == {"bad"}
    assert states(run(), "X09") == {"bad"}


def test_a_folder_in_pieces_names_the_piece(tmp_path: Path) -> None:
    for name in ("main", "acl", "router", "transport", "retry", "rewrite", "auth"):
        (tmp_path / "conf.d" / name).mkdir(parents=True)
    (tmp_path / "conf.d" / "main" / "01_lists").write_text(OPEN)
    (tmp_path / "update-exim4.conf.conf").write_text("dc_use_split_config='true'\n")
    found = [finding for finding in json.loads(run(str(tmp_path)))["findings"] if finding["rule"] == "X09"]
    assert [finding["where"].partition("of ")[2] for finding in found] == ["conf.d/main/01_lists"]


@pytest.mark.parametrize("raw", [b"", b"\n \n", b"\0\1\2\3" * 100])
def test_what_is_no_configuration_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, raw: bytes
) -> None:
    from_standard_input(monkeypatch, raw)
    with pytest.raises(CommandError) as refused:
        run()
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        run(str(tmp_path / "nope"))


def test_the_thresholds_of_all_log_hosts_hold_here_too(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "exim.conf").write_text("hostlist relay_from_hosts = 44.0.0.0/12\n")
    assert states(run(str(tmp_path / "exim.conf")), "X09") == {"bad"}
    settings.MAILWATCH_LIMITS = {"strangers_network": "11"}
    assert states(run(str(tmp_path / "exim.conf")), "X09") == {"ok"}
