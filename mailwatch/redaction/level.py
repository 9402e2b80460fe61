"""How much of a report leaves the house."""

from enum import StrEnum


class Level(StrEnum):
    """What stays readable of addresses. Everything else that is masked is masked at each level."""

    FULL = "full"  # addresses as they stand in the log
    MASKED = "masked"  # mailbox names replaced; domains stay
    PSEUDONYMS = "pseudonyms"  # mailbox names, domains and host names replaced

    @property
    def hides_mailboxes(self) -> bool:
        return self is not Level.FULL

    @property
    def hides_domains(self) -> bool:
        return self is Level.PSEUDONYMS
