"""How somebody reads the pages."""

from django.conf import settings
from django.db import models


class Preferences(models.Model):
    """How somebody reads the pages. "" leaves it to the browser (the language) or to each log (the zone)."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="preferences"
    )
    language = models.CharField(max_length=10, blank=True)
    timezone = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        return f"preferences of {self.user}"
