"""What people type to get in."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ChangePasswordForm, LoginForm, ResetPasswordKeyForm
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.contrib.auth.models import User
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.utils.translation import gettext_lazy as _

from mailwatch import sign_in_attempts
from mailwatch.plain_forms import PlainForm


class SignInForm(PlainForm, LoginForm):  # type: ignore[misc]
    """Name or mail address, and password."""

    def add_prefix(self, field_name: str) -> str:
        """The field is called as browsers know it."""
        return "username" if field_name == "login" else field_name


class _NewPassword:
    """Errors name the fields as the page does."""

    fields: dict[str, forms.Field]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        labels = {
            "oldpassword": _("Password until now"),
            "password1": _("New password"),
            "password2": _("The same password again"),
        }
        for name, label in labels.items():
            if name in self.fields:
                self.fields[name].label = label


class ChangeForm(_NewPassword, PlainForm, ChangePasswordForm):  # type: ignore[misc]
    """A new password, by whoever knows the old one."""


class ForgottenForm(_NewPassword, PlainForm, ResetPasswordKeyForm):  # type: ignore[misc]
    """A new password, by a link that was mailed."""


class _CodeOnce:
    """A code of an app holds once, however clocks differ; what failed is not forgotten by what is right."""

    user: User
    authenticator: Authenticator
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        counted = sign_in_attempts.count_code(context.request, self.user)
        if counted is None:
            raise get_adapter().validation_error("too_many_login_attempts")
        code: str = self.cleaned_data["code"]
        kept = Authenticator.objects.filter(user=self.user).exclude(type=Authenticator.Type.WEBAUTHN)
        for one in kept.order_by("pk"):
            if one.wrap().validate_code(code) and _is_new(one, self.user, code):
                one.user, self.authenticator = self.user, one
                counted.rollback()
                return code
        if first := kept.order_by("-type").first():
            self._emit_authentication_failed(first)  # type: ignore[attr-defined]
        raise get_adapter().validation_error("incorrect_code")


def _is_new(kept: Authenticator, user: User, code: str) -> bool:
    """Recovery codes know themselves that they were used."""
    return kept.type != Authenticator.Type.TOTP or sign_in_attempts.is_first_use(user, code)


class CodeForm(_CodeOnce, PlainForm, AuthenticateForm):  # type: ignore[misc]
    """A code after the password."""


class CodeAgainForm(_CodeOnce, PlainForm, ReauthenticateForm):  # type: ignore[misc]
    """A code before a change."""


class AppForm(PlainForm, ActivateTOTPForm):  # type: ignore[misc]
    """The first code of an app; it signs nobody in afterwards."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["code"].label = _("The code that the app shows")

    def clean_code(self) -> str:
        code: str = super().clean_code()
        if not sign_in_attempts.is_first_use(self.user, code):
            raise get_adapter().validation_error("incorrect_code")
        return code


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
