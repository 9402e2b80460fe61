"""Reports to whoever answers for a sender host: as a mail (ARF, RFC 5965), as XARF v4, and to whom (RDAP)."""

from mailwatch.abuse.case import AbuseCase, Offence, Reporter, letter

__all__ = ["AbuseCase", "Offence", "Reporter", "letter"]
