"""Many people at the pages while logs are handed in: is there an error, how long does a page take, does memory grow.

People are HTTP clients in this process, each with a session of its own (``crowd``, ``visits``, ``browser``); the server
is what ``manage.py run`` starts (``stack``). docs/load.md says what is measured and how to read it.
"""
