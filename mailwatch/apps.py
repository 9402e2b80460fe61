from django.apps import AppConfig


class MailwatchConfig(AppConfig):
    """The pages."""

    name = "mailwatch"
    default_auto_field = "django.db.models.BigAutoField"
