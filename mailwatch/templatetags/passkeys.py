"""Whether passkeys can be used at the address where a page is read."""

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django import template

register = template.Library()


@register.simple_tag(takes_context=True)
def passkeys_work(context: dict[str, Any]) -> bool:
    """Browsers know them over https by a name, and on localhost; never by the address of a machine."""
    request = context["request"]
    name = urlsplit(f"//{request.get_host()}").hostname or ""
    try:
        ip_address(name)
    except ValueError:
        return bool(request.is_secure() or name == "localhost" or name.endswith(".localhost"))
    return False
