"""A small OpenID Connect provider: what it says of people is set by the test."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, SECRET = "mailwatch", "issuer-secret"


@dataclass
class Issuer:
    """Runs on this machine; ``claims`` is who comes next."""

    url: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    audience: str = CLIENT_ID
    challenges: dict[str, str] = field(default_factory=dict)  # of codes given out
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def configuration(self) -> dict[str, object]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def code(self, authorize_url: str) -> str:
        """Who is sent here agrees: the query to come back with."""
        asked = parse_qs(urlsplit(authorize_url).query)
        assert asked["client_id"] == [CLIENT_ID]
        code = f"code{len(self.challenges)}"
        self.challenges[code] = asked["code_challenge"][0]
        return f"?code={code}&state={asked['state'][0]}"

    def tokens(self, asked: dict[str, list[str]]) -> dict[str, object] | None:
        challenge = self.challenges.pop(asked["code"][0], None)
        digest = hashlib.sha256(asked["code_verifier"][0].encode()).digest()
        if challenge != base64.urlsafe_b64encode(digest).rstrip(b"=").decode():
            return None
        if asked["client_secret"] != [SECRET]:
            return None
        said = {**self.claims, "iss": self.url, "aud": self.audience, "exp": time.time() + 60}
        token = jwt.encode({**said, "iat": time.time()}, self.key, algorithm="RS256")
        return {"access_token": "access", "token_type": "Bearer", "id_token": token}


@contextmanager
def serving() -> Iterator[Issuer]:
    issuer = Issuer()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/.well-known/openid-configuration"):
                self._say(issuer.configuration())
            elif self.path == "/userinfo" and self.headers["Authorization"] == "Bearer access":
                self._say(issuer.claims)
            else:
                self._say({"error": "not found"}, 404)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            tokens = issuer.tokens(parse_qs(body))
            self._say(tokens or {"error": "invalid_grant"}, 200 if tokens else 400)

        def _say(self, what: object, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(what).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
