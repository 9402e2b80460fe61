"""Sentences that are the same in every language: names, units, and what a mail log writes."""

SAME = frozenset({"English", "日本語", "TLS"})
