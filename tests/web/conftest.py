"""People and logs that the page tests share."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.utils.timezone import now

from ingest import pipeline
from ingest.models import IngestRun, LogHost
from ingest.pipeline import IncomingFile
from mailwatch.models import Access, Role
from mailwatch.sign_in import SEEN

# The case that Mailwatch was made for: an empty login, a bulk sender, a stranger's mailbox.
SEED = (
    "2016-03-09 07:53:12 1adXzZ-0007sb-Pz <= [email\xa0protected] H=([127.0.0.1]) [129.137.152.170] P=esmtpa"
    " A=plain: S=1298 [email\xa0protected]",
    "2016-03-09 07:53:12 1adXzZ-0007sb-Pz no immediate delivery: more than 10 messages received in"
    " one connection",
    "2016-03-09 08:16:57 1adXzZ-0007sb-Pz => kamikaze_****@hotmail.co.uk R=dnslookup T=remote_smtp"
    " H=mx3.hotmail.com [207.46.8.167] X=TLS1.2:ECDHE_RSA_AES_256_CBC_SHA384:256 CV=no"
    ' DN="CN=*.hotmail.com" C="250  <[email\xa0protected]> Queued mail for delivery"',
    "2016-03-09 08:16:57 1adXzZ-0007sb-Pz Completed",
)

# A log that says no: an attempt to relay, refused, and ordinary mail for the host's own domain.
QUIET = (
    "2016-03-09 09:00:00 H=(probe.example.net) [203.0.113.9] F=<one@foreign.example> rejected RCPT"
    " <victim@elsewhere.example>: relay not permitted",
    "2016-03-09 09:01:00 1adZ3M-0007sb-Pz <= friend@partner.example H=mx.partner.example [198.51.100.7] "
    "P=esmtps S=900 for anna@example.org",
    "2016-03-09 09:01:01 1adZ3M-0007sb-Pz => anna <anna@example.org> R=local_user T=local_delivery",
    "2016-03-09 09:01:01 1adZ3M-0007sb-Pz Completed",
)

type Ingested = Callable[..., IngestRun]


@pytest.fixture(autouse=True, scope="session")
def _cheap_passwords() -> Iterator[None]:
    """The usual hash takes most of a second, on purpose."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


def somebody(name: str, role: Role, *log_hosts: LogHost) -> User:
    """A user who may read the log hosts named, or all where none is."""
    user = User.objects.create_user(name, f"{name}@example.com", "long-enough-password")
    user.is_superuser = user.is_staff = role == Role.ADMINISTRATOR
    user.save()
    access = Access.objects.create(user=user, role=role, has_all_log_hosts=not log_hosts)
    access.log_hosts.set(log_hosts)
    return user


@pytest.fixture
def helpdesk(db: None) -> User:
    return somebody("helen", Role.HELPDESK)


@pytest.fixture
def postmaster(db: None) -> User:
    return somebody("petra", Role.POSTMASTER)


@pytest.fixture
def reader(db: None) -> User:
    return somebody("rita", Role.READER)


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser("root", "root@example.com", "long-enough-password")


def shown_now(client: Client, user: User) -> None:
    """As if the password had just been typed."""
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """A browser in which that person is signed in."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        session = client.session
        session[SEEN] = now().timestamp()  # a session is written down again only after some minutes
        session.save()
        shown_now(client, user)
        return client

    return signed_in


@pytest.fixture
def master(postmaster: User, client_of: Callable[[User], Client]) -> Client:
    """The browser of the postmaster."""
    return client_of(postmaster)


@pytest.fixture
def desk(helpdesk: User, client_of: Callable[[User], Client]) -> Client:
    """The browser of the helpdesk user."""
    return client_of(helpdesk)


def read_file(path: Path, log_host: str, timezone: str | None = None) -> IngestRun:
    """Read a log through the same pipeline as an upload."""
    host, _ = pipeline.log_host(log_host, timezone)
    file = IncomingFile(name="mainlog", path=str(path), size=path.stat().st_size, is_upload=False)
    run = pipeline.new_run(log_host=host, files=[file], started_by="tests")
    for piece_id in pipeline.open_pieces(run):
        while pipeline.work(piece_id):
            pass
    pipeline.finish(run.pk)
    run.refresh_from_db()
    return run


@pytest.fixture
def ingested(db: None, tmp_path: Path) -> Ingested:
    """Reads lines into a log host, through the same pipeline as an upload."""

    def ingest(lines: Sequence[str], log_host: str = "srv1", timezone: str | None = None) -> IngestRun:
        path = tmp_path / f"{log_host}-{LogHost.objects.count()}-{IngestRun.objects.count()}.log"
        path.write_text("".join(f"{line}\n" for line in lines))
        return read_file(path, log_host, timezone)

    return ingest


@pytest.fixture
def seed(ingested: Ingested) -> LogHost:
    """The log host srv1 with the four lines of the case."""
    return ingested(SEED, "srv1", "Europe/Madrid").log_host
