"""No page has a text that cannot be translated, neither one that is seen nor one that is read aloud."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[1] / "templates"

_NAMES = re.compile(r"\b(?:Mailwatch|CSV|JSON|TLS|HTML|Message-ID|UTC|Exim|IP|SHA|h|j|k|r|Esc|Enter)\b")
"""The same in every language: names of products and formats, keys."""
_MARKED = re.compile(
    r"\{%-?\s*(blocktranslate|blocktrans|comment)\b.*?\{%-?\s*end\1\s*%\}|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}",
    re.DOTALL,
)
_UNSEEN = re.compile(r"<(script|style|code|kbd)\b[^>]*>.*?</\1>", re.DOTALL)
_READ_ALOUD = re.compile(
    r"""\b(?:aria-label|aria-description|aria-placeholder|aria-roledescription|aria-valuetext|title|placeholder|alt"""
    r"""|label|data-label)=(?:"([^"]*)"|'([^']*)')"""
)
_INPUT_BUTTON = re.compile(r"""<input[^>]*type=["'](?:submit|button|reset)["'][^>]*\bvalue=["']([^"']*)""")
_IN_TAGS = re.compile(r"""\{%-?\s*(?:include|with|translate|cycle|firstof)\b.*?%\}|\{\{.*?\}\}""", re.DOTALL)
_TEXT_FILTERS = re.compile(
    r"""\|(?:default|default_if_none|add|yesno|join|pluralize):(?:"([^"]*)"|'([^']*)')"""
)
_GIVEN = re.compile(
    r"""\b(?:title|label|name|none|empty|text|caption|note|heading|words)=(?:"([^"]*)"|'([^']*)')"""
)
_LETTER = re.compile(r"[A-Za-z]")

_SAMPLES = {"T=  **  550 5.7.1  greylisted"}
"""What stands in a log."""


def _untranslated(template: str) -> Iterator[str]:
    """Texts with a letter outside of what is marked, and texts that are handed to another template or a filter."""
    bare = _UNSEEN.sub(" ", _MARKED.sub("\x00", template))
    read_aloud = [*_READ_ALOUD.finditer(bare), *_INPUT_BUTTON.finditer(bare)]
    texts = [next(filter(None, match.groups()), "") for match in read_aloud]
    texts += re.split(r"<[^>]*>", bare)
    for tag in _IN_TAGS.findall(template):
        given = [*_TEXT_FILTERS.finditer(tag)]
        if not tag.startswith("{{"):
            given += _GIVEN.finditer(tag) if "include" in tag else ()
        texts += [words for match in given if " " in (words := match[1] or match[2] or "")]
    for text in texts:
        said = unescape(text).replace("\x00", " ").strip()
        if said not in _SAMPLES and _LETTER.search(_NAMES.sub("", said)):
            yield said


@pytest.mark.parametrize(
    "path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES))
)
def test_every_text_of_a_template_is_marked_for_translation(path: Path) -> None:
    assert list(_untranslated(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("<p>All is well.</p>", ["All is well."]),
        ('<p>{% translate "All is well." %}</p>', []),
        ("<p>{% blocktranslate trimmed %}All <b>is</b> well.{% endblocktranslate %}</p>", []),
        ("<p>{{ number }} lines</p>", ["lines"]),
        ("<p>{% if number %}none{% endif %}</p>", ["none"]),
        ('<input placeholder="Search">', ["Search"]),
        ("""<input placeholder="{% translate 'Search' %}">""", []),
        ('<td data-label="Log host">{{ name }}</td>', ["Log host"]),
        ('<b aria-label="{{ name }} of all"></b>', ["of all"]),
        ('{{ name|default:"no name" }}', ["no name"]),
        ('{% include "a.html" with title="No title" only %}', ["No title"]),
        ("<code>exim -bp</code> <kbd>Enter</kbd> {# a remark #}", []),
        ("<a>Mailwatch</a> <a>CSV</a> · 12 &amp; &nbsp;", []),
    ],
)
def test_what_is_not_marked_is_found(template: str, found: list[str]) -> None:
    assert list(_untranslated(template)) == found
