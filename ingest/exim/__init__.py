"""The grammar of an Exim log line, and of an Exim configuration: plain Python over bytes."""
