"""Forms that say what is wrong in the words of the pages.

What Django says ("Ensure this value is greater than or equal to 1.") becomes a sentence that names the field.
A form's own sentences stay as they are; its name stands before them where they are shown.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.translation import gettext_lazy as _

from mailwatch.printable import plain

_WHOLE_NUMBER = _("“%(field)s” takes a whole number.")
_ANY: Mapping[str, Any] = {
    "required": _("“%(field)s” is empty."),
    "invalid": _("“%(field)s” cannot be read as it is written."),
    "invalid_choice": _("“%(field)s” has no choice “%(value)s”."),
    "invalid_list": _("“%(field)s” has no such choice."),
    "invalid_pk_value": _("“%(field)s” has no such choice."),
    "min_value": _("“%(field)s” is too small: %(limit_value)s is the least."),
    "max_value": _("“%(field)s” is too large: %(limit_value)s is the most."),
    "max_length": _("“%(field)s” is too long: %(limit_value)s characters are the most."),
    "min_length": _("“%(field)s” is too short: %(limit_value)s characters are the least."),
    "null_characters_not_allowed": _("“%(field)s” is no text: it holds NUL characters."),
    "missing": _("“%(field)s” came without a file."),
    "empty": _("The file of “%(field)s” is empty."),
}
# those come from validators, which a field does not list
_OF_VALIDATORS = ("min_value", "max_value", "max_length", "min_length", "null_characters_not_allowed")
_CHECKED_WHOLE = (forms.EmailField, forms.GenericIPAddressField, forms.RegexField, forms.URLField)
_LONGEST = 60  # characters of what was typed, in an answer


class PlainForm(forms.Form):
    """A form whose errors are sentences of ours."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._plain: dict[str, dict[str, Any]] = {}

    def _clean_fields(self) -> None:
        for name, field in self.fields.items():
            self._plain[name] = dict(_ours(field))
            field.error_messages = {**field.error_messages, **self._plain[name]}
        super()._clean_fields()  # type: ignore[misc]

    def add_error(self, field: str | None, error: Any) -> None:
        """Fill in the name of the field, and numbers as they are written."""
        if field and field != NON_FIELD_ERRORS and isinstance(error, ValidationError):
            for one in error.error_list:
                if any(one.message is ours for ours in self._plain.get(field, {}).values()):
                    one.params = {**_written(one.params or {}), "field": self[field].label}
        super().add_error(field, error)


def _ours(field: forms.Field) -> Iterator[tuple[str, Any]]:
    """What we say where the field has nothing but Django's own sentence."""
    theirs: dict[str, Any] = {}
    for kind in reversed(type(field).__mro__):
        theirs.update(getattr(kind, "default_error_messages", {}))
    for code, sentence in _ANY.items():
        is_said = code in theirs or code in _OF_VALIDATORS
        is_said = is_said or (code == "invalid" and isinstance(field, _CHECKED_WHOLE))
        if is_said and field.error_messages.get(code) is theirs.get(code):
            is_number = code == "invalid" and isinstance(field, forms.IntegerField)
            yield code, _WHOLE_NUMBER if is_number else sentence


def _written(params: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers with their separators, what was typed cut and made harmless."""
    return {
        name: f"{value:,}" if type(value) is int else plain(str(value))[:_LONGEST]
        for name, value in params.items()
    }
