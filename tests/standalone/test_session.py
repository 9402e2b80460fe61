"""Commands find the database running, and leave nothing behind."""

from pathlib import Path

from mailwatch.standalone import postgres
from tests.standalone.conftest import manage

COUNT = "from django.contrib.auth import get_user_model as m; print('users', m().objects.count())"
WAIT = "print('inside'); input()"


def test_a_command_makes_starts_and_migrates_an_empty_home_and_stops_what_it_started(home: Path) -> None:
    output, _ = manage(home, "shell", "--no-imports", "--command", COUNT).communicate(timeout=120)
    assert output == "users 0\n"
    assert (home / "services.lock").exists()
    assert postgres.running(home) is None


def test_a_command_leaves_the_database_to_those_who_use_it(home: Path) -> None:
    first = manage(home, "shell", "--no-imports", "--command", WAIT)
    assert first.stdout is not None
    assert first.stdout.readline() == "inside\n"
    server = postgres.running(home)
    second, _ = manage(home, "shell", "--no-imports", "--command", COUNT).communicate(timeout=120)
    assert second == "users 0\n"
    assert server is not None
    assert postgres.running(home) == server
    first.communicate("\n", timeout=120)
    assert postgres.running(home) is None


def test_two_first_commands_at_once_share_one_database(home: Path) -> None:
    both = [manage(home, "shell", "--no-imports", "--command", COUNT) for _ in range(2)]
    assert [process.communicate(timeout=120)[0] for process in both] == ["users 0\n"] * 2
    assert postgres.running(home) is None


def test_a_terminated_command_stops_what_it_started(home: Path) -> None:
    process = manage(home, "shell", "--no-imports", "--command", WAIT)
    assert process.stdout is not None
    assert process.stdout.readline() == "inside\n"
    process.terminate()
    process.communicate(timeout=120)
    assert postgres.running(home) is None


def test_a_command_that_needs_no_database_starts_none(home: Path) -> None:
    manage(home, "diffsettings").communicate(timeout=120)
    assert not (home / "services.json").exists()


def test_asking_for_help_starts_no_database(home: Path) -> None:
    manage(home, "migrate", "--help").communicate(timeout=120)
    assert not (home / "services.json").exists()


def test_a_misspelt_command_starts_no_database(home: Path) -> None:
    process = manage(home, "serach")
    process.communicate(timeout=120)
    assert process.returncode == 1
    assert not (home / "services.json").exists()


def test_a_given_database_is_used_and_none_is_started(home: Path) -> None:
    url = f"postgresql:///x?host={home}"
    output, _ = manage(home, "migrate", DATABASE_URL=url).communicate(timeout=120)
    assert f'"{home}/.s.PGSQL.5432" failed' in output
    assert not (home / "services.json").exists()


def test_a_bad_setting_is_named_in_one_line(home: Path) -> None:
    process = manage(home, "migrate", MAILWATCH_PORT="http")
    output, _ = process.communicate(timeout=120)
    assert output == "manage.py: MAILWATCH_PORT must be a whole number of at least 1, not 'http'\n"
    assert process.returncode == 1
