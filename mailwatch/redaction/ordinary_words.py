"""Words that are no names, even where somebody's mailbox is called so.

A mailbox may be called ``mail``. Hiding that word wherever a server answers "Queued mail for delivery" would
garble the evidence and protect nobody: the word stands there in everyone's log. Its address is hidden all the
same.
"""

import re
from collections.abc import Iterator
from functools import cache

from ingest.rules.rule import RULES


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SYSTEM_USERS = _words(
    """
    root daemon bin sys sync mail mailnull news uucp man lp proxy www www-data apache apache2 httpd nginx
    nobody nogroup exim Debian-exim exim4 postfix dovecot dovenull vmail mailman list cron cronjob backup
    mysql postgres redis clamav amavis spamd debian-spamd rspamd opendkim greylist postmaster mailer-daemon
    abuse hostmaster
    """
)
"""Accounts of programs and addresses of functions. Who of them sent tells of a hole, not of a person."""

IN_ANSWERS = _words(
    """
    accepted access account address after again all and another attempt authentication bad blocked bounce
    cannot certificate client closed code command completed connection content could customer data delivered
    delivery denied disabled dns does domain email end error esmtp exist failed failure for found from full
    greylisted has helo host id inbox incorrect info internal invalid ip is itself later limit list local login
    mail mailbox message messages mx name network not option output password permitted please policy
    protocol queue queued quota rate received recipient refused rejected relay relaying remote reply
    reputation requested response route router sender server service size smtp spam started status such
    support system temporarily test than this time timeout tls too transaction transport try unable
    unavailable unknown unrouteable user valid verify via virus web webmaster with you your
    """
)
"""What mail servers say to each other, in Exim's texts and in the remote servers'."""

_DIRECTORIES = _words(
    """
    addons admin api app application apps assets bin cache cgi-bin components config content css current dev docs
    domains download etc export exim exim4 files home htdocs httpdocs images img inc include includes js languages lib
    log mail maildir media modules opt pear php phpmailer plugins private private_html public public_html releases root
    sbin sendmail share shared sites spool src srv static storage subdomains templates themes tmp upload uploads users
    usr var vendor vhost vhosts vmail web webapps webroot wp-admin wp-content wp-includes www wwwroot
    """
)


def is_ordinary_directory(name: str) -> bool:
    """Whether a directory is called so on many servers."""
    return name.casefold() in _DIRECTORIES or name.casefold() in SYSTEM_USERS


@cache
def in_sentences() -> frozenset[str]:
    """The same and every word of the rules' own texts, for sentences that are Mailwatch's."""
    texts = (
        text
        for rule in RULES.values()
        for text in (rule.title, rule.explanation, *rule.guards, *rule.next_steps)
    )
    return IN_ANSWERS | {word.casefold() for text in texts for word in re.findall(r"[^\W\d_]+", text)}


_WORD = re.compile(r"[^\W_]{4,}")


def words_of(text: str) -> Iterator[str]:
    """Words of letters, some of which may be digits; in lower case."""
    return (word.casefold() for word in _WORD.findall(text) if not word.isdigit())
