"""The embedded PostgreSQL: private, durable, and at home in its home."""

import os
import pwd
import stat
import subprocess
import time
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from mailwatch.standalone import ServiceError, accounts, logs, places, postgres, processes

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def connect(home: Path) -> psycopg.Connection:
    where = places.database(home)
    return psycopg.connect(host=where["HOST"], user=where["USER"], dbname=where["NAME"], autocommit=True)


def modes(path: Path) -> dict[Path, int]:
    return {parent: stat.S_IMODE(parent.stat().st_mode) for parent in path.parents}


@pytest.mark.django_db
def test_the_tests_run_on_postgresql_18() -> None:
    connection.ensure_connection()
    assert connection.connection.info.server_version // 10000 == 18


def test_it_starts_answers_and_stops_leaving_the_data_clean(home: Path) -> None:
    postgres.start(home)
    with connect(home) as session:
        session.execute("CREATE TABLE kept (id int)")
    postgres.stop(home)
    assert postgres.running(home) is None
    assert logs.last_line(home, "postgres").startswith(tuple("0123456789"))
    assert "database system is shut down" in logs.last_line(home, "postgres")


def test_what_was_written_is_there_after_the_next_start(home: Path) -> None:
    postgres.start(home)
    with connect(home) as session:
        session.execute("CREATE TABLE kept AS SELECT 7 AS id")
    postgres.stop(home)
    postgres.start(home)
    with connect(home) as session:
        assert session.execute("SELECT id FROM kept").fetchone() == (7,)


def test_a_second_start_takes_over_the_server_that_runs(home: Path) -> None:
    postgres.start(home)
    first = postgres.running(home)
    postgres.start(home)
    assert postgres.running(home) == first


def test_it_listens_on_no_port_and_sorts_by_code_point(home: Path) -> None:
    postgres.start(home)
    with connect(home) as session:
        assert session.execute("SHOW listen_addresses").fetchone() == ("",)
        order = session.execute(
            "SELECT string_agg(x, '' ORDER BY x) FROM unnest('{a,B,b,A}'::text[]) x"
        ).fetchone()
        assert order == ("ABab",)


def test_mailwatch_is_no_superuser(home: Path) -> None:
    postgres.start(home)
    with connect(home) as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("COPY (SELECT 1) TO PROGRAM 'cat'")


@as_root
@pytest.mark.parametrize(("user", "may"), [("nobody", False), (accounts.SYSTEM_USER, True)])
def test_no_other_local_user_reaches_the_socket(home: Path, user: str, may: bool) -> None:
    postgres.start(home)
    socket = places.known(home).sockets / ".s.PGSQL.5432"
    entry = pwd.getpwnam(user)
    asked = subprocess.run(
        ["test", "-w", str(socket)], user=entry.pw_uid, group=entry.pw_gid, extra_groups=[], check=False
    )
    assert (asked.returncode == 0) == may


def test_nothing_outside_the_home_is_chmodded(secluded_home: Path) -> None:
    checkout = Path(__file__)
    before = modes(secluded_home), modes(checkout)
    postgres.start(secluded_home)
    assert (modes(secluded_home), modes(checkout)) == before


@as_root
def test_root_in_a_secluded_home_keeps_the_data_below_var_lib(secluded_home: Path) -> None:
    postgres.start(secluded_home)
    where = places.known(secluded_home)
    assert where.root.parent == places.STAND_IN
    with connect(secluded_home) as session:
        assert session.execute("SELECT 1").fetchone() == (1,)


def test_a_long_path_has_its_sockets_in_a_short_private_directory(home: Path) -> None:
    deep = home / ("long" * 25)
    deep.parent.mkdir(mode=0o711)
    postgres.start(deep)
    sockets = places.known(deep).sockets
    try:
        assert len(os.fsencode(sockets)) < 60
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        connect(deep).close()
    finally:
        postgres.stop(deep)
        sockets.rmdir()


def test_a_lock_file_with_the_number_of_some_other_process_is_no_obstacle(home: Path) -> None:
    postgres.start(home)
    postgres.stop(home)
    lock = places.known(home).postgres_data / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n/nowhere\n")
    postgres.start(home)
    connect(home).close()


def test_data_of_another_version_is_refused_in_one_sentence(home: Path) -> None:
    postgres.start(home)
    postgres.stop(home)
    (places.known(home).postgres_data / "PG_VERSION").write_text("17\n")
    with pytest.raises(ServiceError, match="is of PostgreSQL 17; this is 18"):
        postgres.start(home)


def test_a_killed_server_recovers_at_the_next_start(home: Path) -> None:
    postgres.start(home)
    with connect(home) as session:
        session.execute("CREATE TABLE kept AS SELECT 7 AS id")
        server = postgres.running(home)
        assert server is not None
        os.kill(server.pid, 9)
        assert processes.wait(server, patience=10)
    postgres.start(home)
    with connect(home) as session:
        assert session.execute("SELECT id FROM kept").fetchone() == (7,)


def test_a_server_killed_under_the_process_that_started_it_is_started_again(home: Path) -> None:
    postgres.start(home)
    first = postgres.running(home)
    assert first is not None
    os.kill(first.pid, 9)
    while postgres.running(home) == first:
        time.sleep(0.01)
    # its sessions need a moment to notice
    for _ in range(100):
        try:
            postgres.start(home)
        except ServiceError:
            time.sleep(0.1)
        else:
            break
    assert postgres.running(home) not in (None, first)
    postgres.stop(home)
