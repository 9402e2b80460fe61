"""The field in which somebody chooses one of the log hosts that they may read."""

from typing import Any

from django import forms

from ingest.models import LogHost


class LogHostField(forms.ModelChoiceField):  # type: ignore[type-arg]  # not generic at run time
    """One of them by name, as they are when the form is made: a class is older than who asks."""

    def __init__(self, **named: Any) -> None:
        super().__init__(LogHost._base_manager.none(), to_field_name="name", required=False, **named)

    def __deepcopy__(self, memo: dict[int, Any]) -> "LogHostField":
        copied: LogHostField = super().__deepcopy__(memo)
        copied.queryset = LogHost.objects.all()
        return copied
