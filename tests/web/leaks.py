"""A log in which every field that Exim can write holds a word that stands nowhere else, and how to look for one."""

import base64
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

ID = "1vzCVM-00000000001-0001"
STAMP = "2026-03-09 07:53:12 +0000"
_LETTERS = "bdfgkmnprtvz"
_VOWELS = "aiou"


@dataclass
class Words:
    """Makes words, and remembers which of them has to be hidden where."""

    mailboxes: dict[str, str] = field(default_factory=dict)  # word -> its line; readable in full only
    parts: dict[str, str] = field(default_factory=dict)  # of mailboxes; no name by themselves
    names: dict[str, str] = field(default_factory=dict)  # of accounts, users, hosts; readable at no level
    domains: dict[str, str] = field(default_factory=dict)  # not readable as pseudonyms
    secrets: dict[str, str] = field(default_factory=dict)  # readable at no level
    kept: dict[str, str] = field(default_factory=dict)  # readable at each
    _made: int = 0

    def word(self) -> str:
        """Nine letters of which no word of ours is made, nor another of these."""
        self._made += 1
        number, word = self._made * 7919 % 110_592, ""
        for _ in range(4):
            number, letter = divmod(number, len(_LETTERS))
            word += _LETTERS[letter] + _VOWELS[(number + len(word)) % len(_VOWELS)]
        return f"x{word}"

    def fill(self, template: str) -> str:
        """A word for each of ``{m}`` (a mailbox), ``{n}`` (a part of one), ``{a}``, ``{d}``, ``{s}``, ``{k}``."""
        kinds = {
            "m": self.mailboxes, "n": self.parts, "a": self.names, "d": self.domains, "s": self.secrets, "k": self.kept
        }  # fmt: skip

        def made(match: re.Match[str]) -> str:
            word = self.word()
            kinds[match[1]][word] = template
            return word

        return re.sub(r"\{([mnadsk])\}", made, template)

    def hidden_at(self, level: str) -> dict[str, str]:
        hidden = self.secrets | self.names
        if level != "full":
            hidden |= self.mailboxes | self.parts
        if level == "pseudonyms":
            hidden |= self.domains
        return hidden

    def shown_at(self, level: str) -> dict[str, str]:
        every = self.mailboxes | self.parts | self.names | self.domains | self.secrets | self.kept
        hidden = self.hidden_at(level)
        return {word: line for word, line in every.items() if word not in hidden}


HOST = "H={d}.example ({a}) [203.0.113.7]:58779 I=[192.0.2.25]:25"
ARRIVAL = (
    "<= {m}@{d}.example "
    + HOST
    + " TFO U={a} Ci={k} P=esmtpsa L. SPF=pass X=TLS1.3:TLS_AES_256_GCM_SHA384:256"
    ' CV=no DN="C=US,O={s} {s},CN={s} {s}" SNI={d}.example A=plain:{a}:{a} PRDR PRX=192.0.2.99 K S=900 M8S=0'
    ' DKIM={d}.example ARC DMARC=pass RT=0.1s Q={k} id={s}.{s}@{s} T="{s} for {s}@{s}.example H=[192.0.2.1] {s}"'
    ' from <{m}@{d}.example> for {m}@{d}.example "{n} {n}"@{d}.example {m}+{m}@{d}.example {m}@{s}'
)
DELIVERIES = (
    "=> {m} <{n}.{n}@{d}.example> F=<{m}@{d}.example> P=<{m}@{d}.example> R={k} T={k} S=900 QT=1s DT=0s",
    "=> {m}@{d}.example ({m}@{d}.example, {m}@{d}.example) <{m}@{d}.example>"
    " SRS=<SRS0={n}={n}={n}.example={m}@{d}.example>"
    " F=<{m}@{d}.example> Q={k} P=<{m}@{d}.example> R={k} T={k} S=900 H=mx.{d}.example [203.0.113.25]:25"
    ' I=[192.0.2.25]:40000 TFO PS=abc X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=yes DN="CN=mx.{d}.example" A=login:{a}:{a}'
    ' L PRDR K DKIM={d}.example:{d} C="250 2.0.0 Ok: {n}@{d}.example queued as {k} by {s}.local ({s}.corp [10.1.2.3])'
    ' [Hostname={s}, InternalId=12] for {n}=40{n}.example {n}%40{d}.example at {d}.example" QT=1s DT=0.2s',
    "-> |/usr/local/bin/{s} {s} --to {s} <{m}@{d}.example> R={k} T=address_pipe",
    "=> /home/{a}/{s}/{s} <{m}@{d}.example> R={k} T=address_file",
    "=> >{m}@{d}.example,{m}@{d}.example <{m}@{d}.example> R={k} T=autoreply",
    "=> :blackhole: <{m}@{d}.example> R={k}",
    "=> discarded <{m}@{d}.example> R=userforward",
    '>> {m}@{d}.example R={k} T={k} H={s}.{s}.example [10.0.0.9] ST={k} C="250 handed to {s}.lan"',
    '=> {m}@{d}.example R={k} T={k} H={a} [203.0.113.26] DN="C=US,O={s},CN={s}.internal" C="250 ok"',
    '=> {m}@{d}.example R={k} T={k} H={s}.example [fd00::25] C="250 {s}.lan has it"',
    "=> {m} ({m}@{d}.example) <{m}> SRS=<{m}> F=<{m}> P=<{m}> R={k} T={k}",
    "*> {m}@{s}.localdomain R={k} T={k}",
    "== {m}@{d}.example (mid@{d}.example) <{m}@{d}.example> R={k} T={k} defer (-44) H=mx.{d}.example [203.0.113.25]:25"
    " I=[192.0.2.25]:40000 DT=1s: SMTP error from remote mail server after RCPT TO:<{m}@{d}.example>: 451"
    " 4.7.1 {s}.home"
    " says: {n}@{d}.example may come later, see https://{d}.example/why",
    "== {m}@{d}.example routing defer (-52): retry time not reached for any host for '{d}.example'",
    '== {m}@{d}.example R={k} defer (-1): failed to expand "{lookup{{s}}lsearch{/etc/{s}}}"',
    "** {m}@{d}.example <{m}@{d}.example> F=<{m}@{d}.example> P=<{m}@{d}.example> R={k} T={k} H={d}.example"
    " [203.0.113.25]"
    ' X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=yes DN="CN={d}.example" : SMTP error from remote mail server'
    " after EHLO {s}.lan:"
    " 550 5.1.1 <{m}@{d}.example>: {n}@{d}.example is unknown, ask {s}.corp.local or ({a}) [192.168.3.4] DT=1s",
    "** {m}@{d}.example: Unrouteable address",
    "** |/home/{a}/bin/{s} <{m}@{d}.example> R={k} T=address_pipe: Child process of address_pipe transport returned 1"
    " from command: /home/{a}/bin/{s}",
)
BARE = (
    '<= {m} H={a} [203.0.113.8] P=esmtps SNI={s} DKIM={s} S=9 id*={s} T="{s}" from <{m}> for {m}',
    "<= {m} U={a} P=local S=9",
    "<= {m}@{d}.example H=({s}(x) y) [203.0.113.8] P=smtp S=9",
)
"""Arrivals of mail within the server, where only the place tells that a word is a name."""

OF_A_MESSAGE = (
    "H=mx.{d}.example [203.0.113.25]: failed to open /home/{a}/{s}/{s}: denied",
    "H=mx.{d}.example [203.0.113.25]: Child process of {k} transport returned 1 from command: /opt/{s} {s}",
    "H=mx.{d}.example [203.0.113.25]: SMTP error from remote mail server after EHLO {a}: 550 no",
    'H=mx.{d}.example [203.0.113.25]: 550 relayed by {a} [10.9.9.9], not for "{n} {n}"@{d}.example',
    "failed to expand condition {s} {s}",
    "H=({s}(x) y) [203.0.113.7] Warning: seen Message-ID: <{s}@{s}>",
    "DKIM: d={d}.example s={d} c=relaxed/relaxed a=rsa-sha256 b=2048 i=@{d}.example [verification succeeded]",
    HOST + " U={a} Ci={k} Warning: {k} said Subject: {s} {s}",
    HOST + " F=<{m}@{d}.example> A=plain:{a} rejected after DATA: message of {n}@{d}.example has {k}",
    "H=mx.{d}.example [203.0.113.25]:25: SMTP error from remote mail server after MAIL FROM:<{m}@{d}.example>"
    " SIZE=9: 450 no",
    "H={s}.{s}.example [172.16.0.9] Connection refused",
    "<{m}@{d}.example>: address_pipe transport output: {k} at {s}.local",
    "address <{m}@{d}.example> marked delivered by {a}",
    "recipient <{m}@{d}.example> added by {a}",
    "sender address changed to <{m}@{d}.example> by {a}",
    "removed by {a}",
    "cancelled by {a}",
    "address <{m}> marked delivered by {a}",
    "{m} <{m}>: error ignored",
    "DKIM: d={s} s={d} c=simple/simple a=rsa-sha256 b=1024 i=@{s} [invalid - public key record]",
    "<{m}>: local_pipe transport output: {k}",
    "SMTP connection outbound 1773042792 " + ID + " {s} {m}",
    "Sender identification U={a} D={s} S={a}",
    '"{m}" from env-to rewritten as "{m}" by rule 2',
    "F={m} H=({a}) [203.0.113.7] P=esmtp rejected by local_scan(): {k}",
    "frozen by {a}",
    "unfrozen by {a}",
    "{m}@{d}.example <{m}@{d}.example>: error ignored",
    "login authenticator failed H=mx.{d}.example [203.0.113.25] 535 no: {n}@{d}.example",
    "F=<{m}@{d}.example> rejected by non-SMTP ACL: {k} is not for {n}@{d}.example",
    "F={m}@{d}.example " + HOST + " U={a} P=esmtp rejected by local_scan(): {k}",
    "SMTP connection outbound 1773042792 " + ID + " {d}.example {m}@{d}.example",
    "SMTP connection identification H=localhost A=127.0.0.1 P=34158 M="
    + ID
    + " U={a} ID=1003 S={a} B=identify_local_connection",
    "Sender identification U={a} D={d}.example S={m}@{d}.example",
    '"{m}" from env-from rewritten as "{m}@{d}.example" by rule 1',
    "no IP address found for host {a}",
    "[203.0.113.25] SSL verify error: depth=0 error=self signed cert=/C=US/O={s}/CN={s}.{s}.example",
    "Authentication-Results: {a}; auth=pass (login) smtp.auth={a} smtp.mailfrom={m}@{d}.example",
)
IN_WORDS = (
    "login authenticator failed for {d}.example ({a}) [203.0.113.7]:4711 I=[192.0.2.25]:587: 535 Incorrect"
    " authentication data (set_id={s} {s})",
    "plain authenticator failed for H=({a}) [203.0.113.7] U={a}: 535 Incorrect authentication data"
    " (set_id={s}@{s}.example)",
    HOST
    + ' U={a} Ci={k} X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no DN="CN={s} {s}" F=<{m}@{d}.example> A=plain:{a}'
    " rejected RCPT <{m}@{d}.example>: {k} for {n}@{d}.example",
    HOST + " F=<{m}> temporarily rejected RCPT <{m}>: greylisted",
    HOST + " rejected MAIL <{m}@{d}.example>: no",
    HOST + " rejected EHLO or HELO {a}: no",
    HOST + " rejected VRFY {m}: no",
    HOST + " rejected EXPN {m}@{d}.example: no",
    HOST + " rejected ETRN #{s}: no",
    HOST + " rejected AUTH PLAIN {s}: no",
    HOST + " sender verify fail for <{m}@{d}.example>: all of {d}.example is down",
    HOST + " F=<{m}@{d}.example> RCPT <{m}@{d}.example>: discarded by RCPT ACL: {k}",
    HOST + " incomplete transaction (QUIT) from <{m}@{d}.example> for {m}@{d}.example",
    HOST + " dropped by 'connect' ACL: {k}",
    HOST + ' rejected connection in "connect" ACL: {k} of {d}.example',
    'rejected "EHLO {s}" from ({a}) [203.0.113.7]',
    "rejected EHLO from [203.0.113.7]: syntactically invalid argument(s): {s} {s}",
    "rejected MAIL FROM:<{m}@{d}.example> " + HOST + ": message too big: size=9 max=8",
    "rejected from <{m}@{d}.example> " + HOST + ": message too big: read=9 max=8",
    "unqualified recipient rejected: <{m}> " + HOST,
    "unqualified sender rejected: <{m}> " + HOST,
    "VRFY failed for {m}@{d}.example " + HOST,
    "ETRN #{s} received from {d}.example ({a}) [203.0.113.7]",
    "ETRN {a} received from ({a}) [203.0.113.7]",
    'SMTP syntax error in "AUTH PLAIN {s}" ' + HOST + " invalid base64 data",
    'SMTP protocol error in "AUTH LOGIN {s}" ' + HOST + " AUTH command used when not advertised",
    'SMTP syntax error in "{s} {s}" H=({a}) [203.0.113.7] unrecognized command',
    'SMTP call from ({a}) [203.0.113.7] dropped: too many syntax or protocol errors (last command was "{s}'
    ' {s}", C=EHLO)',
    'SMTP call from [203.0.113.7] dropped: too many unrecognized commands (last was "{s}")',
    "SMTP protocol synchronization error (next input sent too soon: pipelining was not advertised): rejected"
    ' "AUTH LOGIN {s}" ' + HOST + ' next input="{s} {s}\\r\\n"',
    "SMTP protocol synchronization error (input sent without waiting for greeting): rejected connection from"
    ' H=[203.0.113.7] input="{s} {s}"',
    "SMTP connection from {d}.example ({a}) [203.0.113.7] closed by QUIT",
    "SMTP connection from {a} closed by QUIT",
    "SMTP connection from ({s} {s}) [203.0.113.7] lost D=3s",
    "SMTP command timeout on connection from {s}.{s}.example [192.168.7.7] D=3s",
    "unexpected disconnection while reading SMTP command from {a} [10.7.7.7] D=3s",
    "no MAIL in SMTP connection from ({a}) [203.0.113.7] D=3s A=plain:{a} X=TLS1.3:TLS_AES_256_GCM_SHA384:256"
    ' CV=no DN="CN={s}"'
    " SNI={d}.example C=EHLO,AUTH,QUIT",
    "ignoring AUTH={s}@{s}.example from " + HOST + " (client not authenticated)",
    "TLS error on connection from ({a}) [203.0.113.7] (SSL_accept): error",
    "no IP address found for host {s}.lan (during SMTP connection from ({a}) [203.0.113.7])",
    "{a} does not match any IP address for {d}.example",
    "cwd=/home/{a}/{s}/{s} 5 args: /usr/sbin/sendmail -t -i -f{m}@{d}.example -F {s} {s}",
    "cwd=/srv/{s} 4 args: /usr/sbin/exim4 -f {a} -oi {m}@{d}.example",
    "Start queue run: pid=8 -qf -S {m}",
    HOST + " sender verify fail for <{m}>: no",
    HOST + " incomplete transaction (RSET) from <{m}> for {m} {m}@{d}.example",
    HOST + " F=<{m}@{d}.example> rejected RCPT {m}: 501 recipient address must contain a domain",
    HOST + " rejected MAIL {m}: no",
    HOST + " SNI={s} rejected MAIL <{m}>: no",
    "{s}.local does not match any IP address for {a}",
    "Start queue run: pid=7 -qff -R {m}@{d}.example",
    HOST + " Warning: Sender rate 7.0 / 1h for {n}@{d}.example",
    "failed to expand ACL string \"${lookup mysql{select x where p='{s}'}}\": {k}",
    "too many recipients: message rejected: sender=<{m}@{d}.example> " + HOST,
)
BELOW = (
    "Envelope-from: <{s}@{s}.example>",
    "Envelope-to: <{s}@{s}.example>",
    "P Received: from {s}.example ({s} [203.0.113.7])",
    "  Subject: {s} {s}",
    "\tand {s}",
    "I Message-Id: <{s}@{s}>",
    "F From: {s} {s} <{s}@{s}.example>",
)


def of_a_message(words: Words) -> list[str]:
    """Every line that may carry the id of one message."""
    return [f"{STAMP} [77] {ID} {words.fill(line)}" for line in (ARRIVAL, *DELIVERIES, *OF_A_MESSAGE)]


def bare(words: Words) -> list[str]:
    return [f"{STAMP} {ID} {words.fill(line)}" for line in BARE]


def in_words(words: Words) -> list[str]:
    """Every line without one."""
    return [f"{STAMP} {words.fill(line)}" for line in IN_WORDS]


def echoes(words: Words, level: str) -> list[str]:
    """Every name once more, bare, in the words of another server."""
    names = words.names if level == "full" else words.names | words.mailboxes
    answer = (
        f"{STAMP} [77] {ID} H=mx.a.example [203.0.113.25]: SMTP error from remote mail server after DATA: 550"
    )
    return [f"{answer} {name.capitalize()}_{name} has no room for {name}'s mail" for name in names]


def with_headers(words: Words) -> str:
    """An entry of a rejectlog."""
    refused = HOST + " F=<{m}@{d}.example> A=plain:{a} rejected after DATA: no"
    line = f"{STAMP} {ID} {words.fill(refused)}"
    return "\n".join((line, *(words.fill(below) for below in BELOW)))


def in_clothes(address: str) -> list[str]:
    """An address as servers quote it in links and tokens."""
    raw = address.encode()
    return [
        *(base64.b64encode(b"u" * before + raw + b"&x").decode() for before in range(3)),
        base64.b64encode(raw).decode().rstrip("=").replace("+", "-").replace("/", "_"),
        "".join(f"%{byte:02X}" for byte in raw),
        quote(address, safe=""),
        "".join(f"&#{byte};" for byte in raw),
        "".join(f"&#x{byte:X};" for byte in raw),
        "".join(f"={byte:02X}" for byte in raw),
        quote(base64.b64encode(raw).decode(), safe=""),
    ]


# -- looking for a word in bytes


def forms(word: str) -> Iterator[str]:
    """A word, in each form in which it may stand in bytes; all but base64 folded."""
    raw = word.encode()
    yield word.casefold()
    yield "".join(f"%{byte:02x}" for byte in raw)
    yield "".join(f"={byte:02x}" for byte in raw)
    for spelled in ("&#{};", "&#x{:x};"):
        yield "".join(spelled.format(ord(letter)) for letter in word)


def base64_forms(word: str) -> Iterator[str]:
    """What of a word in base64 is the same whatever stands around it, at its three places in a group."""
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + word.encode()).decode().rstrip("=")
        whole = (offset + len(word.encode())) * 8 // 6  # characters that no later byte changes
        yield encoded[-(-offset * 8 // 6) : whole]


class Bytes:
    """Text that left the house, made ready to be searched often."""

    def __init__(self, *texts: str) -> None:
        self.exact = "\n".join(texts)
        unescaped = self.exact.encode().decode("unicode_escape", "ignore") if "\\u" in self.exact else ""
        self.folded = "\n".join((self.exact, html.unescape(self.exact), unescaped)).casefold()

    def has(self, word: str) -> bool:
        return any(form in self.folded for form in forms(word)) or any(
            form in self.exact or form.replace("+", "-").replace("/", "_") in self.exact
            for form in base64_forms(word)
        )

    def leaks(self, words: dict[str, str]) -> list[tuple[str, str]]:
        return [(word, line) for word, line in words.items() if self.has(word)]

    def lacks(self, words: dict[str, str]) -> list[tuple[str, str]]:
        return [(word, line) for word, line in words.items() if word.casefold() not in self.folded]


def as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
