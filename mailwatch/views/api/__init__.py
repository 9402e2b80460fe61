"""The read-only JSON API: the same questions as the pages, asked by programs with a token."""
