"""What a search was read as, and that it found nothing, in whole sentences."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from ingest.languages import later, say
from ingest.models import LogHost
from ingest.rules.words import listing
from mailwatch.queries.search import Search
from mailwatch.queries.terms import Term, TermKind

register = template.Library()

_READ_AS = {
    TermKind.MESSAGE_ID: later("Read as a <strong>message id</strong>."),
    TermKind.HEADER: later("Read as a <strong>Message-ID header</strong>."),
    TermKind.ADDRESS: later("Read as an <strong>address</strong>, as envelope sender, recipient or account."),
    TermKind.DOMAIN: later("Read as a <strong>domain</strong>, in envelope sender or recipient."),
    TermKind.NETWORK: later("Read as a <strong>network</strong> of the sender host."),
    TermKind.ACCOUNT: later("Read as an <strong>account</strong>."),
    TermKind.TEXT: later(
        "Read as <strong>words in the lines</strong>; the lines themselves are read, newest first."
    ),
    TermKind.PATTERN: later(
        "Read as a <strong>pattern</strong>; the lines themselves are read, newest first."
    ),
    TermKind.SUBJECT: later(
        "Read as <strong>words in subjects</strong>; the lines themselves are read, newest first."
    ),
    TermKind.BEGINNING: later(
        "Read as the <strong>beginning of an address</strong>, in envelope sender or recipient."
    ),
    TermKind.PART: later(
        "Read as <strong>part of an address</strong>; the lines themselves are read, newest first."
    ),
    TermKind.HOST: later(
        "Read as a <strong>host name</strong>; the lines themselves are read, newest first."
    ),
}


@register.filter
def read_as(term: Term) -> SafeString:
    """As what the text that was looked for was read, and what that leads to."""
    if term.kind is TermKind.NETWORK and term.is_one_host:
        return mark_safe(say("Read as an <strong>IP address</strong> of the sender host."))
    return mark_safe(say(_READ_AS[term.kind]) if term.kind in _READ_AS else "")


@register.filter
def found_nothing(search: Search, log_hosts: Mapping[Any, LogHost]) -> str:
    """What is not there, on which log hosts, and whether a range was chosen."""
    names = [search.log_host.name] if search.log_host else [host.name for host in log_hosts.values()]
    where = say("on {names}", names=listing(names, shown=len(names)))
    if search.bounds.since or search.bounds.until:
        where = say("{where}, in the range chosen", where=where)
    match search.term.kind:
        case TermKind.DOMAIN | TermKind.ADDRESS:
            return _not_as(search.role, where)
        case TermKind.NETWORK if search.term.is_one_host:
            return say("No sender host has this address, {where}.", where=where)
        case TermKind.NETWORK:
            return say("No sender host has an address in this network, {where}.", where=where)
        case TermKind.MESSAGE_ID:
            return say(
                "No line has this id. Upper and lower case differ in message ids, {where}.", where=where
            )
        case TermKind.ACCOUNT:
            return say("Nobody logged in as this, {where}.", where=where)
    return say("No message or rejection, {where}.", where=where)


def _not_as(role: str, where: str) -> str:
    if role == "sender":
        return say("Not as sender, {where}.", where=where)
    if role == "recipient":
        return say("Not as recipient, {where}.", where=where)
    return say("Not as envelope sender or recipient, {where}.", where=where)
