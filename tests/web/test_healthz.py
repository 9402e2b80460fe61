import json
from pathlib import Path
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection
from django.test import Client
from pytest_django.fixtures import Settings


@pytest.mark.django_db
def test_it_answers_without_login_while_the_database_does() -> None:
    response = Client().get("/healthz")
    assert response.status_code == 200
    assert response.json() == {"database": "ok"}


@pytest.mark.django_db
def test_it_is_never_taken_from_a_cache() -> None:
    assert "no-store" in Client().get("/healthz")["Cache-Control"]


@pytest.mark.django_db
def test_it_says_503_when_the_database_does_not_answer() -> None:
    with patch.object(connection, "cursor", side_effect=OperationalError("gone")):
        response = Client().get("/healthz")
    assert response.status_code == 503
    assert response.json() == {"database": "unreachable"}


@pytest.mark.django_db
def test_it_takes_no_post() -> None:
    assert Client().post("/healthz").status_code == 405


@pytest.mark.django_db
def test_it_says_what_the_supervisor_starts_again_and_again(tmp_path: Path, settings: Settings) -> None:
    settings.MAILWATCH_HOME = tmp_path
    sentence = "worker ended 3 times in a row soon after its start."
    (tmp_path / "supervisor.json").write_text(json.dumps({"url": "http://localhost", "unsteady": [sentence]}))
    assert Client().get("/healthz").json() == {"database": "ok", "restarts": [sentence]}
