"""``manage.py translations``: catalogues brought up to date with what Mailwatch says, and compiled."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = "Bring the catalogues of translations up to date with the code, and compile them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="change nothing; fail where something is missing"
        )

        parser.add_argument(
            "--part", default="", help="only this one of the catalogues, for example glossary"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            from translations import upkeep  # noqa: PLC0415  # its libraries are those of make lint
        except ImportError as error:
            raise CommandError(f"{error}. Translations are kept with the tools of make lint.") from error
        if options["check"]:
            wrong = upkeep.check()
            if wrong:
                raise CommandError("\n".join(wrong))
            return
        for line in upkeep.update(options["part"]):
            self.stdout.write(line)
