"""What an administrator sets of a log host: the domains that are its own, and who may send without a login."""

from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from ingest import tasks
from ingest.models import LogHost

if TYPE_CHECKING:  # only the stubs know their parameter
    _ModelForm = forms.ModelForm[LogHost]
    _ModelAdmin = admin.ModelAdmin[LogHost]
else:
    _ModelForm = forms.ModelForm
    _ModelAdmin = admin.ModelAdmin


class LogHostForm(_ModelForm):
    class Meta:
        model = LogHost
        fields = ("name", "timezone", "local_domains", "trusted_networks", "retention_days")
        help_texts = {  # noqa: RUF012 - Django's way
            "local_domains": "Domains it accepts mail for, separated by commas. Empty: inferred from the log.",
            "retention_days": (
                "Days after which its lines are deleted, counted from when they were logged or handed in, whichever"
                " is later, so that an old log that is uploaded today can be read. 0: never."
                " Empty: as MAILWATCH_RETENTION says."
            ),
            "trusted_networks": "Addresses and networks that may send without a login, separated by commas.",
        }

    def clean_local_domains(self) -> list[str]:
        return sorted({domain.strip().lower().rstrip(".") for domain in self.cleaned_data["local_domains"]})

    def clean_trusted_networks(self) -> list[str]:
        try:
            networks = [
                ip_network(text.strip(), strict=False) for text in self.cleaned_data["trusted_networks"]
            ]
        except ValueError as error:
            raise forms.ValidationError(f"{error}. Example: 192.0.2.0/24.") from error
        return sorted(map(str, networks))


@admin.register(LogHost)
class LogHostAdmin(_ModelAdmin):
    form = LogHostForm
    list_display = ("name", "timezone", "local_domains", "trusted_networks", "retention_days")

    def get_readonly_fields(self, request: HttpRequest, obj: LogHost | None = None) -> tuple[str, ...]:
        """The name is in links, and the zone has gone into stored times."""
        return ("name", "timezone") if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: LogHost, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and set(form.changed_data) - {"retention_days"}:
            tasks.reclassify_soon(obj)

    def has_delete_permission(self, request: HttpRequest, obj: LogHost | None = None) -> bool:
        """Its pages and messages have no foreign key: they would stay without their log host."""
        return False
