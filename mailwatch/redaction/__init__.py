"""Takes out of log text what does not leave the house, before a report is stored.

What a ``Level`` leaves readable of addresses differs. At each, subjects, Message-ID headers, names in client
certificates, accounts, local users and internal host names are replaced, and IP addresses, times and Exim's own ids
stay: they are the evidence. Stand-ins are numbers of one report, such as ``sender 1``; no digest of an original is
kept, since a name can be guessed from it.

First everything is learned, then redacted: a name that only a later line ties to an address is hidden in the earlier
lines too. A line is redacted by what stands where (``places``), and then searched again for anything that looks like
an address or a host's name, also in disguise, and for every name learned.
"""

from mailwatch.redaction.cut import Part
from mailwatch.redaction.level import Level
from mailwatch.redaction.redactor import Redactor
from mailwatch.redaction.stand_ins import Role

__all__ = ["Level", "Part", "Redactor", "Role"]
