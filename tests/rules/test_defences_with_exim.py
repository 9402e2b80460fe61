"""The lines that keep an attacker out do so in a real Exim, and let everybody else through."""

import getpass
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ingest.rules.defences import DENY_STRANGERS, deny_accounts, deny_users
from ingest.rules.open_relays import try_as_stranger
from tests.rules.real_exim import EXIM, RealExim, needs_exim
from tests.rules.whole_configurations import WHOLE, with_acl

pytestmark = needs_exim

PERMISSIVE = "  accept"


@pytest.fixture
def exim() -> Iterator[RealExim]:
    """Exim in a folder that it may write to."""
    with TemporaryDirectory() as name:
        yield RealExim(Path(name))


def indented(statement: str) -> str:
    return "\n".join(f"  {line}" for line in statement.splitlines())


def test_strangers_relay_no_more_though_the_list_below_lets_them(exim: RealExim) -> None:
    assert exim.configure(with_acl(PERMISSIVE)).relays()

    exim.configure(with_acl(f"{indented(DENY_STRANGERS)}\n{PERMISSIVE}"))

    assert not exim.relays()
    assert exim.relays("127.0.0.1")
    commands = ("EHLO friend", "MAIL FROM:<a@sender.example>", "RCPT TO:<b@example.org>")
    assert exim.replies(*commands)[-1].startswith("250")


@pytest.mark.parametrize("sender", ["", "postmaster@example.org"])
def test_the_command_that_tries_as_a_stranger_says_which_statement_decided(
    exim: RealExim, sender: str
) -> None:
    exim.configure(WHOLE)
    command = try_as_stranger(sender).replace("exim -bh", f"{EXIM} -C {exim.file} -bh")

    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, timeout=60)

    assert "550 relay not permitted" in done.stdout
    assert "exim.conf" in done.stderr


@pytest.mark.parametrize(
    ("account", "reply"), [("alice@example.org", "550"), ("Alice@Example.org", "550"), ("bob", "250")]
)
def test_the_account_is_locked(exim: RealExim, account: str, reply: str) -> None:
    fix = deny_accounts(["carol", "alice@example.org"])
    assert fix is not None
    exim.configure(with_acl(f"{indented(fix)}\n{PERMISSIVE}"))
    given = "EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@recipient.example>\r\nQUIT\r\n"
    as_account = ("-oMa", "203.0.113.5.1234", "-oMaa", "plain", "-oMai", account)

    lines = exim.run("-bs", *as_account, given=given).splitlines()

    assert lines[-2].startswith(reply)


@pytest.mark.parametrize("is_denied", [True, False])
def test_a_program_hands_in_no_more(exim: RealExim, is_denied: bool) -> None:
    fix = deny_users(["www-data", getpass.getuser()] if is_denied else ["www-data"])
    assert fix is not None
    acls = f"begin acl\nacl_check_programs:\n{indented(fix)}\n  accept\n"
    text = WHOLE.replace("begin acl\n", acls, 1).replace(
        "acl_smtp_data", "acl_not_smtp = acl_check_programs\nacl_smtp_data", 1
    )
    exim.configure(text)

    done = subprocess.run(
        [EXIM or "exim", "-C", str(exim.file), "-odq", "b@recipient.example"],
        input="Subject: x\n\nx\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (done.returncode != 0) is is_denied, done.stderr
