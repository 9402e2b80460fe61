"""Configurations as they are handed in: texts, archives, folders; and Debian's pieces put together as Debian does."""

import gzip
import io
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from ingest.exim.configuration import read
from ingest.exim.preprocessing import Preprocessed
from ingest.rules.configuration import audit
from ingest.sources.configurations import configuration_at, configuration_in
from ingest.sources.limits import Refused

DEBIAN = Path("/etc/exim4")
UPDATE = "/usr/sbin/update-exim4.conf"
SECRET = "Geh3im-Wort"

SETTINGS = "dc_eximconfig_configtype='internet'\ndc_use_split_config='true'\ndc_relay_nets='{}'\n"
PIECES = {
    "update-exim4.conf.conf": SETTINGS.format("192.0.2.0/24;10.0.0.0/8"),
    "conf.d/main/01_lists": "UPEX4CmacrosUPEX4C = 1\n\nhostlist relay_from_hosts = MAIN_RELAY_NETS\n",
    "conf.d/main/02_more": "acl_smtp_rcpt = acl_check_rcpt\n",
    "conf.d/acl/00_header": "begin acl\n",
    "conf.d/acl/30_rcpt": "acl_check_rcpt:\n  accept hosts = +relay_from_hosts\n",
    "conf.d/acl/30_rcpt.dpkg-old": "  accept\n",
    "conf.d/acl/40_rcpt~": "  accept\n",
    "conf.d/router/00_header": "begin routers\n",
    "conf.d/auth/00_header": "begin authenticators\n",
    "conf.d/auth/30_plain": (
        "plain:\n  driver = plaintext\n  public_name = PLAIN\n  server_set_id = $auth2\n"
        "  server_condition = ${if eq{$auth3}{${lookup{$auth2}lsearch{/f}}}}\n"
    ),
    "passwd": f"joe:{SECRET}\n",
    "passwd.client": f"mail.example:joe:{SECRET}\n",
    "exim.key": f"{SECRET}\n",
}


def tar(files: Mapping[str, str | None], folder: str = "etc/exim4/", mode: str = "w") -> bytes:
    """Files by name; one whose text is None is a link."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for name, text in files.items():
            member = tarfile.TarInfo(folder + name)
            if text is None:
                member.type, member.linkname = tarfile.SYMTYPE, "/etc/shadow"
                archive.addfile(member)
                continue
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()


def packed(files: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"exim4/{name}", text)
    return out.getvalue()


def encrypted(raw: bytes) -> bytes:
    """The same archive, where each entry says that it is encrypted."""
    marked = bytearray(raw)
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = marked.find(signature)
        while at >= 0:
            marked[at + flags] |= 1
            at = marked.find(signature, at + 1)
    return bytes(marked)


def text_of(raw: bytes) -> str:
    return configuration_in(io.BytesIO(raw), len(raw))


def found(text: str, rule: str) -> list[tuple[str, str]]:
    return [(str(item.state), item.where) for item in audit(read(text)) if item.rule == rule]


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(tar(PIECES), id="tar"),
        pytest.param(tar(PIECES, mode="w:gz"), id="tar.gz"),
        pytest.param(tar(PIECES, mode="w:xz"), id="tar.xz"),
        pytest.param(packed(PIECES), id="zip"),
        pytest.param(tar(PIECES, folder=""), id="without a folder"),
        pytest.param(tar(PIECES, folder="../../etc/exim4/"), id="with a way up"),
        pytest.param(tar(dict(reversed(PIECES.items()))), id="in another order"),
    ],
)
def test_pieces_in_an_archive_are_one_configuration(raw: bytes) -> None:
    text = text_of(raw)
    configuration = read(text)

    assert configuration.get("acl_smtp_rcpt") == "acl_check_rcpt"
    assert [len(acl.statements) for acl in configuration.acls] == [1], (
        "leftovers of dpkg and editors do not count"
    )
    assert configuration.named_lists["relay_from_hosts"].value == (
        "<; 192.0.2.0/24;10.0.0.0/8 ; 127.0.0.1 ; ::1"
    )
    assert SECRET not in text, "files of passwords are not read"


def test_a_finding_names_the_file_and_its_line() -> None:
    text = text_of(tar(PIECES))

    assert found(text, "X01") == [
        ("bad", "authenticator plain, line 5 of conf.d/auth/30_plain, server_condition")
    ]
    assert found(text, "X09") == [("ok", "relay_from_hosts, line 3 of conf.d/main/01_lists")]
    assert found(text_of(tar(PIECES | {"update-exim4.conf.conf": SETTINGS.format("0.0.0.0/0")})), "X09")[0][
        0
    ] == ("bad")


def test_a_piece_of_ones_own_stands_in_for_that_of_the_package() -> None:
    text = text_of(tar(PIECES | {"conf.d/acl/30_rcpt.rul": "acl_check_rcpt:\n  deny\n"}))

    assert [acl.statements[0].verb for acl in read(text).acls] == ["deny"]


LOCAL = "conf.d/main/00_local"


@pytest.mark.parametrize(
    ("files", "rule"),
    [
        pytest.param(PIECES | {LOCAL: None}, "X19", id="a link"),
        pytest.param(PIECES | {LOCAL: "a\0b"}, "X19", id="no text"),
        pytest.param(
            {name: PIECES[name] for name in PIECES if "update" not in name}, "X09", id="its settings"
        ),
        pytest.param(
            PIECES | {"update-exim4.conf.conf": SETTINGS.format("'\"$(cat /etc/nets)\"'")},
            "X09",
            id="settings that a program gives",
        ),
        pytest.param(PIECES | {"conf.d/auth/30_plain": None}, "X01", id="the authenticator"),
    ],
)
def test_what_is_missing_is_undecided(files: dict[str, str | None], rule: str) -> None:
    text = text_of(tar(files))

    assert read(text).includes
    assert {state for state, _ in found(text, rule)} == {"undecided"}


def test_one_file_or_the_template_instead_of_pieces() -> None:
    whole = {"exim4.conf": "hostlist relay_from_hosts = *\n"}
    template = {
        "exim4.conf.template": PIECES["conf.d/main/01_lists"],
        "exim4.conf.localmacros": "MAIN_RELAY_NETS = *\n",
        "update-exim4.conf.conf": "dc_eximconfig_configtype='internet'\n",
    }

    assert found(text_of(tar(PIECES | whole)), "X09") == [("bad", "relay_from_hosts, line 1 of exim4.conf")]
    assert found(text_of(tar(PIECES | template)), "X09") == [
        ("bad", "relay_from_hosts, line 3 of exim4.conf.template")
    ]


def test_a_folder_of_what_may_not_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "exim4.conf").write_bytes(b"\0")

    with pytest.raises(Refused, match="None of the files"):
        configuration_at(tmp_path)


def test_a_folder_is_read_as_an_archive_of_it(tmp_path: Path) -> None:
    for name, text in PIECES.items():
        path = tmp_path / "exim4" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    assert configuration_at(tmp_path / "exim4") == text_of(tar(PIECES))


@pytest.mark.skipif(
    not (DEBIAN.is_dir() and Path(UPDATE).exists()), reason="Debian's configuration is not here"
)
@pytest.mark.parametrize("split", ["true", "false"])
@pytest.mark.parametrize("kind", ["internet", "smarthost", "satellite", "local", "none"])
def test_it_is_what_debian_makes_of_it(tmp_path: Path, split: str, kind: str) -> None:
    folder, made = tmp_path / "exim4", tmp_path / "made"
    shutil.copytree(DEBIAN, folder)
    settings = {
        "eximconfig_configtype": kind, "use_split_config": split, "relay_nets": "10.0.0.0/8;2001:DB8::/48",
        "other_hostnames": "One.example;two.example:", "smarthost": "mail.example::587", "readhost": "x.example",
        "local_interfaces": "127.0.0.1 ; ::1", "hide_mailname": "true", "relay_domains": "a.example : b.example",
    }  # fmt: skip
    lines = [f"dc_{name}='{value}'" for name, value in settings.items()]
    (folder / "update-exim4.conf.conf").write_text("\n".join([*lines, "OWN_MACRO='Two  Words'\n"]))
    (tmp_path / "mailname").write_text(Path("/etc/mailname").read_text())
    subprocess.run([UPDATE, "-d", folder, "-o", made], check=True, capture_output=True)

    ours = [line.text for line in Preprocessed(configuration_at(folder)).lines]
    assert ours == [line.text for line in Preprocessed(made.read_text()).lines]


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        pytest.param(b"\0\1\2" * 1000, "This file is no text", id="binary"),
        pytest.param(b"\x89PNG\r\n" + b"x" * 600, "This file is no text", id="a picture"),
        pytest.param(b"%PDF-1.7\n" + b"x" * 600, "This file is no text", id="a document"),
        pytest.param(b"a = b\n" * 10_000_000, "more than 2 MB", id="60 MB"),
        pytest.param(gzip.compress(b"a = b\n" * 10_000_000), "more than 2 MB", id="packed"),
        pytest.param(tar({"exim4.conf": "a = b\n" * 1_000_000}), "more than 2 MB", id="in an archive"),
        pytest.param(tar({"mainlog": "a\n"}), "There is no configuration of Exim here", id="another archive"),
        pytest.param(tar({"conf.d/acl/x": "a"}) + b"x" * 40_000_000, "more than 32 MB", id="a large archive"),
        pytest.param(tar({f"{i}": "" for i in range(10_100)}), "more than 10,000 members", id="many members"),
        pytest.param(packed({"exim4.conf": "a" * 80_000_000}), "more than 2 MB", id="a bomb"),
        pytest.param(gzip.compress(b"a = b\n" * 100)[:-20], "ends too early", id="cut"),
        pytest.param(
            tar(PIECES, mode="w:gz")[:300], "the rest of the configuration", id="an archive that is cut"
        ),
        pytest.param(encrypted(packed(PIECES)), "None of the files .* could be read", id="encrypted"),
        pytest.param(b"7z\xbc\xaf\x27\x1c" + b"x" * 600, "7-Zip", id="another kind of archive"),
    ],
)
def test_what_is_no_configuration_is_said_in_one_sentence(raw: bytes, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        text_of(raw)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_a_text_in_the_writing_of_any_machine(encoding: str) -> None:
    text = "# señal\nqualify_domain = example.com\n"

    assert text_of(text.encode(encoding)) == text
    assert text_of(gzip.compress(text.encode(encoding))) == text


def test_an_empty_file_is_an_empty_text() -> None:
    assert text_of(b"") == ""
