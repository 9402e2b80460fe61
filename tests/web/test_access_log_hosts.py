"""Whoever was granted some log hosts sees what they would see if there were no others."""

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote
from uuid import UUID

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import reverse

from ingest import granted
from ingest.models import LogHost, Message
from ingest.models.granting import GrantedManager
from mailwatch.models import Access, Role, SavedSearch, SharedReport
from mailwatch.models.granting import AboutLogHostsManager
from tests.web.conftest import Ingested, somebody
from tests.web.logs import DAY
from tests.web.organisations import Organisation, Words, found_organisation, questions, questions_of_all
from tests.web.test_access import patterns

pytestmark = pytest.mark.django_db

_TOKEN = re.compile(r'(csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+')
# Rows about no log host; or seen by their owner alone (uploads, tokens), by nobody (guesses of
# links), by nobody else (how one is alerted), or by administrators who may read all that they grant (invitations).
_OF_NOBODY = {
    "AbuseContact", "Access", "AlertChoice", "ApiToken", "Invitation", "Preferences", "SharingStop", "Upload",
    "UploadPiece", "WrongGuess",
}  # fmt: skip
# What it does when it is walked: signs out; the rest goes by a token or needs another method, or asks first
# who it is. The trail tells of the walk itself: test_trail.
_NOT_WALKED = {"logout", "shared", "words", "invitation", "mfa_remove_webauthn", "trail"}
_CURSOR = re.compile(r"\bW[A-Za-z0-9_-]{11,}")  # of a list in JSON
_PARTIAL = {"HX-Request": "true"}


def test_every_table_with_log_hosts_asks_what_may_be_read() -> None:
    for model in apps.get_models():
        if model._meta.app_label not in ("ingest", "mailwatch") or model.__name__ in _OF_NOBODY:
            continue
        manager = model._default_manager
        assert isinstance(manager, GrantedManager | AboutLogHostsManager), model
        assert set(model._meta.managers) == {manager}, model
        if isinstance(manager, GrantedManager):
            with granted.only(granted.Granted(frozenset({5}))):
                assert "5" in str(manager.all().query), model


def test_where_nobody_said_what_may_be_read_nothing_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the web server outside a request: not everything, but an error."""
    monkeypatch.setattr(granted, "_process", [])
    with pytest.raises(granted.NotSaid):
        LogHost.objects.count()


def test_a_page_for_strangers_reads_no_log_host(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[granted.Granted] = []
    monkeypatch.setattr("mailwatch.queries.shared.open_report", lambda *_, **__: said.append(granted.here()))
    client.get(f"/shared/{'x' * 43}/")
    assert said == [granted.NOTHING]


def test_all_log_hosts_add_nothing_to_a_query_and_one_adds_what_the_indexes_begin_with() -> None:
    with granted.everything():
        assert "WHERE" not in str(Message.objects.all().query)
    with granted.only(granted.Granted(frozenset({5}))):
        assert str(Message.objects.all().query).endswith('WHERE "ingest_message"."log_host_id" = 5')
    with granted.only(granted.Granted(frozenset({8, 5}))):
        assert str(Message.objects.all().query).endswith('WHERE "ingest_message"."log_host_id" IN (5, 8)')


# ---- two organisations


FIRST, SECOND = Words("fqa", "198.18.7"), Words("zqw", "198.19.8")
NOBODYS = Words("xjv", "198.18.99")


@pytest.fixture
def words() -> tuple[Words, Words]:
    return Words(FIRST.beginning, FIRST.network), Words(SECOND.beginning, SECOND.network)


def addresses(of: Organisation) -> Iterator[str]:
    """Every address of the pages about an organisation."""
    for pattern in patterns():
        name = str(pattern.name)
        if name not in _NOT_WALKED:
            yield reverse(name, args=[of.args[one] for one in pattern.pattern.converters])
    yield from questions(of.words, of.log_host.name)
    yield from questions_of_all(of.log_host.name)


def text_of(response: HttpResponseBase) -> str:
    """The whole answer, headers included, without what is different each time."""
    body = b"".join(response)
    kept = {
        name: value for name, value in response.headers.items() if name not in ("Content-Length", "Expires")
    }
    return f"{response.status_code} {kept}\n{_TOKEN.sub('', body.decode())}"


def asked(client: Client, path: str) -> list[str]:
    """The answer, as a page and as the part that a script asks for."""
    return [text_of(client.get(path)), text_of(client.get(path, headers=_PARTIAL))]


def grant(user: User, *log_hosts: LogHost) -> None:
    """These and no others; all where none is named."""
    Access.objects.filter(user=user).update(has_all_log_hosts=not log_hosts)
    user.access.log_hosts.set(log_hosts)


def opened(cursor: re.Match[str]) -> str:
    """What a cursor says: its letters spell words by chance."""
    text = cursor[0]
    try:
        return str(json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
    except ValueError:
        return text


def leaked(text: str, words: Words, request: str = "") -> list[str]:
    """Words of an organisation in an answer, but for those that the request itself brought."""
    text, request = _CURSOR.sub(opened, text).lower(), unquote(request).lower()
    return sorted(word for word in words.all() if word in text and word not in request)


def rows() -> dict[str, list[str]]:
    """Every row there is, to see that none was changed; but for what is kept of what was read, and of who read it."""
    names = [model for model in apps.get_models() if model._meta.app_label in ("ingest", "mailwatch")]
    return {
        model.__name__: sorted(map(repr, model._base_manager.values_list()))
        for model in names
        if model.__name__ not in ("KeptReading", "JudgedRange", "TrailEntry")
    }


def test_another_organisation_changes_no_byte_of_any_answer(
    ingested: Ingested, client_of: Callable[[User], Client], words: tuple[Words, Words]
) -> None:
    first = found_organisation(words[0], ingested)
    user = somebody("petra", Role.POSTMASTER)
    alone = {path: asked(client_of(user), path) for path in addresses(first)}
    alone |= {path: asked(client_of(user), path) for path in questions_of_all("")}
    assert sum(bool(leaked(answer[0], words[0], path)) for path, answer in alone.items()) > 60

    found_organisation(words[1], ingested)
    seen = "".join(asked(client_of(user), path)[0] for path in questions_of_all(""))
    assert len(leaked(seen, words[1])) > 10  # whoever may read all does; what that left in memory is for them
    grant(user, first.log_host)
    for path, before in alone.items():
        after = asked(client_of(user), path)
        assert after == before, path
        assert not leaked("".join(after), words[1]), path


def _as_nobodys(text: str, ids: dict[str, str]) -> str:
    """The same with names and numbers of nobody."""
    text = text.replace(SECOND.beginning, NOBODYS.beginning).replace(SECOND.network, NOBODYS.network)
    for mine, nobodys in ids.items():
        text = text.replace(mine, nobodys)
    return text


def test_what_was_not_granted_is_answered_as_what_does_not_exist(
    ingested: Ingested, client_of: Callable[[User], Client], words: tuple[Words, Words]
) -> None:
    first, second = found_organisation(words[0], ingested), found_organisation(words[1], ingested)
    user = somebody("petra", Role.POSTMASTER, first.log_host)
    nobodys = Organisation(
        words=Words(NOBODYS.beginning, NOBODYS.network, dict(words[1].made)), log_host=second.log_host,
        args={
            name: 900_000 + of if isinstance(of, int) else UUID(int=7) if isinstance(of, UUID) else of
            for name, of in second.args.items()
        },
    )  # fmt: skip
    before = rows()
    ids = {str(second.args[name]): str(nobodys.args[name]) for name in second.args if "_id" in name}
    ids = {mine: other for mine, other in ids.items() if not mine.isdigit()}
    for mine, other in zip(addresses(second), addresses(nobodys), strict=True):
        other = _as_nobodys(other, ids)
        for method in ("get", "post"):
            if mine.startswith(("/users/", "/theme/")):
                continue
            answers = [
                text_of(getattr(client_of(user), method)(path, headers=headers))
                for path in (mine, other)
                for headers in ({}, _PARTIAL)
            ]
            assert not leaked("".join(answers[:2]), words[1], mine), (method, mine)
            told = [_without_numbers(_as_nobodys(answer, ids)) for answer in answers]
            assert told[:2] == told[2:], (method, mine, other)
    assert rows() == before


def _without_numbers(text: str) -> str:
    """Without the ids of rows in addresses: those that are asked for differ."""
    return re.sub(r"/(9\d{5}|\d+)/", "/", text)


def test_users_of_another_organisation_are_not_seen_by_its_administrator(
    ingested: Ingested, client_of: Callable[[User], Client], words: tuple[Words, Words]
) -> None:
    found_organisation(words[0], ingested)
    second = found_organisation(words[1], ingested)
    chief = client_of(User.objects.get(username=words[0]["owner"]))
    html = chief.get("/users/").text
    assert words[0]["owner"] in html and words[0]["loghost"] in html
    assert not leaked(html, words[1])
    for path in ("", "active/", "password/"):
        response = chief.post(f"/users/{second.args['user_id']}/{path}")
        assert response.status_code == 404
        assert not leaked(response.text, words[1])


def test_nothing_is_handed_in_for_what_was_not_granted(
    ingested: Ingested, client_of: Callable[[User], Client], words: tuple[Words, Words]
) -> None:
    first, second = found_organisation(words[0], ingested), found_organisation(words[1], ingested)
    client = client_of(somebody("petra", Role.POSTMASTER, first.log_host))
    before = rows()
    announced = {"name": "mainlog", "size": "5", "fingerprint": "f" * 64, "timezone": ""}
    source = {"url": "file:///var/log/exim4", "patterns": "*", "every_minutes": "5"}
    for name in (second.log_host.name, NOBODYS["loghost"]):
        answers = [
            client.post("/uploads/begin/", announced | {"log_host": name}),
            client.post("/sources/", source | {"log_host": name}),
            client.post("/configuration/", {"text": "a = b", "log_host": name}),
            client.post("/share/", {"kind": "report", "log_host": name, "days": "7", "redaction": "full"}),
        ]
        assert {response.status_code for response in answers} <= {400, 422}, answers
        assert not any(leaked(response.text, words[1], name) for response in answers)
    assert rows() == before


def test_what_is_about_several_log_hosts_is_for_who_may_read_all_of_them(helpdesk: User) -> None:
    one, two = LogHost.objects.create(name="one"), LogHost.objects.create(name="two")
    for name, ids in (("one", [one.pk]), ("both", [one.pk, two.pk]), ("all", None), ("none", [])):
        SavedSearch.objects.create(owner=helpdesk, name=name, is_shared=True, log_host_ids=ids)
        SharedReport.objects.create(
            kind="report", redaction="full", title=name, log_hosts="", log_host_ids=ids, rules_version=1,
            snapshot={}, frozen_at=one.created_at, expires_at=one.created_at,
        )  # fmt: skip
    for granted_ids, names in (({one.pk}, {"one"}), ({one.pk, two.pk}, {"one", "both"}), (set(), set())):
        with granted.only(granted.Granted(frozenset(granted_ids))):
            assert set(SavedSearch.objects.values_list("name", flat=True)) == names
            assert set(SharedReport.objects.values_list("title", flat=True)) == names


_UNBOUND = re.compile(
    r"granted\.everything\(\)|(granted\.|import )EVERYTHING|_base_manager|everything_in_this_process"
)
_MAY = {
    "mailwatch/access.py",  # who was granted all
    "mailwatch/celery.py",  # tasks are for nobody in particular
    "mailwatch/log_host_choice.py",  # the empty choice of a form that nobody has asked for yet
    "mailwatch/operations/invitations.py",  # whoever has the link gets what was granted
    "mailwatch/operations/revealing.py",  # whoever has the link is counted
    "mailwatch/operations/sharing.py",  # what has ended is emptied
    "mailwatch/queries/shared.py",  # whoever has the link
    "mailwatch/token_forms.py",  # as log_host_choice
    "mailwatch/user_forms.py",  # as log_host_choice
}


def test_who_looks_beyond_what_was_granted_is_known() -> None:
    root = Path(__file__).parents[2]
    found = [path for path in (root / "mailwatch").rglob("*.py") if _UNBOUND.search(path.read_text())]
    assert {str(path.relative_to(root)) for path in found} == _MAY


def test_the_web_server_starts_where_nobody_said_what_may_be_read() -> None:
    """No form, table or page asks for log hosts while it is imported."""
    code = (
        "import mailwatch.wsgi, django.urls; django.urls.get_resolver().url_patterns;"
        "from ingest import granted; assert granted._process == []"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("ids", [{1}, {1, 2}])
def test_indexes_that_begin_with_the_log_host_serve_whoever_may_read_some(
    ingested: Ingested, ids: set[int]
) -> None:
    """Even where a query names no log host."""
    ingested(DAY)
    with granted.only(granted.Granted(frozenset(ids))), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = Message.objects.filter(message_id__gte="1vwz8C", message_id__lt="1vwz8D").explain()
    assert "Index Cond: ((log_host_id = " in plan, plan


@pytest.mark.parametrize("words", [("search", "zqw"), ("sender", "198.19.8.77"), ("relays",)])
def test_a_command_reads_what_a_user_may_who_is_named(
    ingested: Ingested, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    first = found_organisation(Words(FIRST.beginning, FIRST.network), ingested)
    second = Words(SECOND.beginning, SECOND.network)
    found_organisation(second, ingested)
    somebody("petra", Role.READER, first.log_host)
    call_command(*words)
    assert leaked(capsys.readouterr().out, second)
    call_command(*words, "--as", "petra")
    assert not leaked(capsys.readouterr().out, second, " ".join(words))


def test_a_command_for_a_user_who_is_not_there_or_may_not_sign_in(db: None) -> None:
    User.objects.create_superuser("gone", is_active=False)
    for name in ("gone", "nobody"):
        with pytest.raises(CommandError, match=f"There is no user named {name} who may sign in."):
            call_command("relays", "--as", name)
