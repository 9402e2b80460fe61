"""The hosting panel of a log host, by what is stored of it."""

from collections.abc import Callable, Sequence

from ingest.models import IngestRun, LogHost, StoredConfiguration
from ingest.rules.panels import Panel
from ingest.stored_panels import panel
from tests.ingest.sign_cases import Log, login

type Read = Callable[[Sequence[str]], IngestRun]


def test_nothing_shows_one(srv1: LogHost, read_lines: Read) -> None:
    log = Log()
    log.mail(0, login(1, "plain:alice@example.com"))
    read_lines(log.lines)

    assert panel(srv1) is None


def test_a_program_of_the_panel_hands_in_mail(srv1: LogHost, read_lines: Read) -> None:
    read_lines(["2026-03-09 06:00:00 cwd=/usr/local/directadmin 3 args: /usr/sbin/sendmail -t -i"])

    assert panel(srv1) is Panel.DIRECTADMIN


def test_exim_runs_as_with_cpanel(srv1: LogHost, read_lines: Read) -> None:
    log = Log()
    log.mail(0, login(1, "dovecot_login:alice@example.com"))
    log.mail(1, "<> R=1vzTrY-00000000001-0001 U=mailnull P=local")
    read_lines(log.lines)

    assert panel(srv1) is Panel.CPANEL


def test_the_configuration_goes_before_the_log(srv1: LogHost, read_lines: Read) -> None:
    read_lines(["2026-03-09 06:00:00 cwd=/usr/local/directadmin 3 args: /usr/sbin/sendmail -t -i"])
    StoredConfiguration.objects.create(
        log_host=srv1, name="exim.conf", text="domainlist local_domains = dsearch;/etc/exim4/domains/"
    )

    assert panel(srv1) is Panel.HESTIA
