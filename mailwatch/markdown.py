"""Markdown of people into HTML that does nothing: no HTML of theirs, no images, links that tell nobody where from.

Notes quote log text, so whoever writes the log writes here too. Text that leaves the house passes ``through``
the redaction, as it is read and not as it is written: ``al**ice**@example.org`` is an address.
"""

import re
from collections.abc import Callable, Iterator, Sequence

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from mailwatch.printable import plain_lines

type Through = Callable[[str], str]

_HEADINGS = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h6", "h5": "h6", "h6": "h6"}
_TAGS = {
    "p", "br", "hr", "h3", "h4", "h5", "h6", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_BREAKS = ("softbreak", "hardbreak")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&-])")
_DEEPEST = 20  # quotes and lists within each other


def _reader() -> MarkdownIt:
    return (
        MarkdownIt("commonmark", {"html": False, "linkify": False, "maxNesting": _DEEPEST})
        .enable(["table", "strikethrough"])
        .disable(["image", "html_block", "html_inline"])
    )


def html(text: str, through: Through | None = None) -> SafeString:
    """The text as HTML of few tags."""
    reader = _reader()
    tokens = reader.parse(plain_lines(text.replace("\r\n", "\n")))
    for token in tokens:
        token.tag = _HEADINGS.get(token.tag, token.tag)
        if token.type in ("fence", "code_block"):
            token.info = ""
            token.content = through(token.content) if through else token.content
        elif token.type == "inline" and through is not None:
            token.children = _redacted(token.children or [], through)
    return clean(str(reader.renderer.render(tokens, reader.options, {})))


def clean(stored: str) -> SafeString:
    """HTML of ours that was stored, once more without anything that could do something."""
    return mark_safe(
        nh3.clean(
            stored,
            tags=_TAGS,
            attributes={"a": {"href"}, "ol": {"start"}, "*": set()},
            url_schemes={"http", "https", "mailto"},
            url_relative="deny",
            link_rel="noopener noreferrer nofollow",
        )
    )


def written(text: str) -> str:
    """Log text, or a sentence with some in it, as Markdown that shows it as it is."""
    return _SPECIAL.sub(r"\\\1", " ".join(plain_lines(text).split()))


def words(text: str, through: Through | None = None) -> str:
    """What a reader of the HTML reads, as plain text."""
    blocks = []
    for token in _reader().parse(plain_lines(text.replace("\r\n", "\n"))):
        if token.type == "inline":
            blocks.append(_visible(token.children or []))
        elif token.type in ("fence", "code_block"):
            blocks.append(token.content.rstrip("\n"))
    return "\n\n".join(through(block) if through else block for block in blocks)


def _redacted(children: Sequence[Token], through: Through) -> list[Token]:
    """Part by part where this hides all that is hidden in the whole; else the whole without its emphasis."""
    whole = through(_visible(children))
    parts = [_part(child, through) for child in children]
    if _visible(parts) == whole:
        return list(_links(parts, through))
    return [_text(whole)]


def _part(child: Token, through: Through) -> Token:
    if child.type in ("text", "code_inline"):
        return child.copy(content=through(child.content))
    return child


def _links(parts: Sequence[Token], through: Through) -> Iterator[Token]:
    """Links whose address tells something that is hidden are none any more; their words stay."""
    dropped = False
    for part in parts:
        if part.type == "link_open":
            dropped = through(str(part.attrs.get("href", ""))) != part.attrs.get("href", "")
        if not (dropped and part.type in ("link_open", "link_close")):
            yield part.copy(attrs={"href": part.attrs["href"]}) if part.type == "link_open" else part
        if part.type == "link_close":
            dropped = False


def _visible(children: Sequence[Token]) -> str:
    return "".join("\n" if child.type in _BREAKS else child.content for child in children)


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
