"""Django's entry for the ingest application."""

from importlib import import_module

from django.apps import AppConfig


class IngestConfig(AppConfig):
    name = "ingest"
    verbose_name = "Ingest"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import_module("ingest.countries.checks")
        import_module("ingest.limit_checks")
