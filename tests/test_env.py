"""The readers of the environment: what they take, and how they refuse."""

import stat
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from mailwatch import env

NAME = "MAILWATCH_SAMPLE"


@pytest.mark.parametrize(
    ("value", "expected"), [("yes", True), ("TRUE", True), ("1", True), ("off", False), ("", True)]
)
def test_a_flag_is_yes_or_no(monkeypatch: pytest.MonkeyPatch, value: str, expected: bool) -> None:
    monkeypatch.setenv(NAME, value)
    assert env.flag(NAME, default=True) is expected


@pytest.mark.parametrize(("value", "expected"), [("512", 512), ("64k", 65536), ("20G", 20 * 2**30)])
def test_a_size_may_have_a_unit(monkeypatch: pytest.MonkeyPatch, value: str, expected: int) -> None:
    monkeypatch.setenv(NAME, value)
    assert env.size(NAME, "1") == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p%40ss@db.example:5433/mail", ("mail", "u", "p@ss", "db.example", "5433", {})),
        (
            "postgres://u@db.example/mail?sslmode=require",
            ("mail", "u", "", "db.example", "", {"sslmode": "require"}),
        ),
        ("postgresql:///mail?host=/run/postgresql", ("mail", "", "", "/run/postgresql", "", {})),
    ],
)
def test_a_database_url_is_taken_apart(monkeypatch: pytest.MonkeyPatch, url: str, expected: object) -> None:
    monkeypatch.setenv(NAME, url)
    found = env.database(NAME)
    assert found is not None
    assert tuple(found[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")) == expected


def read_flag() -> object:
    return env.flag(NAME, default=False)


def read_integer() -> object:
    return env.integer(NAME, 1, minimum=1)


def read_size() -> object:
    return env.size(NAME, "1G")


def read_database() -> object:
    return env.database(NAME)


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (read_flag, "perhaps"),
        (read_integer, "eight"),
        (read_integer, "0"),
        (read_integer, "-1"),
        (read_integer, "٣"),
        (read_size, "20 G"),
        (read_size, "G"),
        (read_database, "mysql://u@h/name"),
        (read_database, "postgresql://h:port/name"),
        (read_database, "postgresql://h/"),
    ],
)
def test_a_bad_value_names_its_variable(monkeypatch: pytest.MonkeyPatch, read: object, value: str) -> None:
    monkeypatch.setenv(NAME, value)
    assert callable(read)
    with pytest.raises(ImproperlyConfigured, match=f"^{NAME}"):
        read()


def test_a_secret_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file\n")
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "secret"))
    assert env.secret(NAME) == "from the file"


@pytest.mark.parametrize(("content", "also"), [(None, None), ("", None), ("one", "two")])
def test_a_secret_file_that_cannot_serve_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None, also: str | None
) -> None:
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "secret"))
    if content is not None:
        (tmp_path / "secret").write_text(content)
    if also:
        monkeypatch.setenv(NAME, also)
    with pytest.raises(ImproperlyConfigured, match=NAME):
        env.secret(NAME)


def test_a_kept_secret_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "home" / "secret_key"
    first = env.kept_secret(path)
    assert len(first) >= 50
    assert env.kept_secret(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]
