"""Values as bytes, read back as nothing but the classes that are expected."""

import io
import pickle
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from functools import lru_cache
from typing import Any

_PROTOCOL = 5
_LEVEL = 1
_OF_PYTHON = (datetime, timedelta, timezone)

type Classes = Mapping[tuple[str, str], type]


def expected(classes: Iterable[type]) -> Classes:
    """The classes that bytes may hold, besides those of times, as ``read`` takes them."""
    return {(one.__module__, one.__qualname__): one for one in (*classes, *_OF_PYTHON)}


def written(value: object, classes: Classes) -> bytes:
    """A value made of plain things and of instances of these classes."""
    target = io.BytesIO()
    pickler = pickle.Pickler(target, _PROTOCOL)
    pickler.dispatch_table = {
        one: _by_value if issubclass(one, StrEnum) else _by_fields
        for one in classes.values()
        if issubclass(one, StrEnum) or is_dataclass(one)
    }
    pickler.dump(value)
    return zlib.compress(target.getvalue(), _LEVEL)


def _by_value(member: StrEnum) -> tuple[type, tuple[str]]:
    return type(member), (member.value,)


def _by_fields(value: Any) -> tuple[Any, tuple[type, list[Any]]]:
    """Dataclasses are many: what they would be read back with takes five times as long."""
    kind: Any = value.__class__
    return _made, (kind, [getattr(value, name) for name in _names(kind)])


def _made(kind: type, values: list[Any]) -> Any:
    made: Any = object.__new__(kind)
    for assign, value in zip(_assigning(kind), values, strict=True):
        assign(made, value)
    return made


@lru_cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@lru_cache
def _assigning(kind: Any) -> tuple[Callable[[Any, Any], None], ...]:
    """What sets each field of a frozen class with slots."""
    return tuple(getattr(kind, name).__set__ for name in _names(kind))


def read(state: bytes, classes: Classes) -> Any | None:
    """The value; None for bytes of another version, which may fail in any way."""
    try:
        return _Reader(state, classes).load()
    except Exception:
        return None


class _Reader(pickle.Unpickler):
    """Knows these classes only, so that bytes can build nothing else."""

    def __init__(self, state: bytes, classes: Classes) -> None:
        super().__init__(io.BytesIO(zlib.decompress(state)))
        self._classes = classes

    def find_class(self, module: str, name: str) -> Any:
        return _made if (module, name) == (__name__, _made.__name__) else self._classes[module, name]
