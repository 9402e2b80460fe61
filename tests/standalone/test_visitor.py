"""The demo's visitor goes the way of a browser."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from pytest_django.live_server_helper import LiveServer

from mailwatch.standalone.visitor import Refused, Visitor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def visitor(live_server: LiveServer) -> Visitor:
    User.objects.create_superuser("admin", password="right")
    return Visitor(live_server.url)


def test_it_signs_in_through_the_form(visitor: Visitor) -> None:
    visitor.sign_in("admin", "right")
    assert visitor.json("/relays/?format=json")["verdict"]["summary"]


def test_a_changed_password_is_told_in_one_sentence(visitor: Visitor) -> None:
    with pytest.raises(Refused, match="refuse admin's password: it was changed"):
        visitor.sign_in("admin", "wrong")


def test_files_that_are_no_logs_are_told_in_one_sentence(visitor: Visitor, tmp_path: Path) -> None:
    visitor.sign_in("admin", "right")
    (tmp_path / "empty").touch()
    with pytest.raises(Refused, match=r"/uploads/ answers 422"):
        visitor.upload([tmp_path / "empty"], log_host="srv1", timezone="UTC")
