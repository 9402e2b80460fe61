"""The embedded PostgreSQL: made, started and stopped.

It listens on a Unix socket in a directory that only its own account can enter, and asks the kernel who is
calling (peer authentication), so there is no password. Callers hold the lock of `session`.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

import psycopg
from psycopg import sql

from mailwatch.standalone import ServiceError, accounts, logs, places, processes, sizes, wheels
from mailwatch.standalone.accounts import Account
from mailwatch.standalone.places import ROLE, Places
from mailwatch.standalone.processes import Process

MAJOR = "18"
OWNER = "postgres"  # the superuser; Mailwatch itself connects as an ordinary role
_READY_LINE = 7  # of postmaster.pid, counted from 0
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def start(home: Path, *, durable: bool = True, dies_with_parent: bool = False) -> None:
    """Start the home's PostgreSQL unless it runs; make it first if the home is new.

    durable=False gives up safety against a crash of the machine, for tests.
    """
    where, account = places.prepare(home)
    server = running(home)
    if server is None:
        programs = wheels.postgres(where, account)
        _initialise(where, account, programs, durable=durable)
        _check_version(where)
        _write_access(where, account)
        _remove_stale_locks(where)
        command = [
            str(programs / "postgres"),
            "-D",
            str(where.postgres_data),
            *_options(where, durable=durable),
        ]
        server = _launch(home, account, command, dies_with_parent=dies_with_parent)
    try:
        _wait_until_ready(home, where, server)
    except BaseException:  # Ctrl-C too
        processes.stop(server, signal.SIGINT, patience=60)
        raise
    _make_database(where)


def _launch(home: Path, account: Account, command: list[str], *, dies_with_parent: bool) -> Process:
    with logs.open_for_append(home, "postgres") as log:
        return processes.start(
            command,
            account=account,
            output=log,
            environment=_ENVIRONMENT,
            dies_by=signal.SIGINT if dies_with_parent else None,
        )


def stop(home: Path, *, patience: float = 60) -> None:
    """Stop the home's PostgreSQL, if it runs: sessions are ended, the data is left clean."""
    server = running(home)
    if server is None:
        return
    if not processes.stop(server, signal.SIGINT, patience=patience):
        raise ServiceError(f"PostgreSQL does not stop: {logs.last_line(home, 'postgres')}")


def running(home: Path) -> Process | None:
    """The server process of this home."""
    where = places.known(home)
    process = processes.identify(_written_pid(where.postgres_data / "postmaster.pid"))
    if process is None or str(where.postgres_data) not in processes.arguments(process.pid):
        return None
    return process


def _written_pid(lock: Path) -> int:
    """The process number in the first line of one of PostgreSQL's lock files; 0 without."""
    try:
        return abs(int(lock.read_text().split("\n", 1)[0]))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return 0


def _remove_stale_locks(where: Places) -> None:
    """A lock file whose process number now belongs to something else would keep the server from starting."""
    for lock in (where.postgres_data / "postmaster.pid", where.sockets / ".s.PGSQL.5432.lock"):
        pid = _written_pid(lock)
        if pid and processes.identify(pid) and str(where.postgres_data) not in processes.arguments(pid):
            lock.unlink(missing_ok=True)


def _initialise(where: Places, account: Account, programs: Path, *, durable: bool) -> None:
    """Make the data directory beside its place and move it there, so that it is whole or absent."""
    if where.postgres_data.exists():
        return
    fresh = where.postgres_data.with_suffix(".new")
    subprocess.run(["rm", "-rf", str(fresh)], check=True)  # of a start that was cut short
    command = [str(programs / "initdb"), "-D", str(fresh), f"--username={OWNER}", "--auth=peer"]
    # A stable order, with no version of libc's to depend on.
    command += ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
    command += [] if durable else ["--no-sync"]
    made = subprocess.run(
        command,
        cwd="/",
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        **accounts.switch(account),
    )
    if made.returncode:
        raise ServiceError(f"initdb failed: {made.stderr.strip() or made.stdout.strip()}")
    fresh.rename(where.postgres_data)


def _check_version(where: Places) -> None:
    version = (where.postgres_data / "PG_VERSION").read_text().strip()
    if version != MAJOR:
        raise ServiceError(f"{where.postgres_data} is of PostgreSQL {version}; this is {MAJOR}")


def _write_access(where: Places, account: Account) -> None:
    _write(where.access / "pg_hba.conf", "local all all peer map=mailwatch\n", account)
    names = sorted({account.name, "root"})
    _write(
        where.access / "pg_ident.conf",
        "".join(f'mailwatch "{name}" {role}\n' for name in names for role in (ROLE, OWNER)),
        account,
    )


def _write(path: Path, text: str, account: Account) -> None:
    path.write_text(text)
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 0, account.gid)


def _options(where: Places, *, durable: bool) -> list[str]:
    values = _settings(where) | ({} if durable else {"fsync": "off", "full_page_writes": "off"})
    return [argument for name, value in values.items() for argument in ("-c", f"{name}={value}")]


def _settings(where: Places) -> dict[str, str]:
    """For one machine that reads much at once: memory by what there is, few checkpoints while loading."""
    memory = sizes.memory()
    return {
        "listen_addresses": "",
        "unix_socket_directories": str(where.sockets),
        "unix_socket_permissions": "0700",
        "hba_file": str(where.access / "pg_hba.conf"),
        "ident_file": str(where.access / "pg_ident.conf"),
        "max_connections": "60",
        "shared_buffers": f"{min(max(memory // 8, 64), 1024)}MB",
        "effective_cache_size": f"{max(memory // 2, 256)}MB",
        "work_mem": f"{min(max(memory // 256, 8), 64)}MB",
        "maintenance_work_mem": f"{min(max(memory // 32, 64), 512)}MB",
        "wal_buffers": "16MB",  # a batch writes some
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
    }


def _wait_until_ready(home: Path, where: Places, server: Process) -> None:
    """Wait as long as it lives: after a crash, reading the log again may take minutes."""
    while not _is_ready(where, server.pid):
        if not processes.is_alive(server):
            raise ServiceError(f"PostgreSQL did not start: {logs.last_line(home, 'postgres')}")
        time.sleep(0.01)


def _is_ready(where: Places, pid: int) -> bool:
    try:
        lines = (where.postgres_data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) > _READY_LINE and lines[0] == str(pid) and lines[_READY_LINE].strip() == "ready"


def _make_database(where: Places) -> None:
    """Make the role and the database if missing; each step may have been the last one of an earlier start."""
    role = sql.Identifier(ROLE)
    address = f"host='{where.sockets}' user={OWNER} dbname=postgres"
    with psycopg.connect(address, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(role))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'mailwatch'").fetchone():
            connection.execute(sql.SQL("CREATE DATABASE mailwatch OWNER {}").format(role))
