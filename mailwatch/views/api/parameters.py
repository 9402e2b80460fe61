"""What the API is asked: the fields of the pages' forms, by the same names."""

from http import HTTPStatus
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from mailwatch.forms import ContextForm, RelaysForm
from mailwatch.plain_forms import PlainForm
from mailwatch.search_forms import SearchForm
from mailwatch.views.api.answers import Problem, Wrong

MOST = 200  # rows of one answer
_USUAL = 50


class LimitField(forms.IntegerField):
    """Rows of one answer."""

    def __init__(self) -> None:
        super().__init__(required=False, min_value=1, max_value=MOST, label="limit")

    def clean(self, value: Any) -> int:
        found = super().clean(value)
        return _USUAL if found is None else int(found)


def _place() -> forms.IntegerField:
    return forms.IntegerField(required=False, min_value=0, max_value=10**6)


def _cursor() -> forms.CharField:
    return forms.CharField(required=False, max_length=4000)


class SearchParameters(SearchForm):
    limit = LimitField()
    count = forms.ChoiceField(
        required=False,
        choices=[("", "where that is quick"), ("1", "however long it takes")],
        error_messages={"invalid_choice": gettext_lazy("“%(field)s” has no choice “%(value)s”.")},
    )


class TimelineParameters(PlainForm):
    limit = LimitField()
    lines_after = _place()
    recipients_after = _place()


class SenderParameters(ContextForm):
    pass


class RelaysParameters(RelaysForm):
    compared = None  # type: ignore[assignment]  # a comparison is for the page
    limit = LimitField()
    after = _cursor()


class RunsParameters(PlainForm):
    limit = LimitField()
    after = _cursor()


class NoParameters(PlainForm):
    """Of calls that take none."""


def read[Form: PlainForm](kind: type[Form], request: HttpRequest) -> Form:
    """The parameters of a call, checked. One that is not known, or comes twice, is an error. Raises Problem."""
    form = kind(request.GET)
    wrong = [
        Wrong(_cut(name), "There is no such parameter.") for name in request.GET if name not in form.fields
    ]
    twice = [Wrong(name, "Once at most.") for name in form.fields if len(request.GET.getlist(name)) > 1]
    form.full_clean()
    told = [
        Wrong("" if name == NON_FIELD_ERRORS else name, str(message))
        for name, messages in form.errors.items()
        for message in messages
    ]
    if wrong or twice or told:
        raise refused(*wrong[:20], *twice, *told)
    return form


def refused(*wrong: Wrong) -> Problem:
    return Problem(
        HTTPStatus.BAD_REQUEST, "; ".join(f"{one.parameter}: {one.detail}" for one in wrong), wrong=wrong
    )


def _cut(name: str) -> str:
    return name[:60]
