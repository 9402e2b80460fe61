"""Who may call the JSON API, and what they read there."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.timezone import now
from pytest_django.fixtures import Settings

from ingest import granted
from ingest.models import LogHost
from mailwatch.models import Access, ApiToken, Role, Scope, TrailEntry, WrongGuess, digest_of
from mailwatch.operations import api_tokens, revealing
from tests.web.api import Program, expire, token_of
from tests.web.conftest import Ingested, somebody
from tests.web.organisations import Organisation, Words, found_organisation
from tests.web.test_access_log_hosts import FIRST, NOBODYS, SECOND, grant, leaked, rows

pytestmark = pytest.mark.django_db

CALLS = {
    "/api/v1/search": Scope.SEARCH,
    "/api/v1/messages/srv1/1adXzZ-0007sb-Pz": Scope.TIMELINE,
    "/api/v1/senders/129.137.152.170": Scope.SENDER,
    "/api/v1/relays": Scope.RELAYS,
    "/api/v1/runs": Scope.RUNS,
}


def plain(response: Any) -> tuple[int, str, dict[str, str]]:
    """The whole answer."""
    return response.status_code, response.text, dict(response.headers)


# ---- the token


def test_a_token_has_160_bits_and_a_checksum_and_only_its_digest_is_kept(reader: User) -> None:
    token, text = token_of(reader)
    assert text.startswith("mw_") and len(text) == 36 and text.isascii()
    assert api_tokens.is_token(text)
    broken = text[:10] + ("a" if text[10] != "a" else "b") + text[11:]
    assert not api_tokens.is_token(broken)
    assert token.token_digest == digest_of(text)
    kept = [str(value) for value in ApiToken.objects.values_list().get()]
    assert not any(text in value or text[:12] in value for value in kept)
    assert len({api_tokens.new_token() for _ in range(500)}) == 500


@pytest.mark.parametrize("text", ["", "mw_", "mw_é" + "x" * 32, "x" * 36, "mw_" + "0" * 33, "mw_" + "!" * 33])
def test_a_text_that_is_no_token_is_told_from_one(text: str) -> None:
    assert not api_tokens.is_token(text)


def test_a_token_holds_for_its_own_parts_and_no_other(reader: User, seed: LogHost) -> None:
    for scope in Scope:
        program = Program(token_of(reader, scopes=[scope])[1])
        for path, needed in CALLS.items():
            response = program.ask(path)
            assert response.status_code == (200 if needed == scope else 403), (path, scope)
            if needed != scope:
                assert f'error="insufficient_scope", scope="{needed}"' in response["WWW-Authenticate"]
                assert "srv1" not in response.text
        assert program.ask("/api/v1/openapi.json").status_code == 200


@pytest.mark.parametrize("role", Role.values)
def test_each_role_may_call(role: str, seed: LogHost) -> None:
    program = Program(token_of(somebody("somebody", Role(role)))[1])
    assert {program.ask(path).status_code for path in CALLS} == {200}


def test_wrong_expired_revoked_and_of_somebody_switched_off_is_one_answer(
    reader: User, seed: LogHost
) -> None:
    expired, revoked, off = (token_of(reader) for _ in range(3))
    expire(expired[0])
    assert api_tokens.revoke(revoked[0], by=reader, at=now())
    gone = somebody("gone", Role.POSTMASTER)
    off = token_of(gone)
    gone.is_active = False
    gone.save()
    texts = [expired[1], revoked[1], off[1], api_tokens.new_token(), "mw_x", "%00", "x" * 5000]
    for path in (*CALLS, "/api/v1/openapi.json"):
        WrongGuess.objects.all().delete()
        answers = [plain(Program(text).ask(path)) for text in texts]
        assert all(answer == answers[0] for answer in answers), path
        status, body, headers = answers[0]
        assert status == 401 and headers["WWW-Authenticate"] == 'Bearer realm="Mailwatch"'
        assert (
            headers["Content-Type"] == "application/problem+json" and headers["Cache-Control"] == "no-store"
        )
        assert plain(Client().get(path)) == answers[0]
        assert "srv1" not in body


def test_what_is_no_bearer_token_is_no_guess(reader: User) -> None:
    text = token_of(reader)[1]
    for header in (
        {},
        {"Authorization": f"Basic {text}"},
        {"Authorization": "Bearer"},
        {"Authorization": text},
    ):
        assert Client().get("/api/v1/runs", headers=header).status_code == 401
    assert Client().get(f"/api/v1/runs?token={text}").status_code == 401
    assert Client().get("/api/v1/runs", headers={"Authorization": f"bearer  {text} "}).status_code == 200
    assert not WrongGuess.objects.exists()


def test_neither_a_session_nor_a_cookie_is_a_token(admin: User, seed: LogHost) -> None:
    client = Client()
    client.force_login(admin)
    for path in CALLS:
        assert client.get(path).status_code == 401
    response = Program(token_of(admin)[1]).ask("/api/v1/runs")
    assert response.status_code == 200 and not response.cookies
    assert "Cookie" not in response.get("Vary", "")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_the_api_only_reads(reader: User, seed: LogHost, method: str) -> None:
    program = Program(token_of(reader)[1])
    before = {model: found for model, found in rows().items() if model != "ApiToken"}
    for path in (*CALLS, "/api/v1/openapi.json"):
        response = program.ask(path, method)
        assert response.status_code == 405 and response["Allow"] == "GET, HEAD", path
        assert response["Content-Type"] == "application/problem+json"
    assert {model: found for model, found in rows().items() if model != "ApiToken"} == before
    assert program.ask("/api/v1/runs", "head").status_code == 200


def test_a_token_opens_no_page(admin: User, seed: LogHost) -> None:
    program = Program(token_of(admin)[1])
    for path in ("/", "/search/", "/relays/", "/users/", "/tokens/", "/api/"):
        response = program.ask(path)
        assert response.status_code == 302 and response["Location"].startswith("/login/"), path


# ---- its owner, at the time of the call


def test_a_token_reads_what_its_owner_may_read_when_it_calls(ingested: Ingested, words: Any) -> None:
    first, second = found_organisation(words[0], ingested), found_organisation(words[1], ingested)
    owner = somebody("petra", Role.POSTMASTER)
    all_of_hers, one = (Program(token_of(owner, *hosts)[1]) for hosts in ((), (second.log_host,)))
    assert leaked(all_of_hers.ask("/api/v1/search").text, words[1])
    assert leaked(one.ask("/api/v1/search").text, words[1])
    assert not leaked(one.ask("/api/v1/search").text, words[0])
    grant(owner, first.log_host)
    for program in (all_of_hers, one):
        for path in calls_of(second):
            assert not leaked(program.ask(path).text, words[1], path), path
    assert leaked(all_of_hers.ask("/api/v1/search").text, words[0])
    assert one.ask("/api/v1/search").json()["rows"] == []
    Access.objects.filter(user=owner).delete()
    assert all_of_hers.ask("/api/v1/search").json()["rows"] == []
    assert all_of_hers.ask("/api/v1/relays").json()["verdict"] is None


def test_whose_role_came_down_reads_on_and_who_is_switched_off_does_not(seed: LogHost) -> None:
    owner = somebody("petra", Role.ADMINISTRATOR)
    program = Program(token_of(owner)[1])
    Access.objects.filter(user=owner).update(role=Role.READER)
    assert {program.ask(path).status_code for path in CALLS} == {200}
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert {program.ask(path).status_code for path in CALLS} == {401}


def test_who_must_have_a_second_factor_has_it_before_their_token_reads(
    reader: User, seed: LogHost, settings: Settings
) -> None:
    program = Program(token_of(reader)[1])
    settings.MAILWATCH_SECOND_FACTOR = ["reader"]
    response = program.ask("/api/v1/runs")
    assert response.status_code == 403 and "second factor" in response.json()["detail"]
    assert "srv1" not in response.text


# ---- two organisations


@pytest.fixture
def words() -> tuple[Words, Words]:
    return Words(FIRST.beginning, FIRST.network), Words(SECOND.beginning, SECOND.network)


def calls_of(of: Organisation) -> Iterator[str]:
    """Every call about an organisation."""
    w, host = of.words, of.log_host.name
    asked = [
        w.address(77), f"{w.network}.0/24", w.message_id(1), f"{w['alice']}@{w['home']}.example",
        f"@{w['remote']}.example", w["account"], w["subject"], w["answer"], f"{w['alice']}@", w["bot"],
    ]  # fmt: skip
    yield from (f"/api/v1/search?q={one}" for one in asked)
    yield from (f"/api/v1/search?q={one}&count=1&limit=3" for one in asked[:5])
    yield f"/api/v1/search?q={w['subject']}&kind=text"
    yield f"/api/v1/search?log_host={host}"
    yield from (f"/api/v1/messages/{host}/{w.message_id(number)}" for number in (1, 2, 3, 20))
    yield from (f"/api/v1/senders/{w.address(number)}" for number in (7, 66, 77))
    yield f"/api/v1/senders/{w.address(77)}?log_host={host}"
    yield from (f"/api/v1/relays?{more}" for more in (f"log_host={host}", f"log_host={host}&severity=info"))
    yield f"/api/v1/runs/{of.args['run_id']}"


CALLS_OF_ALL = (
    "/api/v1/search", "/api/v1/search?limit=7&count=1", "/api/v1/search?status=rejected",
    "/api/v1/search?q=x.y&kind=text",
    "/api/v1/search?q=.&kind=pattern", "/api/v1/search?direction=relay", "/api/v1/relays", "/api/v1/search?range=day",
    "/api/v1/relays?severity=info&limit=1", "/api/v1/relays?range=day", "/api/v1/runs", "/api/v1/openapi.json",
)  # fmt: skip


def test_another_organisation_changes_no_byte_of_any_answer(
    ingested: Ingested, words: tuple[Words, Words]
) -> None:
    first = found_organisation(words[0], ingested)
    owner = somebody("petra", Role.POSTMASTER)
    programs = {"all": Program(token_of(owner)[1]), "one": Program(token_of(owner, first.log_host)[1])}
    paths = [*calls_of(first), *CALLS_OF_ALL]
    alone = {(name, path): plain(one.ask(path)) for path in paths for name, one in programs.items()}
    assert sum(bool(leaked(answer[1], words[0], path)) for (_, path), answer in alone.items()) > 30

    found_organisation(words[1], ingested)
    ApiToken.objects.update(calls=0)
    seen = "".join(programs["all"].ask(path).text for path in CALLS_OF_ALL)
    assert len(leaked(seen, words[1])) > 10
    grant(owner, first.log_host)
    for (name, path), before in alone.items():
        after = plain(programs[name].ask(path))
        assert after == before, path
        assert not leaked(str(after), words[1]), path


def test_what_was_not_granted_is_answered_as_what_does_not_exist(
    ingested: Ingested, words: tuple[Words, Words]
) -> None:
    first, second = found_organisation(words[0], ingested), found_organisation(words[1], ingested)
    program = Program(token_of(somebody("petra", Role.POSTMASTER, first.log_host))[1])
    for path in calls_of(second):
        other = path.replace(SECOND.beginning, NOBODYS.beginning).replace(SECOND.network, NOBODYS.network)
        other = other.replace(f"/runs/{second.args['run_id']}", "/runs/900001")
        answers = [plain(program.ask(one)) for one in (path, other)]
        assert not leaked(str(answers[0]), words[1], path), path
        told = [
            (
                status,
                text.replace(SECOND.beginning, NOBODYS.beginning).replace(SECOND.network, NOBODYS.network),
            )
            for status, text, _ in answers
        ]
        assert told[0] == told[1], path


# ---- how often


def test_a_token_calls_so_often_in_a_minute(reader: User, settings: Settings, db: None) -> None:
    settings.MAILWATCH_API_PER_MINUTE = 5
    token, text = token_of(reader)
    program, other = Program(text), Program(token_of(reader)[1])
    ApiToken.objects.update(minute=now().replace(second=0, microsecond=0), calls=0)
    told = [program.ask("/api/v1/runs").status_code for _ in range(7)]
    if told != [200] * 5 + [429] * 2:  # a minute ended on the way
        told = [program.ask("/api/v1/runs").status_code for _ in range(7)]
    assert told == [200] * 5 + [429] * 2
    response = program.ask("/api/v1/runs")
    assert 1 <= int(response["Retry-After"]) <= 60
    assert response["Content-Type"] == "application/problem+json"
    assert other.ask("/api/v1/runs").status_code == 200
    ApiToken.objects.filter(pk=token.pk).update(minute=now() - timedelta(minutes=1))
    assert program.ask("/api/v1/runs").status_code == 200


def test_thousands_of_wrong_tokens_are_not_looked_at(reader: User, desk: Client) -> None:
    good = Program(token_of(reader)[1])
    told = [Program(api_tokens.new_token()).ask("/api/v1/runs").status_code for _ in range(2000)]
    most = revealing.MOST_GUESSES
    assert told == [401] * most + [429] * (2000 - most)
    assert WrongGuess.objects.count() == most
    response = good.ask("/api/v1/runs")  # nor what is right, from there, for a while
    assert response.status_code == 429 and int(response["Retry-After"]) == 600
    assert (
        Client(REMOTE_ADDR=good.address).get(f"/shared/{'x' * 43}/").status_code == 429
    )  # one counter for both
    assert Program(good.token, "192.0.2.8").ask("/api/v1/runs").status_code == 200
    WrongGuess.objects.update(guessed_at=now() - timedelta(minutes=11))
    assert good.ask("/api/v1/runs").status_code == 200


def test_where_and_when_a_token_was_used_is_kept_coarsely(reader: User, db: None) -> None:
    token, text = token_of(reader)
    Program(text, "192.0.2.77").ask("/api/v1/runs")
    token.refresh_from_db()
    assert (token.last_network, token.last_prefix) == ("192.0.2.0", 24)
    assert token.last_used_at is not None and token.last_used_at.minute == 0
    Program(text, "2001:db8:1:2::3").ask("/api/v1/runs")
    token.refresh_from_db()
    assert (token.last_network, token.last_prefix) == ("2001:db8:1::", 48)


def test_a_call_stands_in_the_trail_of_its_owner_with_the_name_of_the_token(
    reader: User, seed: LogHost
) -> None:
    program = Program(token_of(reader)[1])
    program.ask("/api/v1/search?q=anna@example.org&status=bounced&limit=7")
    program.ask("/api/v1/messages/srv1/1adXzZ-0007sb-Pz")
    Program(token_of(reader, scopes=[Scope.RUNS])[1]).ask("/api/v1/relays")
    Program(api_tokens.new_token()).ask("/api/v1/relays")
    with granted.everything():
        told = list(
            TrailEntry.objects.order_by("pk").values_list("username", "page", "outcome", "subject", "details")
        )
    assert told == [
        (
            "rita",
            "api_search",
            "done",
            "anna@example.org",
            {"status": "bounced", "limit": "7", "token": "nightly"},
        ),
        ("rita", "api_message", "done", "srv1 1adXzZ-0007sb-Pz", {"token": "nightly"}),
        ("rita", "api_relays", "refused", "", {"token": "nightly"}),
    ]
