"""Takes people's names out of log text before a report is stored.

Every mailbox name gets a numbered stand-in, the same one throughout a report: ``m.orlando@example.net``
becomes ``sender 1@example.net``. Domains, host names, IP addresses, times and Exim's own ids stay: they are
the evidence. Subjects, Message-ID headers and the names in client certificates are hidden whole. No digest
of an original is kept, since a mailbox name can be guessed from it.

First everything is learned, then redacted: a name that only a later line ties to an address is hidden in
the earlier lines too. A line is redacted by what stands where, and then searched again for anything that
looks like an address and for every name learned.
"""

from mailwatch.redaction.cut import Part
from mailwatch.redaction.redactor import Redactor, Unredacted
from mailwatch.redaction.stand_ins import Role

__all__ = ["Part", "Redactor", "Role", "Unredacted"]
