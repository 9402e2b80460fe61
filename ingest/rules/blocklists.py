"""The question about blocklists (B01), of the log host as a whole, and where to ask to be taken off."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from ingest.languages import later, say, say_of
from ingest.rules.answers import Answer, Case, Pair, Question, Untold
from ingest.rules.bulk import BLOCKLISTED
from ingest.rules.definition import Severity
from ingest.rules.facts import SubjectKind
from ingest.rules.replies import blocklist_named
from ingest.rules.words import count, listing


class KnownList(NamedTuple):
    """A list of spammers, or a provider with one of its own, and where removal is asked for."""

    name: str
    words: re.Pattern[str]  # what a reply says that comes from it
    url: str  # "" where there is nobody to ask
    advice: str = ""  # said where it is shown


def _known(name: str, words: str, url: str, advice: str = "") -> KnownList:
    return KnownList(name, re.compile(words, re.IGNORECASE), url, advice)


KNOWN_LISTS = (
    _known("Spamhaus", r"spamhaus", "https://check.spamhaus.org/"),
    _known("Barracuda", r"barracuda", "https://www.barracudacentral.org/rbl/removal-request"),
    _known("SpamCop", r"spamcop", "https://www.spamcop.net/bl.shtml", later("forgets within two days")),
    _known("Microsoft", r"\bS31[45]0\b|outlook\.com|hotmail\.com", "https://olcsupport.office.com/"),
    _known(
        "Microsoft 365",
        r"sender\.office\.com|delist@(?:messaging\.)?microsoft|\b5\.7\.60[67]\b|\b5\.7\.511\b",
        "https://sender.office.com/",
        later("the address that it refuses is named in its answer"),
    ),
    _known("Google", r"google\.com|gmail", "https://postmaster.google.com/", later("only shows the reputation")),
    _known("UCEPROTECT", r"uceprotect", "https://www.uceprotect.net/en/rblcheck.php", later("forgets within a week")),
    _known(
        "SORBS",
        r"sorbs",
        "",
        later("it was closed in 2024: whoever still asks it must take it out of his settings"),
    ),
    _known("Yahoo", r"yahoo", "https://senders.yahooinc.com/contact/"),
)  # fmt: skip


def listed(case: Case) -> list[Pair]:
    """Those whose mail was refused. An account's messages are among those of an address, and count once."""
    kinds = (SubjectKind.SENDER_HOST_ADDRESS, SubjectKind.LOCAL_USER)
    return [pair for kind in kinds for pair in case.found(BLOCKLISTED.code, kind)]


def providers(case: Case) -> tuple[str, ...]:
    """Who refuses, all senders together."""
    return tuple(sorted({name for _, finding in listed(case) for name in finding.values}))


def severity(case: Case) -> Severity:
    """High where several providers refuse: then it is the host, and no provider's mistake."""
    return Severity.HIGH if len(providers(case)) >= case.limits.blocking_providers else Severity.MEDIUM


def known_lists(replies: Sequence[str]) -> tuple[KnownList, ...]:
    """The lists that replies name and that are known here."""
    refusals = [reply for reply in replies if blocklist_named(reply) is not None]
    return tuple(item for item in KNOWN_LISTS if any(item.words.search(reply) for reply in refusals))


def other_lists(replies: Sequence[str]) -> tuple[str, ...]:
    """The names of lists that replies name and that are not known here."""
    refusals = [reply for reply in replies if not any(item.words.search(reply) for item in KNOWN_LISTS)]
    return tuple(dict.fromkeys(name for reply in refusals if (name := blocklist_named(reply))))


def replies(case: Case) -> tuple[str, ...]:
    """What those who refuse said, on some of the messages."""
    message_ids = [message_id for _, finding in listed(case)[:20] for message_id in finding.message_ids]
    return case.traces.replies(message_ids) if message_ids else ()


def blocklisted(case: Case) -> Question:
    """Do others refuse our mail?"""
    answer = Answer.NO if case.coverage.has_deliveries else Answer.UNKNOWN
    text = say("No server said that it refuses mail because of a blocklist.")
    names = providers(case)
    if names:
        answer = Answer.YES
        text = say_of(
            len(names),
            "{names} refuses mail because {host} is on a blocklist ({messages}).",
            "{names} refuse mail because {host} is on a blocklist ({messages}).",
            names=listing(names),
            host=case.name,
            messages=count(sum(finding.count for _, finding in listed(case)), "message"),
        )
    elif answer is Answer.UNKNOWN:
        text = say("There are no deliveries in this log, so what others answered is not known.")
    untold = Untold(
        say(
            "Only those whom this host sent to have answered. Other lists are asked by the host's outgoing address: "
            "https://check.spamhaus.org/."
        )
    )
    return Question(
        name=say("On a blocklist"),
        answer=answer,
        because=text,
        rules=(BLOCKLISTED.code,),
        against=_against(case, names),
        untold=(untold,) if case.coverage.first_at else (),
    )


def _against(case: Case, names: tuple[str, ...]) -> tuple[str, ...]:
    if names and severity(case) is not Severity.HIGH:
        return (
            say_of(
                len(names),
                "{number:,} provider only: it may be a mistake, or mail that was forwarded from elsewhere.",
                "{number:,} providers only: it may be a mistake, or mail that was forwarded from elsewhere.",
            ),
        )
    return ()
