"""One account: an authenticated id, or a local user."""

from django.test import Client

from tests.web.conftest import Ingested
from tests.web.logs import DAY, SCRIPT, SENT


def test_the_page_tells_from_where_it_was_used(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    html = desk.get("/accounts/alice/").content.decode()
    assert 'href="/senders/198.51.100.7/"' in html
    assert SENT in html


def test_a_local_user_has_a_page_too(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    response = desk.get("/accounts/www-data/")
    assert SCRIPT in response.content.decode()
    assert response.context["found"].counts.bounced == 1


def test_failed_logins_show_from_where_they_came(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    html = desk.get("/accounts/admin@example.org/").content.decode()
    assert 'href="/senders/203.0.113.9/"' in html


def test_an_id_with_a_slash_is_an_id(desk: Client, ingested: Ingested) -> None:
    ingested([DAY[0].replace("A=login:alice", "A=login:dom/alice")])
    assert SENT in desk.get("/accounts/dom/alice/").content.decode()


def test_an_account_in_no_log_is_not_found(desk: Client, ingested: Ingested) -> None:
    ingested(DAY)
    assert desk.get("/accounts/nobody/").status_code == 404
    assert desk.get("/accounts/a%00b/").status_code == 404


def test_a_hostile_id_does_nothing(desk: Client, ingested: Ingested) -> None:
    ingested([DAY[0].replace("A=login:alice", "A=login:<script>x</script>")])
    html = desk.get("/accounts/%3Cscript%3Ex%3C/script%3E/").content.decode()
    assert "<script>x" not in html


def test_without_a_login_there_is_no_page(client: Client, db: None) -> None:
    assert client.get("/accounts/alice/").status_code == 302
