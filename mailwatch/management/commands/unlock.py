"""``manage.py unlock``: for somebody who may not sign in because too many attempts failed."""

from ipaddress import ip_address
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from mailwatch import sign_in_attempts
from mailwatch.printable import plain


class Command(BaseCommand):
    help = "Let a user, or whoever comes from an IP address, try to sign in again at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", nargs="?", help="a user name")
        parser.add_argument("--address", help="an IP address; of IPv6 its /64")

    def handle(self, *, name: str | None, address: str | None, **_: Any) -> None:
        if not (name or address):
            raise CommandError("Name a user, or an address with --address.")
        if name:
            user = User.objects.filter(username__iexact=name).first()
            if user is None:
                raise CommandError(f"There is no user {plain(name)}.")
            sign_in_attempts.unlock(user)
            self.stdout.write(f"{plain(user.get_username())} can try again at once.")
        if address:
            self._unlock_address(address)

    def _unlock_address(self, address: str) -> None:
        try:
            known = str(ip_address(address))
        except ValueError:
            raise CommandError(f"{plain(address)} is no IP address.") from None
        sign_in_attempts.unlock_address(known)
        self.stdout.write(f"Whoever comes from {known} can try again at once.")
