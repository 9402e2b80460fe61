"""What a form says against what was typed: sentences that name the field, whichever form it is."""

from collections.abc import Callable
from importlib import import_module
from inspect import getmembers, isclass
from pathlib import Path

import pytest
from django import forms
from django.contrib.auth.models import User
from django.test import Client
from django.utils.translation import gettext as catalogue

from mailwatch.plain_forms import PlainForm


class _Example(PlainForm):
    days = forms.IntegerField(min_value=1, max_value=10080, label="Days of 100%")
    name = forms.CharField(max_length=5, error_messages={"required": "Say 5% of it."})
    kind = forms.ChoiceField(choices=[("a", "a")], label="Kind")
    address = forms.GenericIPAddressField(label="Address")


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("days", "0", "“Days of 100%” is too small: 1 is the least."),
        ("days", "20000", "“Days of 100%” is too large: 10,080 is the most."),
        ("days", "many", "“Days of 100%” takes a whole number."),
        ("days", "", "“Days of 100%” is empty."),
        ("name", "postmaster", "“Name” is too long: 5 characters are the most."),
        ("name", "", "Say 5% of it."),
        ("name", "a\0b", "“Name” is no text: it holds NUL characters."),
        ("kind", "z", "“Kind” has no choice “z”."),
        ("address", "1.2", "“Address” cannot be read as it is written."),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence_that_names_the_field(field: str, typed: str, said: str) -> None:
    assert _Example({field: typed}).errors[field] == [said]


def test_every_form_is_a_plain_one() -> None:
    modules = [import_module(f"mailwatch.{path.stem}") for path in Path("mailwatch").glob("*forms.py")]
    ours = [
        form
        for module in modules
        for _, form in getmembers(module, isclass)
        if issubclass(form, forms.BaseForm) and form.__module__.startswith("mailwatch")
    ]
    assert ours
    assert [form.__name__ for form in ours if not issubclass(form, PlainForm)] == []


def test_a_page_names_the_field_once_and_the_field_points_at_what_is_wrong(
    admin: User, client_of: Callable[[User], Client]
) -> None:
    page = (
        client_of(admin)
        .post("/sources/", {"every_minutes": "0", "url": "", "log_host": "mx1"})
        .content.decode()
    )
    assert "“Minutes between two passes” is too small: 1 is the least." in page
    assert "Minutes between two passes: “" not in page
    assert "Address: Say where the directory is." in page
    assert 'aria-describedby="id_every_minutes_error"' in page
    assert 'id="id_every_minutes_error"' in page
    assert catalogue("This field is required.") not in page
