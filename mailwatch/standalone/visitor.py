"""A visitor of the pages, as a browser is one: cookies, form tokens, redirects, uploads."""

import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_TIMEOUT = 60.0  # seconds for one answer
_PAUSE = 0.2  # seconds between two looks at a run


class Refused(Exception):
    """The pages did not take what was handed in; the message says why in one line."""


def _opener() -> urllib.request.OpenerDirector:
    """Keeps cookies; goes to this machine directly, whatever proxy the environment names."""
    cookies = urllib.request.HTTPCookieProcessor(CookieJar())
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)


@dataclass(frozen=True, slots=True)
class Visitor:
    """url: without a slash at the end."""

    url: str
    opener: urllib.request.OpenerDirector = field(default_factory=_opener)

    def sign_in(self, username: str, password: str) -> None:
        fields = {"username": username, "password": password, "csrfmiddlewaretoken": self._token("/login/")}
        reached, _ = self._send("/login/", urllib.parse.urlencode(fields).encode())
        if urllib.parse.urlsplit(reached).path == "/login/":
            raise Refused(f"the pages refuse {username}'s password: it was changed since it was made")

    def upload(self, files: Sequence[Path], *, log_host: str, timezone: str) -> str:
        """Post the upload form; the path of the run that it leads to."""
        fields = {"csrfmiddlewaretoken": self._token("/uploads/"), "log_host": log_host, "timezone": timezone}
        boundary = uuid.uuid4().hex
        body = b"".join(_parts(fields, files, boundary))
        reached, _ = self._send(
            "/uploads/", body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        )
        path = urllib.parse.urlsplit(reached).path
        if not path.startswith("/runs/"):
            raise Refused(f"the upload form does not take the files of {log_host}")
        return path

    def keep_configuration(self, file: Path, *, log_host: str) -> None:
        """Post the form that audits a configuration and keeps it for a log host."""
        path = "/configuration/"
        fields = {"csrfmiddlewaretoken": self._token(path), "text": file.read_text()}
        fields |= {"log_host": log_host, "replace": "on"}
        self._send(path, urllib.parse.urlencode(fields).encode())

    def wait_for_run(self, path: str) -> None:
        """Wait while the run waits or works. Raises Refused if it ends badly."""
        while (run := self.json(path))["state"] in {"waiting", "running"}:
            time.sleep(_PAUSE)
        if run["state"] != "finished":
            raise Refused(f"the run {path} {run['state']}: {run['error']}")

    def json(self, path: str) -> dict[str, Any]:
        _, text = self._send(path, None, {"Accept": "application/json"})
        answer: dict[str, Any] = json.loads(text)
        return answer

    def _token(self, path: str) -> str:
        _, text = self._send(path)
        found = _TOKEN.search(text)
        if found is None:
            raise Refused(f"{self.url}{path} shows no form")
        return found[1]

    def _send(
        self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[str, str]:
        """The address reached after redirects, and the text there."""
        request = urllib.request.Request(self.url + path, data=body, headers=dict(headers or {}))
        request.add_header("Referer", self.url + path)
        try:
            with self.opener.open(request, timeout=_TIMEOUT) as answer:
                return answer.url, answer.read().decode()
        except urllib.error.HTTPError as error:
            raise Refused(f"{self.url}{path} answers {error.code} {error.reason}") from error


def _parts(fields: Mapping[str, str], files: Sequence[Path], boundary: str) -> Iterator[bytes]:
    for name, value in fields.items():
        yield f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for file in files:
        disposition = f'Content-Disposition: form-data; name="files"; filename="{file.name}"'
        yield f"--{boundary}\r\n{disposition}\r\nContent-Type: application/octet-stream\r\n\r\n".encode()
        yield file.read_bytes() + b"\r\n"
    yield f"--{boundary}--\r\n".encode()
