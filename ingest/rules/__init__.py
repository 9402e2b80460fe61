"""Classification: what a log and a configuration mean. The one definition; plain Python."""

from ingest.rules.rule import RULES, VERSION

__all__ = ["RULES", "VERSION"]
