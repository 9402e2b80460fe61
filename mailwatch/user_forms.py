"""What administrators type about users, checked."""

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.utils.translation import gettext_lazy as _

from ingest.granted import Granted
from ingest.models import LogHost
from mailwatch.access import given_log_hosts, given_role
from mailwatch.models import Role
from mailwatch.operations.users import Wanted
from mailwatch.plain_forms import PlainForm

_ALL, _SOME = "all", "some"


class AccessForm(PlainForm):
    """The role of somebody, and the log hosts that they may read. ``giver``: what may be read by who gives them."""

    role = forms.ChoiceField(
        label=_("Role"), choices=Role.choices, error_messages={"invalid_choice": _("There is no such role.")}
    )
    reads = forms.ChoiceField(
        label=_("Log hosts"),
        choices=[(_ALL, _("All, those to come included")), (_SOME, _("Only these:"))],
        widget=forms.RadioSelect,
        initial=_SOME,
        error_messages={
            "invalid_choice": _("You can grant only log hosts that you may read yourself."),
            "required": _("Say which log hosts."),
        },
    )
    log_hosts = forms.ModelMultipleChoiceField(
        LogHost._base_manager.none(),
        label=_("These log hosts"),
        to_field_name="name",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": _("There is no log host of this name.")},
    )

    def __init__(self, *arguments: Any, giver: Granted, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["log_hosts"].queryset = LogHost.objects.all()  # type: ignore[attr-defined]
        if not giver.is_all:
            self.fields["reads"].choices = [(_SOME, _("Only these:"))]  # type: ignore[attr-defined]

    @staticmethod
    def of(user: User) -> dict[str, object]:
        """What the form says of somebody before it is changed."""
        granted = given_log_hosts(user)
        hosts = [host.name for host in LogHost.objects.filter(pk__in=granted.log_hosts or ())]
        return {"role": given_role(user), "reads": _ALL if granted.is_all else _SOME, "log_hosts": hosts}

    @property
    def wanted(self) -> Wanted:
        return Wanted(
            role=Role(self.cleaned_data["role"]),
            has_all_log_hosts=self.cleaned_data["reads"] == _ALL,
            log_hosts=tuple(self.cleaned_data["log_hosts"]),
        )


class NewUserForm(AccessForm):
    """Somebody new."""

    username = forms.CharField(
        label=_("Name to sign in with"),
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Say by which name they sign in.")},
    )
    email = forms.EmailField(
        label=_("Mail address"),
        required=False,
        max_length=254,
        error_messages={"invalid": _("This is no mail address.")},
    )
    field_order = ("username", "email", "role", "reads", "log_hosts")


class InviteForm(AccessForm):
    """Somebody who is to choose name and password themselves."""

    email = forms.EmailField(
        label=_("Mail address"),
        required=False,
        max_length=254,
        error_messages={"invalid": _("This is no mail address.")},
    )
    field_order = ("email", "role", "reads", "log_hosts")
