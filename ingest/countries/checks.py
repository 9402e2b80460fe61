"""What is said at start of a file that cannot be read. Everything else works without it."""

from typing import Any

from django.core.checks import CheckMessage, Warning, register

from ingest.countries import problems


@register
def files_can_be_read(**kwargs: Any) -> list[CheckMessage]:
    """One warning for each file."""
    hint = "Rules that need it are left out, and the report says so."
    return [Warning(problem, hint=hint, id="ingest.W001") for problem in problems()]
