"""An upgrade: who was there keeps what they could, and what is shared is seen by those who may read all of it."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection

from ingest.models import LogHost
from mailwatch.access import granted_to, role_of
from mailwatch.models import Access, Role, SavedSearch, SharedReport

pytestmark = pytest.mark.django_db
EDITOR = SimpleNamespace(connection=connection)


def test_superusers_administer_and_others_are_the_helpdesk() -> None:
    User.objects.create_superuser("root")
    User.objects.create_user("helen")
    import_module("mailwatch.migrations.0007_access").keep_what_they_could(apps, EDITOR)
    assert Access.objects.count() == 2
    found = {user.username: (role_of(user), granted_to(user).is_all) for user in User.objects.all()}
    assert found == {"root": (Role.ADMINISTRATOR, True), "helen": (Role.HELPDESK, True)}


def test_what_is_shared_says_which_log_hosts_it_is_about() -> None:
    owner = User.objects.create_user("helen")
    one, two = (LogHost.objects.create(name=name) for name in ("mx1", "mx2"))
    for names in ("mx1", "mx1, mx2", "mx1, gone"):
        SharedReport.objects.create(
            kind="report", redaction="full", title=names, log_hosts=names, rules_version=1, snapshot={},
            frozen_at=one.created_at, expires_at=one.created_at,
        )  # fmt: skip
    for query in ("q=x&log_host=mx2", "q=x", "log_host=gone"):
        SavedSearch.objects.create(owner=owner, name=query, query=query, is_shared=True)
    import_module("mailwatch.migrations.0008_about_log_hosts").say_which(apps, EDITOR)
    reports = dict(SharedReport.objects.values_list("title", "log_host_ids"))
    assert reports == {"mx1": [one.pk], "mx1, mx2": [one.pk, two.pk], "mx1, gone": None}
    searches = dict(SavedSearch.objects.values_list("name", "log_host_ids"))
    assert searches == {"q=x&log_host=mx2": [two.pk], "q=x": None, "log_host=gone": None}
