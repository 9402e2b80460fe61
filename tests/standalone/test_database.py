"""The database of the tests is the real thing."""

import pytest
from django.db import connection


@pytest.mark.django_db
def test_the_tests_run_on_postgresql_18() -> None:
    connection.ensure_connection()
    assert connection.pg_version // 10000 == 18  # type: ignore[attr-defined]
