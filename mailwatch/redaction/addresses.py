"""What an address looks like wherever it stands."""

import re

_JAPANESE = r"\u3040-\u30ff\u3400-\u9fff"


def _addresses(but: str = "") -> tuple[re.Pattern[str], ...]:
    """What looks like an address. ``but``: letters that are none of it."""
    domain = rf"(?:\[[^\]\s]*\]|(?:[^\W_{but}]|[-_.])+)"
    local_part = rf"(?:\\(?!n)|[^\s<>()\[\]{{}}\",;:|/@\\{but}])+"
    return (
        re.compile(rf'"(?:[^"\\\n]|\\.){{1,256}}"@{domain}'),
        re.compile(rf"{local_part}@{domain}"),
        re.compile(rf"(?:[.+-]|[^\W{but}])+%40{domain}"),
    )


ADDRESSES = _addresses()
IN_SENTENCES = _addresses(but=_JAPANESE)
"""In sentences of ours, which may have no space around a name."""

# What stands before an address without a space: "set_id=a@b", sendmail's "-fa@b", a quotation mark.
LEAD = re.compile(
    r"(?:-[fr]|(?:(?:smtp|header|policy|envelope)\.)?"
    r"(?:id|i|F|P|from|to|for|rcpt|sender|user|login|account|set_id|mail|email|e|u|addr|address|recipient|mailfrom|"
    r"rcptto|envelope-from|auth|orcpt)=|['`*]+)?"
)
