"""JSON Schema (2020-12, as OpenAPI 3.1 has it) of frozen dataclasses."""

from dataclasses import fields, is_dataclass
from inspect import getdoc
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAliasType, Union, get_args, get_origin, get_type_hints

type Schema = dict[str, Any]

_PLAIN: dict[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}


def schemas(*kinds: type) -> dict[str, Schema]:
    """The schemas of some dataclasses and of all that they are made of, by name."""
    known: dict[str, Schema] = {}
    for kind in kinds:
        _add(kind, known)
    return dict(sorted(known.items()))


def reference(kind: type) -> Schema:
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def _add(kind: type, known: dict[str, Schema]) -> None:
    if kind.__name__ in known:
        return
    hints = get_type_hints(kind, include_extras=True)
    names = [field.name for field in fields(kind)]
    schema: Schema = {"type": "object"}
    known[kind.__name__] = schema  # before its parts, which may hold it
    if (words := getdoc(kind)) and not words.startswith(f"{kind.__name__}("):
        schema["description"] = words
    schema["properties"] = {name: _of(hints[name], known) for name in names}
    schema["required"] = names
    schema["additionalProperties"] = False


def _of(hint: Any, known: dict[str, Schema]) -> Schema:
    if isinstance(hint, TypeAliasType):
        return _of(hint.__value__, known)
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return {**_of(parts[0], known), "description": parts[1]}
    if origin is Literal:
        return {"type": "string", "enum": list(parts)}
    if origin is tuple:
        return {"type": "array", "items": _of(parts[0], known)}
    if origin in (Union, UnionType):
        return _either([_of(part, known) for part in parts])
    if is_dataclass(hint) and isinstance(hint, type):
        _add(hint, known)
        return reference(hint)
    return {"type": _PLAIN[hint]}


def _either(schemas: list[Schema]) -> Schema:
    if all(schema.keys() == {"type"} for schema in schemas):
        return {"type": [schema["type"] for schema in schemas]}
    return {"anyOf": schemas}
