"""Programs that ask with a token."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.utils.timezone import now
from jsonschema import Draft202012Validator

from ingest.models import LogHost
from mailwatch.models import ApiToken, Scope
from mailwatch.operations import api_tokens
from mailwatch.operations.api_tokens import Wanted
from mailwatch.views.api.description import description

ALL = tuple(Scope)


def token_of(owner: User, *log_hosts: LogHost, scopes: Any = ALL, days: int = 90) -> tuple[ApiToken, str]:
    """For the log hosts named, or all of the owner where none is."""
    wanted = Wanted(
        name="nightly", scopes=scopes, days=days, has_all_log_hosts=not log_hosts, log_hosts=log_hosts
    )
    return api_tokens.make(owner=owner, wanted=wanted, at=now())


def expire(token: ApiToken) -> None:
    ApiToken.objects.filter(pk=token.pk).update(expires_at=now() - timedelta(seconds=1))


@dataclass(frozen=True, slots=True)
class Program:
    """Something that calls with a token."""

    token: str
    address: str = "192.0.2.7"

    def ask(self, path: str, method: str = "get", **headers: str) -> Any:
        client = Client(REMOTE_ADDR=self.address)
        return getattr(client, method)(path, headers={"Authorization": f"Bearer {self.token}", **headers})

    def read(self, path: str, of: str) -> Any:
        """The answer, which must be as the description says."""
        response = self.ask(path)
        assert response.status_code == 200, response.text
        assert response["Content-Type"] == "application/json"
        return checked(response.text, of)


def checked(text: str, of: str) -> Any:
    """A document of the API, if it is what the schema of that name says."""
    document = json.loads(text)
    whole = description()
    schema = {"$ref": f"#/components/schemas/{of}", "components": whole["components"]}
    Draft202012Validator(schema).validate(document)
    return document
