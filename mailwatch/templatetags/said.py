"""Words that are stored, as an outcome or a state, in the reader's language: where they stand on a page.

What is stored stays as it is; a word that is not among these is shown unchanged.
"""

from django import template

from ingest.languages import later, say

register = template.Library()

_OUTCOMES = (
    later("delivered"),
    later("deferred"),
    later("bounced"),
    later("rejected"),
    later("queued"),
    later("partly delivered"),
    later("frozen"),
    later("removed"),
    later("discarded"),
)
_SEVERITIES = (later("critical"), later("high"), later("medium"), later("low"), later("info"))
_RUN_STATES = (
    later("waiting"),
    later("running"),
    later("finished"),
    later("unpacked"),
    later("skipped"),
    later("refused"),
    later("failed"),
    later("cancelled"),
    later("undoing"),
    later("undone"),
    later("done"),
)
_SOURCE_STATES = (
    later("looking"),
    later("paused"),
    later("host key to confirm"),
    later("late"),
    later("reading"),
    later("up to date"),
)
_CHANGES = (later("new"), later("more"), later("less"), later("as before"))
_REASONS = (
    later("unknown recipient"),
    later("mailbox full"),
    later("relay not permitted"),
    later("on a blocklist"),
    later("login refused"),
    later("login required"),
    later("encryption required"),
    later("sender refused"),
    later("sender host refused"),
    later("greylisted"),
    later("too many, too fast"),
    later("content refused"),
    later("too large"),
    later("protocol error"),
    later("server not reached"),
    later("server fault"),
    later("thrown away silently"),
    later("no reason logged"),
    later("other"),
)
_NOTES = (
    later("frozen"),
    later("thawed"),
    later("removed"),
    later("cancelled"),
    later("error ignored"),
    later("not accepted"),
    later("queued: many messages in one connection"),
    later("queued"),
    later("remote host error"),
    later("discarded"),
    later("arguments"),
    later("queue run"),
    later("daemon"),
    later("sender verify"),
    later("tls error"),
    later("spool"),
    later("changed by hand"),
    later("system filter"),
    later("pipe output"),
    later("command"),
    later("address rewritten"),
    later("warning"),
    later("incomplete transaction"),
    later("sender check"),
    later("scanner"),
    later("configuration error"),
    later("sender identified"),
    later("outbound"),
    later("sending limit"),
    later("sending rate"),
    later("other"),
)
_UNREADABLE = (
    later("no stamp"),
    later("impossible stamp"),
    later("a further piece of a line that syslog cut"),
    later("written through syslog without Exim's own stamp (syslog_timestamp is off)"),
)
_WORDS = frozenset(
    (*_OUTCOMES, *_SEVERITIES, *_RUN_STATES, *_SOURCE_STATES, *_CHANGES, *_REASONS, *_NOTES, *_UNREADABLE)
)


@register.filter
def said(word: str) -> str:
    """An outcome, a severity, a state, a change or a reason as the reader says it."""
    return say(str(word)) if word in _WORDS else str(word)
