"""Debian's configuration in pieces, put together as update-exim4.conf does it, as text; nothing is run.

Each piece stands behind a heading of comments, so that a line of the whole is known again as a line of its
file. What would be put in its place and is not known stands there as an ``.include``: it is never taken for
nothing.

Source: update-exim4.conf(8) of Debian's exim4-config, the script itself.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping

from ingest.languages import say

__all__ = ["MAIL_NAME", "SETTINGS", "Origins", "assembled", "is_piece", "line_words", "root_of"]

_SECTIONS = ("main", "acl", "router", "transport", "retry", "rewrite", "auth")
SETTINGS = "update-exim4.conf.conf"
_TEMPLATE = "exim4.conf.template"
_LOCAL_MACROS = "exim4.conf.localmacros"
MAIL_NAME = "mailname"
_WHOLE = ("exim4.conf", "exim.conf", "configure", "exim.configure")
_IN_CONF_D = re.compile(rf"conf\.d/(?:{'|'.join(_SECTIONS)})/[^/]+")
_RUN = re.compile(r"[0-9A-Za-z_-]+")
_RULE = "#" * 53
_FILE = r"(?P<file>(?:\S*/)?(?:conf\.d/\S+|exim4?\.conf\S*|(?:exim\.)?configure|update-exim4\.conf\.conf))"
_HEADING = re.compile(
    rf"^#{{20,}}\n### {_FILE}\n#{{20,}}\n", re.MULTILINE
)  # those within the template are others
_END = re.compile(rf"^#{{20,}}\n### end {_FILE}\n#{{20,}}$", re.MULTILINE)
_PLACE_OF_MACROS = re.compile(r"^UPEX4CmacrosUPEX4C", re.MULTILINE)
_ASSIGNED = re.compile(
    r"""(?P<name>\w+)=(?:'(?P<single>[^']*)'|"(?P<double>[^"$`\\]*)"|(?P<bare>[^\s'"$`\\;&|<>()]*))\s*(?:#.*)?"""
)
_NOT_PLAIN = re.compile(r"[^-0-9A-Za-z/.!*@_~:;< \[\]]")


def is_piece(path: str) -> bool:
    """Whether a file, named from the folder of the configuration, can be part of it. No file of passwords is."""
    return path in {*_WHOLE, SETTINGS, _TEMPLATE, _LOCAL_MACROS, MAIL_NAME} or bool(
        _IN_CONF_D.fullmatch(path)
    )


def root_of(paths: list[str]) -> str | None:
    """The folder of the configuration among these paths, "" or with a slash at its end; None: there is none."""
    roots = set()
    for path in paths:
        folder, _, rest = path.partition("conf.d/")
        if f"conf.d/{rest}" != path[len(folder) :] or not _IN_CONF_D.fullmatch(path[len(folder) :]):
            folder, _, name = path.rpartition("/")
            folder += "/" if folder else ""
            if name not in {*_WHOLE, _TEMPLATE}:
                continue
        if not folder or folder.endswith("/"):
            roots.add(folder)
    return min(roots, key=lambda root: (root.count("/"), root), default=None)


def assembled(files: Mapping[str, str | None]) -> str | None:
    """The whole text of pieces by their path from the folder of the configuration; None: there is nothing.

    A piece that is there and could not be read is None. ``mailname`` is the host's /etc/mailname.
    """
    if whole := next((name for name in _WHOLE if name in files), None):
        return _piece(whole, files[whole])
    settings, is_known = _settings(files.get(SETTINGS))
    split = [name for name in files if name.startswith("conf.d/")]
    is_split = settings.get("dc_use_split_config", "").lower() == "true" or files.get(SETTINGS) is None
    if split and (is_split or _TEMPLATE not in files):
        names = [name for section in _SECTIONS for name in _run_parts(split, f"conf.d/{section}/")]
    elif _TEMPLATE in files:
        names = [name for name in (_LOCAL_MACROS, _TEMPLATE) if name in files]
    else:
        return None
    seeds = _seeds(settings, files.get(MAIL_NAME), is_known=is_known)
    pieces = []
    for name in names:
        text = files[name]
        if text is not None and _PLACE_OF_MACROS.search(text):
            pieces.append(_piece(SETTINGS, seeds))
        pieces.append(_piece(name, text))
    return "".join(pieces)


def _run_parts(names: list[str], folder: str) -> Iterator[str]:
    """The files of a folder that count, in order: no backups, no files of dpkg; ``x.rul`` in the place of ``x``."""
    for name in sorted(name for name in names if name.startswith(folder)):
        if _RUN.fullmatch(name.removeprefix(folder)):
            yield f"{name}.rul" if f"{name}.rul" in names else name


def _piece(name: str, text: str | None) -> str:
    text = f".include {name}" if text is None else text.replace("\r\n", "\n").rstrip("\n")
    return f"{_RULE}\n### {name}\n{_RULE}\n{text}\n\n{_RULE}\n### end {name}\n{_RULE}\n"


# --- the settings that people choose when the package is installed --------------------------------


def _settings(text: str | None) -> tuple[dict[str, str], bool]:
    """What update-exim4.conf.conf sets, and whether that is all of it: it is a shell script, and nothing is run."""
    found: dict[str, str] = {}
    is_known = text is not None
    for line in (text or "").splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _ASSIGNED.fullmatch(stripped)
        if match:
            found[match["name"]] = match["single"] or match["double"] or match["bare"] or ""
        else:
            is_known = False
    return found, is_known


def _seeds(settings: Mapping[str, str], mailname: str | None, *, is_known: bool) -> str:
    """The macros that the settings become; where not all are known, any may be another than it seems."""
    if not is_known:
        return f".include {SETTINGS}"
    kind = _plain(settings.get("dc_eximconfig_configtype", ""))
    macros = dict(_macros(settings, kind)) if kind in {"satellite", "smarthost", "local", "internet"} else {}
    if macros and mailname and (name := re.match(r"[-\w@.]+", mailname)):
        macros["ETC_MAILNAME"] = _plain(name[0])
    return "\n".join(f".ifndef {name}\n{name}={value}\n.endif" for name, value in macros.items())


def _macros(settings: Mapping[str, str], kind: str) -> Iterator[tuple[str, str]]:
    def of(name: str) -> str:
        return _plain(settings.get(name, ""))

    if interfaces := of("dc_local_interfaces"):
        yield "MAIN_LOCAL_INTERFACES", _semicolons(interfaces)
    if of("dc_minimaldns") == "true":
        yield "DC_minimaldns", "1"
    if kind in {"satellite", "smarthost"} and of("dc_hide_mailname") == "true" and of("dc_readhost"):
        yield "HIDE_MAILNAME", "1"
    others = re.sub(r"[;: ]*$", "", f"@:localhost:{of('dc_other_hostnames')}")
    yield "MAIN_LOCAL_DOMAINS", others.replace(" ", "", 1).replace(";", ":")
    yield "MAIN_RELAY_TO_DOMAINS", _semicolons(of("dc_relay_domains"))
    yield "LOCAL_DELIVERY", of("dc_localdelivery") or "mail_spool"
    networks = _semicolons(of("dc_relay_nets"))
    own = " ; 127.0.0.1 ; ::1" if networks.startswith("<;") else " : 127.0.0.1 : ::::1"
    yield "MAIN_RELAY_NETS", networks + own
    yield "DCreadhost", of("dc_readhost")
    yield "DCsmarthost", of("dc_smarthost").replace(";", ":")
    yield "DC_eximconfig_configtype", kind
    yield f"DCconfig_{kind}", "1"
    yield from (
        (name, _plain(value)) for name, value in settings.items() if name[0].isupper() and name != "CFILEMODE"
    )


def _plain(value: str) -> str:
    return _NOT_PLAIN.sub("_", " ".join(value.lower().split()))


def _semicolons(value: str) -> str:
    """A list whose separator is a semicolon says so."""
    return f"<; {value}" if ";" in value and not value.startswith("<") else value


# --- lines of the whole as lines of their files ---------------------------------------------------


def line_words(line: int) -> str:
    """``line 12``."""
    return say("line {line}", line=line)


class Origins:
    """Where the lines of a text come from that has such headings; update-exim4.conf writes them as well."""

    def __init__(self, text: str) -> None:
        self._starts: list[int] = []
        self._files: list[str] = []
        marks = [(match.start(), match.end(), match["file"]) for match in _HEADING.finditer(text)]
        marks += [(match.start(), match.end(), "") for match in _END.finditer(text)]
        place, line = 0, 1
        for start, end, file in sorted(marks):
            line += text.count("\n", place, end if file else start)
            place = end if file else start
            self._starts.append(line)
            self._files.append(file)

    def place(self, line: int) -> str:
        """``line 12``, or ``line 3 of conf.d/acl/30_check``."""
        at = bisect_right(self._starts, line) - 1
        if at < 0 or not self._files[at]:
            return line_words(line)
        return say("line {line} of {file}", line=line - self._starts[at] + 1, file=self._files[at])
