"""The words of what is stored in a word: statuses, outcomes, reasons, severities, kinds.

They stand in English in the database and in addresses of pages; ``word`` says them to whoever reads.
"""

from ingest.languages import later, say

STATUSES = (
    later("queued"),
    later("delivered"),
    later("partly delivered"),
    later("bounced"),
    later("frozen"),
    later("rejected"),
    later("removed"),
    later("unknown"),
    later("deferred"),
    later("discarded"),
    later("completed"),
)
REASONS = (
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
SEVERITIES = (later("critical"), later("high"), later("medium"), later("low"), later("info"))
DIRECTIONS = (later("in"), later("out"), later("relay"), later("local"), later("bounce"))
STATES = (
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
KINDS = (
    later("Mailbox names masked"),
    later("Addresses and domains replaced"),
    later("Addresses in full"),
    later("address"),
    later("network"),
    later("account"),
    later("local user"),
    later("log host as a whole"),
)
COUNTED = (
    later("messages"),
    later("recipients"),
    later("rejections"),
    later("failed logins"),
    later("refusals"),
    later("bytes"),
)
CHANGES = (later("new"), later("gone"), later("more"), later("less"), later("as before"))
SIDES = (later("sender"), later("recipient"))
SOURCE_STATES = (
    later("looking"),
    later("paused"),
    later("host key to confirm"),
    later("late"),
    later("reading"),
    later("up to date"),
)
NOTES = (
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
UNREADABLE = (
    later("no stamp"),
    later("impossible stamp"),
    later("a further piece of a line that syslog cut"),
    later("written through syslog without Exim's own stamp (syslog_timestamp is off)"),
)


def word(stored: object) -> str:
    """The word in the reader's language; what is none of them, or has no translation, as it is."""
    return say(str(stored)) if stored else ""
