"""Every sentence that Mailwatch says, found where it is written.

Code names them: ``say``, ``say_of``, ``later`` and ``count`` of ``ingest``, Django's ``gettext`` and its kin in the
pages, ``gettext`` in scripts, ``translate`` and ``blocktranslate`` in templates. The glossary, the rules and
their thresholds are tables: each of their texts is a sentence.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from django.template.base import Node
from django.template.loader import get_template
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.utils.translation import trim_whitespace

from ingest.exim import meanings
from ingest.rules.rule import RULES
from ingest.rules.thresholds import THRESHOLDS

ROOT = Path(__file__).resolve().parents[1]
CODE = ("ingest", "mailwatch")

_ONE = frozenset({"say", "later", "gettext", "gettext_lazy", "gettext_noop", "_"})
_SEVERAL = frozenset({"ngettext", "ngettext_lazy"})
_OF_SCRIPTS = re.compile(r"""\bgettext\(\s*("(?:[^"\\]|\\.)*")""")


class Sentence(NamedTuple):
    """A sentence as it is looked up. ``plural``: of one whose words depend on a number."""

    text: str
    plural: str | None
    place: str  # the file, from the root of the project


def sentences() -> list[Sentence]:
    """All, in the order of their places."""
    found = [*_of_code(), *_of_tables(), *_of_templates(), *_of_scripts()]
    return sorted(set(found), key=lambda sentence: (sentence.place, sentence.text))


# --- code -----------------------------------------------------------------------------------------


def _of_code() -> Iterator[Sentence]:
    for package in CODE:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield from of_module(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))


def of_module(source: str, place: str) -> Iterator[Sentence]:
    """The sentences of one module. What is no constant there is a constant elsewhere, or a text of a table."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield from _of_call(node.func.id, node.args, place)


def _of_call(name: str, given: list[ast.expr], place: str) -> Iterator[Sentence]:
    words = [_constant(each) for each in given]
    if name in _ONE and words and words[0]:
        yield Sentence(words[0], None, place)
    elif name in _SEVERAL and len(words) > 2 and words[0] and words[1]:
        yield Sentence(words[0], words[1], place)
    elif name == "say_of" and len(words) > 2 and words[1] and words[2]:
        yield Sentence(words[1], words[2], place)
    elif name == "count" and len(words) > 1 and words[1]:
        many = (words[2] if len(words) > 2 else None) or words[1] + "s"
        yield Sentence(f"{{number:,}} {words[1]}", f"{{number:,}} {many}", place)


def _constant(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


# --- tables ---------------------------------------------------------------------------------------


def _of_tables() -> Iterator[Sentence]:
    for entry in meanings.ENTRIES:
        yield Sentence(entry.meaning, None, "ingest/exim/meanings")
    for rule in RULES.values():
        for text in (rule.title, rule.explanation, *rule.guards, *rule.next_steps):
            yield Sentence(text, None, f"ingest/rules/{_family(rule.code)}")
    for threshold in THRESHOLDS.values():
        yield Sentence(threshold.sentence, None, "ingest/rules/thresholds.py")


def _family(code: str) -> str:
    return "configuration" if code.startswith("X") else "rule"


# --- templates ------------------------------------------------------------------------------------


def _of_templates() -> Iterator[Sentence]:
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.suffix in (".html", ".txt"):
            yield from _of_template(path)


def _of_template(path: Path) -> Iterator[Sentence]:
    place = str(path.relative_to(ROOT))
    template = get_template(str(path.relative_to(ROOT / "templates"))).template  # type: ignore[attr-defined]
    for node in _nodes(template.nodelist):
        if isinstance(node, TranslateNode):
            yield Sentence(str(node.filter_expression.var.literal), None, place)
        elif isinstance(node, BlockTranslateNode):
            one = _block(node, node.singular)
            yield Sentence(one, _block(node, node.plural) if node.plural else None, place)


def _nodes(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        for name in (*node.child_nodelists, "nodelist"):
            yield from _nodes(getattr(node, name, ()))


def _block(node: BlockTranslateNode, tokens: list[Any]) -> str:
    text: str = node.render_token_list(tokens)[0]
    return trim_whitespace(text) if node.trimmed else text


# --- scripts --------------------------------------------------------------------------------------


def _of_scripts() -> Iterator[Sentence]:
    for path in sorted((ROOT / "static" / "js").glob("*.js")):
        for match in _OF_SCRIPTS.finditer(path.read_text(encoding="utf-8")):
            yield Sentence(ast.literal_eval(match[1]), None, str(path.relative_to(ROOT)))
