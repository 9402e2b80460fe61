"""What people type to get in."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import LoginForm
from django import forms
from django.contrib.auth.models import User
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.utils.translation import gettext_lazy as _

from mailwatch.plain_forms import PlainForm


class SignInForm(LoginForm):  # type: ignore[misc]
    """Name or mail address, and password."""

    def add_prefix(self, field_name: str) -> str:
        """The field is called as browsers know it."""
        return "username" if field_name == "login" else field_name


class JoinForm(PlainForm):
    """The name and the password that somebody chooses who was invited."""

    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("The same password again"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *arguments: Any, email: str, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._email = email

    def clean_username(self) -> str:
        name: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=name).exists():
            raise forms.ValidationError(_("This name is taken. Choose another one."))
        return name

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        password = cleaned.get("password")
        if password and "again" in cleaned and cleaned["again"] != password:
            self.add_error("again", _("The two passwords differ."))
        if password:
            like = User(username=cleaned.get("username", ""), email=self._email)
            try:
                get_adapter().clean_password(password, user=like)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return cleaned
